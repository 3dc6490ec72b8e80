"""Raw packets: what readers hand to the flow table, and what slices are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from holdfast.defender.record import Record

MAXIMUM_PACKET: Final = 262_144
"""Longest packet that is believed, in bytes; the limit of libpcap and Wireshark too."""
LATEST: Final = (1 << 63) - 1
"""Latest time of a packet that is believed, in nanoseconds: the year 2262."""


class Block(NamedTuple):
    """Some consecutive packets of a capture in one piece of memory: the unit that the hot path works on."""

    data: bytes
    packets: list[tuple[int, int, int, int]]
    """A packet each: time (nanoseconds since the Unix epoch), start and end in `data`, length on the wire."""
    link_type: int
    """LINKTYPE value of all of them (1: Ethernet)."""


class Packet(NamedTuple):
    """One captured packet with its bytes, for slices and tests; never made on the hot path."""

    frame: int
    """Number of the frame, counted from 1 over the whole run."""
    time: int
    """Nanoseconds since the Unix epoch."""
    link_type: int
    """LINKTYPE value of the capture (1: Ethernet)."""
    wire_length: int
    """Bytes on the wire; more than `len(data)` when the capture cut the packet."""
    data: bytes


class PacketArchive(Protocol):
    """Gives recently captured packets back by frame number."""

    def read(self, first: int, last: int) -> Sequence[Packet]:
        """The packets with frame numbers `first` to `last`; those that are no longer there are left out."""
        ...

    def conversation(self, record: Record, before: int = 20, after: int = 20) -> Sequence[Packet]:
        """The packet behind `record` with up to so many earlier and later packets between the same two.

        Packets after the record are there once their batch was read. `capture.writer.pcap_bytes` makes a file
        of them.
        """
        ...
