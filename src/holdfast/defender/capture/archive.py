"""The packets of the last moments, kept for the slices that alerts carry."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from holdfast.defender.capture.packets import Block, Packet
from holdfast.defender.flows.addresses import header_marks
from holdfast.defender.record import Record

DEFAULT_CAPACITY: Final = 16 * 1024 * 1024
_HORIZON: Final = 4096
"""Frames before and behind a record among which its conversation is looked for."""
_HEADERS: Final = 160
"""Bytes of a packet in which its addresses stand, tunnels included."""


class _Kept(NamedTuple):
    first: int
    """Frame number of the first packet."""
    block: Block


class RecentPackets:
    """A `PacketArchive` over the newest blocks: bounded by bytes of packets, oldest out first."""

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._capacity = capacity
        self._kept: deque[_Kept] = deque()
        self._octets = 0

    def add(self, first: int, block: Block) -> None:
        """Keep `block`, whose first packet has the frame number `first`."""
        self._kept.append(_Kept(first, block))
        self._octets += _span(block)
        while self._octets > self._capacity and len(self._kept) > 1:
            self._octets -= _span(self._kept.popleft().block)

    def read(self, first: int, last: int) -> Sequence[Packet]:
        """See `PacketArchive.read`."""
        return [packet for packet in self._forward(first) if packet.frame <= last]

    def conversation(self, record: Record, before: int = 20, after: int = 20) -> Sequence[Packet]:
        """See `PacketArchive.conversation`. Looks at most `_HORIZON` frames away."""
        there, back = header_marks(record.direction)
        earlier = deque[Packet](maxlen=max(before, 0))
        behind: list[Packet] = []
        later: list[Packet] = []
        for packet in self._forward(record.frame - _HORIZON):
            if packet.frame == record.frame:
                behind.append(packet)
            elif packet.frame > record.frame + _HORIZON or (
                packet.frame > record.frame and len(later) >= after
            ):
                break
            elif there in packet.data[:_HEADERS] or back in packet.data[:_HEADERS]:
                (earlier if packet.frame < record.frame else later).append(packet)
        return [*earlier, *behind, *later] if behind else []

    def _forward(self, first: int) -> Iterator[Packet]:
        for start, (data, packets, link_type) in self._kept:
            for offset in range(min(max(first - start, 0), len(packets)), len(packets)):
                time, begin, end, wire = packets[offset]
                yield Packet(start + offset, time, link_type, wire, data[begin:end])


def _span(block: Block) -> int:
    return block.packets[-1][2] - block.packets[0][1]
