"""The classic capture format of libpcap (draft-ietf-opsawg-pcap), in both byte orders and both
resolutions."""

import struct
from collections.abc import Callable
from typing import Final

from holdfast.defender.capture.packets import MAXIMUM_PACKET, Block

FILE_HEADER_LENGTH: Final = 24

_MICROSECOND: Final = 1_000
_VARIANTS: Final = {
    # magic as it stands in the file: byte order, nanoseconds a unit of the fraction, bytes of a packet header
    b"\xd4\xc3\xb2\xa1": ("<", _MICROSECOND, 16),
    b"\xa1\xb2\xc3\xd4": (">", _MICROSECOND, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1, 16),
    b"\x34\xcd\xb2\xa1": ("<", _MICROSECOND, 24),  # "modified" pcap of old Linux distributions
    b"\xa1\xb2\xcd\x34": (">", _MICROSECOND, 24),
}
MAGICS: Final = frozenset(_VARIANTS)


class PcapIndexer:
    """Finds the packets in consecutive pieces of a pcap file."""

    def __init__(self, header: bytes) -> None:
        """`header` is the file's first 24 bytes, with one of `MAGICS` in front."""
        order, self._scale, self._header_length = _VARIANTS[header[:4]]
        unpack: Callable[[bytes, int], tuple[int, int, int, int]] = struct.Struct(order + "IIII").unpack_from
        self._unpack = unpack
        (link_type,) = struct.unpack_from(order + "I", header, 20)
        self._link_type: int = link_type & 0xFFFF  # the upper bits say whether frames keep their checksum
        self.damage = ""

    def index(self, data: bytes, position: int) -> tuple[list[Block], int]:
        """The whole packets of `data` from `position` on, and where the first incomplete one begins.

        `damage` is set when the bytes there cannot be a packet. A length on the wire that cannot be is not
        believed; the packet then counts as whole.
        """
        unpack, scale, header_length = self._unpack, self._scale, self._header_length
        size = len(data)
        last_header = size - header_length
        packets: list[tuple[int, int, int, int]] = []
        second = nanoseconds = 0
        append = packets.append
        while position <= last_header:
            seconds, fraction, captured, wire = unpack(data, position)
            if not captured <= wire <= MAXIMUM_PACKET:
                if captured > MAXIMUM_PACKET:
                    self.damage = f"a packet of {captured} bytes is announced"
                    break
                wire = captured
            start = position + header_length
            end = start + captured
            if end > size:
                break
            if seconds != second:
                second, nanoseconds = seconds, seconds * 1_000_000_000
            append((nanoseconds + fraction * scale, start, end, wire))
            position = end
        return ([Block(data, packets, self._link_type)] if packets else []), position
