"""Memory of a sensor that watches a large plant: 12,000 assets, a million conversations.

Masters poll controllers over Modbus/TCP, and each poll opens a connection of its own: the worst habit for a
sensor. A process of its own hears it with everything on; the figures are taken at a tenth and at the end, so
that growth shows. There is no peer: tshark and Suricata keep no inventory.
"""

import multiprocessing
import resource
import struct
import time
from collections.abc import Iterator

from tests.support.traffic import modbus
from tests.support.traffic.wire import ACK, PSH, SYN

from holdfast.defender.capture.packets import Block
from holdfast.defender.collecting import rare_collections
from holdfast.defender.pipeline import Pipeline
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings

CONTROLLERS = 10_000
MASTERS = 2_000
FLOWS = 1_000_000
FLOW_NANOSECONDS = 1_000_000
"""Between two new conversations: a thousand a second."""
_FLOWS_A_BLOCK = 500
_BEGIN = 1_790_000_000 * 1_000_000_000
_HEADERS = struct.Struct(">6s6sHBBHHHBBH4s4sHHIIBBHHH")
_LIMIT = 1024 * 1024 * 1024

Shot = tuple[int, int, int, int, float]
"""Conversations so far, assets, alerts, bytes of memory at most, CPU seconds."""


def _frame(source: int, destination: int, ports: tuple[int, int], flags: int, payload: bytes) -> bytes:
    """A TCP segment between two hosts, which are numbers in 10.0.0.0/8."""
    ends = struct.pack(">I", 0x0A000000 | source), struct.pack(">I", 0x0A000000 | destination)
    macs = b"\x02\x00" + ends[1], b"\x02\x00" + ends[0]
    sequence = 1000 if flags & SYN else 1001
    internet = (0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0)
    transport = (sequence, 1001, 0x50, flags, 8192, 0, 0)
    return _HEADERS.pack(*macs, 0x0800, *internet, *ends, *ports, *transport) + payload


def _poll(number: int) -> list[bytes]:
    """The packets of one conversation: handshake, a request, its answer."""
    controller = number % CONTROLLERS
    master, served = CONTROLLERS + controller % MASTERS, controller
    out, back = (20_000 + number // CONTROLLERS, 502), (502, 20_000 + number // CONTROLLERS)
    request, answer = modbus.frame(modbus.read()), modbus.frame(modbus.registers())
    return [
        _frame(master, served, out, SYN, b""),
        _frame(served, master, back, SYN | ACK, b""),
        _frame(master, served, out, ACK, b""),
        _frame(master, served, out, PSH | ACK, request),
        _frame(served, master, back, PSH | ACK, answer),
    ]


def blocks() -> Iterator[Block]:
    """The plant's traffic."""
    for first in range(0, FLOWS, _FLOWS_A_BLOCK):
        data, packets = bytearray(), []
        for number in range(first, first + _FLOWS_A_BLOCK):
            for frame in _poll(number):
                packets.append(
                    (_BEGIN + number * FLOW_NANOSECONDS, len(data), len(data) + len(frame), len(frame))
                )
                data += frame
        yield Block(bytes(data), packets, 1)


def hear() -> list[Shot]:
    """Give the plant's traffic to a sensor; the figures on the way."""
    sensor = Sensor(SensorSettings())
    pipeline = Pipeline([sensor])
    shots = []
    spent = 0.0
    with rare_collections():
        for number, block in enumerate(blocks(), 1):
            begin = time.process_time()
            pipeline.feed(block)
            spent += time.process_time() - begin
            if number * _FLOWS_A_BLOCK in {FLOWS // 10, FLOWS}:
                shots.append(_shot(number * _FLOWS_A_BLOCK, sensor, spent))
        pipeline.finish()
    shots[-1] = _shot(FLOWS, sensor, spent)
    return shots


def _shot(flows: int, sensor: Sensor, seconds: float) -> Shot:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return flows, len(sensor.inventory), len(sensor.alerts), memory, seconds


def main() -> None:
    """Print memory at a tenth of the conversations and after all of them."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for flows, assets, alerts, memory, seconds in pool.apply(hear):
            print(
                f"  {flows:>9,} conversations, {assets:,} assets, {alerts:,} alerts: {memory / 1e6:,.0f} MB, "
                f"{seconds / flows * 1e6:.1f} µs of CPU a conversation of 5 packets"
            )
            fits = memory < _LIMIT
    print(f"  {'within' if fits else 'MORE THAN'} 1 GB")


if __name__ == "__main__":
    main()
