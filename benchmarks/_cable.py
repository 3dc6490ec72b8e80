"""Within a network namespace: sends packets over a veth pair while a sensor listens. See `live`."""

import multiprocessing
import socket
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

from tests.support.traffic.cable import MIRROR, SENDER, lay_cable

from benchmarks._mixture import captured
from holdfast.defender.capture.live import LiveCapture
from holdfast.defender.collecting import rare_collections
from holdfast.defender.pipeline import Pipeline
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings

RATES = (25_000, 50_000, 75_000, 100_000, 125_000, 150_000, 200_000, 250_000)
SECONDS = 10
LAG_SECONDS = 1.0
"""Within this after it was sent, the last packet must be heard."""
_TICK = 0.01
_LAST = b"\xff" * 12 + b"\x88\xb5" + bytes(46)
"""The local experimental EtherType marks the end."""
_SHORTEST, _LONGEST = 14, 1514


class Heard(NamedTuple):
    """What one run came to."""

    packets: int
    dropped: int
    finished: float
    """Monotonic seconds when the last packet was through."""


def listen(pipe: Connection) -> None:
    """Capture with everything on until the last packet came."""
    pipeline = Pipeline([Sensor(SensorSettings())])
    packets = 0
    with LiveCapture(MIRROR) as capture, rare_collections():
        pipe.send(None)
        for block in capture.blocks(0.1):
            pipeline.feed(block)
            packets += len(block.packets)
            if block.data.endswith(_LAST):
                pipeline.flush()
                break
        pipe.send(Heard(packets, capture.dropped, time.monotonic()))


class Sent(NamedTuple):
    """What was put on the cable."""

    packets: int
    rate: float
    """Packets a second that were reached."""
    finished: float
    """Monotonic seconds when the last packet was sent."""


def send(frames: Sequence[bytes], rate: int) -> Sent:
    """Send at a steady rate, and the mark at the end."""
    batch, sent, size = int(rate * _TICK), 0, len(frames)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((SENDER, 0))
        begin = time.monotonic()
        for tick in range(int(SECONDS / _TICK)):
            for _ in range(batch):
                wire.send(frames[sent % size])
                sent += 1
            time.sleep(max(0.0, begin + (tick + 1) * _TICK - time.monotonic()))
        reached = sent / (time.monotonic() - begin)
        wire.send(_LAST)
        return Sent(sent + 1, reached, time.monotonic())


def attempt(frames: Sequence[bytes], rate: int) -> bool:
    """One rate, printed; whether it was held."""
    here, there = multiprocessing.Pipe()
    sensor = multiprocessing.get_context("fork").Process(target=listen, args=(there,), daemon=True)
    sensor.start()
    here.recv()
    sent = send(frames, rate)
    heard: Heard | None = here.recv() if here.poll(60) else None
    sensor.terminate()
    sensor.join()
    if heard is None:
        print(f"  {sent.rate:>9,.0f} packets/s: not through after a minute")
        return False
    lost, lag = sent.packets - heard.packets, heard.finished - sent.finished
    held = not lost and not heard.dropped and lag <= LAG_SECONDS
    state = "held" if held else "NOT held"
    print(f"  {sent.rate:>9,.0f} packets/s: {lost:,} lost, last one heard after {lag:.2f} s: {state}")
    return held


def main() -> None:
    """Send at growing rates until one is not held."""
    lay_cable()
    frames = [frame for each in captured() for _, frame in each if _SHORTEST <= len(frame) <= _LONGEST]
    print(f"  {len(frames):,} different packets, {SECONDS} s a rate, everything on")
    for rate in RATES:
        if not attempt(frames, rate):
            return


if __name__ == "__main__":
    main()
