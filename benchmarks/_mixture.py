"""The mixed capture of the benchmarks: public captures again and again, each time as new conversations.

A copy of a capture has its time moved on and other client ports, so that no segment repeats what an earlier
copy said: retransmissions, which cost next to nothing, are as many as the captures themselves have.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from tests.support.shared import shared
from tests.support.traffic.cases.registry import CASES
from tests.support.traffic.wire import Wire

from holdfast.defender.dissect.registry import DISSECTORS
from holdfast.defender.pipeline import Batch, analyze

_FILE_HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
_ETHERNET = 1
_APART = 600_000_000_000
"""Nanoseconds between two copies."""
_SERVICES = frozenset(port for each in DISSECTORS for port in (*each.tcp, *each.udp))
_TAGS = frozenset({b"\x81\x00", b"\x88\xa8"})
_TCP_OR_UDP = frozenset({6, 17})
_FIRST_FREE = 1024
_STRIDE = 1_777
"""By how much a client's port moves on from copy to copy."""

Frames = list[tuple[int, bytes]]
"""Nanoseconds since the Unix epoch, and the packet."""


class Collector:
    """Takes the packets of a capture for the mixed file."""

    def __init__(self) -> None:
        self.frames: Frames = []

    def consume(self, batch: Batch) -> None:
        packets = batch.packets.read(len(self.frames) + 1, batch.frame)
        self.frames += [(packet.time, packet.data) for packet in packets if packet.link_type == _ETHERNET]

    def finish(self) -> None:
        pass


def captured() -> Iterator[Frames]:
    """The frames of every capture, or of our own traffic where there is none."""
    folder = shared("captures")
    if folder is None:
        for case in CASES:
            wire = Wire()
            case.benign(wire)
            yield [(int(moment * 1e9), frame) for moment, frame in wire.frames]
        return
    for path in sorted(each for each in folder.rglob("*") if each.suffix in {".pcap", ".pcapng"}):
        collector = Collector()
        analyze([path], [collector])
        if collector.frames:
            yield collector.frames


def mix(path: Path, size: int) -> int:
    """Write a mixed file of at least `size` bytes; how many packets it has."""
    sources = list(captured())
    octets, copy, packets = 0, 0, 0
    with path.open("wb") as stream:
        stream.write(_FILE_HEADER)
        while octets < size:
            now = 1_700_000_000_000_000_000 + copy * _APART
            for frames in sources:
                begin = frames[0][0]
                for moment, data in frames:
                    stamp = now + max(0, moment - begin) % _APART
                    stream.write(struct.pack("<IIII", *divmod(stamp, 1_000_000_000), len(data), len(data)))
                    stream.write(anew(data, copy))
                octets += sum(len(data) + 16 for _moment, data in frames)
                packets += len(frames)
            copy += 1
    return packets


def anew(frame: bytes, copy: int) -> bytes:
    """The frame with the client's port of the so-and-so-many-th copy; checksums stay as they were."""
    at = _ports_at(frame)
    if at is None or not copy:
        return frame
    ports = list(struct.unpack_from(">HH", frame, at))
    client = _client(ports[0], ports[1])
    if client is None:
        return frame
    span = 65_536 - _FIRST_FREE
    ports[client] = _FIRST_FREE + (ports[client] - _FIRST_FREE + copy * _STRIDE) % span
    return frame[:at] + struct.pack(">HH", *ports) + frame[at + 4 :]


def _ports_at(frame: bytes) -> int | None:
    """Where the ports of TCP or UDP stand; None where there are none (later fragments have none)."""
    at = 12
    while frame[at : at + 2] in _TAGS:
        at += 4
    network = at + 2
    if frame[at:network] == b"\x08\x00" and len(frame) >= network + 24:
        later = int.from_bytes(frame[network + 6 : network + 8], "big") & 0x1FFF
        found = not later and frame[network + 9] in _TCP_OR_UDP
        return network + (frame[network] & 0x0F) * 4 if found else None
    if frame[at:network] == b"\x86\xdd" and len(frame) >= network + 44 and frame[network + 6] in _TCP_OR_UDP:
        return network + 40
    return None


def _client(source: int, destination: int) -> int | None:
    """Which of both ports is the client's, 0 or 1: not the service's, or the higher one."""
    served = source in _SERVICES, destination in _SERVICES
    if source == destination or all(served):
        return None
    if any(served):
        return served.index(False)
    return int(destination > source)
