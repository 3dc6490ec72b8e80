"""Packets as a pcap file."""

import struct
from collections.abc import Iterable

from holdfast.defender.capture.packets import MAXIMUM_PACKET, Packet

_FILE_HEADER = struct.Struct("<IHHiIII")
_PACKET_HEADER = struct.Struct("<IIII")
_NANOSECOND_MAGIC = 0xA1B23C4D
_SECOND = 1_000_000_000
_ETHERNET = 1


def pcap_bytes(packets: Iterable[Packet]) -> bytes:
    """A pcap file with nanosecond stamps. The link type is the first packet's; packets of others are left
    out."""
    chosen = list(packets)
    link_type = chosen[0].link_type if chosen else _ETHERNET
    parts = [_FILE_HEADER.pack(_NANOSECOND_MAGIC, 2, 4, 0, 0, MAXIMUM_PACKET, link_type)]
    for packet in chosen:
        if packet.link_type == link_type:
            seconds, fraction = divmod(packet.time, _SECOND)
            parts.append(_PACKET_HEADER.pack(seconds, fraction, len(packet.data), packet.wire_length))
            parts.append(packet.data)
    return b"".join(parts)
