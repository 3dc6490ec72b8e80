"""The pcapng capture format (draft-ietf-opsawg-pcapng): sections, interfaces, packets."""

import math
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from holdfast.defender.capture.packets import LATEST, MAXIMUM_PACKET, Block

MAGIC: Final = b"\x0a\x0d\x0d\x0a"
_LITTLE_ENDIAN: Final = b"\x4d\x3c\x2b\x1a"
_BIG_ENDIAN: Final = b"\x1a\x2b\x3c\x4d"

_SECTION_HEADER: Final = 0x0A0D0D0A
_INTERFACE_DESCRIPTION: Final = 1
_OBSOLETE_PACKET: Final = 2
_SIMPLE_PACKET: Final = 3
_ENHANCED_PACKET: Final = 6

_OPTION_RESOLUTION: Final = 9  # if_tsresol
_OPTION_OFFSET: Final = 14  # if_tsoffset, seconds
_MAXIMUM_BLOCK: Final = 16 * 1024 * 1024
_MAXIMUM_INTERFACES: Final = 4096
_SECOND: Final = 1_000_000_000


class _Interface(NamedTuple):
    link_type: int
    snap_length: int
    multiplier: int
    """Nanoseconds are `units * multiplier // divisor + offset`."""
    divisor: int
    offset: int


class PcapngIndexer:
    """Finds the packets in consecutive pieces of a pcapng file."""

    def __init__(self) -> None:
        self._interfaces: list[_Interface] = []
        self._use_order("<")
        self.damage = ""

    def index(self, data: bytes, position: int) -> tuple[list[Block], int]:
        """The whole packets of `data` from `position` on, and where the first incomplete block begins.

        Packets of interfaces with different link types come in different blocks. `damage` is set when the
        bytes at the returned position cannot be a block. A length on the wire that cannot be is not
        believed; the packet then counts as whole.
        """
        blocks: list[Block] = []
        size = len(data)
        while True:
            position = self._enhanced_packets(data, position, blocks)
            length = self._block_length(data, position) if position + 12 <= size else 0
            if not length or position + length > size:
                return blocks, position
            self._take(data, position, length, blocks)
            if self.damage:
                return blocks, position
            position += length

    def _enhanced_packets(self, data: bytes, position: int, blocks: list[Block]) -> int:
        """The fast path: packet after packet of described interfaces. Stops at whatever else comes."""
        unpack, interfaces, described = self._enhanced, self._interfaces, len(self._interfaces)
        link_type, append = -1, None
        size = len(data)
        while position + 32 <= size:
            kind, length, number, high, low, captured, wire = unpack(data, position)
            start = position + 28
            following = position + length
            if kind != _ENHANCED_PACKET or number >= described or following > size or captured + 32 > length:
                break
            interface = interfaces[number]
            _, _, multiplier, divisor, offset = interface
            time = ((high << 32) | low) * multiplier // divisor + offset
            if not captured <= wire <= MAXIMUM_PACKET:
                wire = captured
            if not 0 <= time <= LATEST or wire > MAXIMUM_PACKET:
                break  # the general way says what is wrong
            if interface[0] != link_type or append is None:
                link_type = interface[0]
                append = _block_for(link_type, data, blocks).packets.append
            append((time, start, start + captured, wire))
            position = following + (-length & 3)
        return position

    def _block_length(self, data: bytes, position: int) -> int:
        """Of the block at `position`, padding included; 0 when there cannot be one."""
        if data[position : position + 4] == MAGIC:
            self._begin_section(data[position + 8 : position + 12])
        length: int = struct.unpack_from(self._order + "I", data, position + 4)[0]
        if length < 12 or length > _MAXIMUM_BLOCK:
            self.damage = self.damage or f"a block of {length} bytes is announced"
            return 0
        return (length + 3) & ~3

    def _begin_section(self, byte_order: bytes) -> None:
        if byte_order not in (_LITTLE_ENDIAN, _BIG_ENDIAN):
            self.damage = "a section begins without its byte order"
            return
        self._use_order("<" if byte_order == _LITTLE_ENDIAN else ">")

    def _use_order(self, order: str) -> None:
        self._order = order
        self._enhanced = struct.Struct(order + "IIIIIII").unpack_from

    def _take(self, data: bytes, position: int, length: int, blocks: list[Block]) -> None:
        kind: int = struct.unpack_from(self._order + "I", data, position)[0]
        if kind == _SECTION_HEADER:
            self._interfaces = []
        elif kind == _INTERFACE_DESCRIPTION and length >= 20:
            self._interface(data[position + 8 : position + length - 4])
        elif kind == _SIMPLE_PACKET and length >= 16:
            self._simple_packet(data, position, length, blocks)
        elif kind == _ENHANCED_PACKET and length >= 32:
            self._timed_packet(data, position, length, "I", blocks)
        elif kind == _OBSOLETE_PACKET and length >= 32:
            self._timed_packet(data, position, length, "Hxx", blocks)

    def _timed_packet(
        self, data: bytes, position: int, length: int, number_format: str, blocks: list[Block]
    ) -> None:
        layout = self._order + number_format + "IIII"
        number, high, low, captured, wire = struct.unpack_from(layout, data, position + 8)
        room = (position + 28, position + length - 4)
        self._packet(data, room, number, (high << 32) | low, captured, wire, blocks)

    def _simple_packet(self, data: bytes, position: int, length: int, blocks: list[Block]) -> None:
        (wire,) = struct.unpack_from(self._order + "I", data, position + 8)
        room = length - 16
        captured = min(wire, room)
        if self._interfaces and self._interfaces[0].snap_length:
            captured = min(captured, self._interfaces[0].snap_length)
        self._packet(data, (position + 12, position + length - 4), 0, 0, captured, wire, blocks)

    def _packet(
        self,
        data: bytes,
        room: tuple[int, int],
        number: int,
        units: int,
        captured: int,
        wire: int,
        blocks: list[Block],
    ) -> None:
        start = room[0]
        if number >= len(self._interfaces):
            self.damage = f"a packet names interface {number}, which was not described"
            return
        if captured > room[1] - start or captured > MAXIMUM_PACKET:
            self.damage = f"a packet of {captured} bytes does not fit its block"
            return
        if not captured <= wire <= MAXIMUM_PACKET:
            wire = captured
        link_type, _, multiplier, divisor, offset = self._interfaces[number]
        time = units * multiplier // divisor + offset
        if not 0 <= time <= LATEST:
            self.damage = "a packet's time is centuries away"
            return
        _block_for(link_type, data, blocks).packets.append((time, start, start + captured, wire))

    def _interface(self, body: bytes) -> None:
        if len(self._interfaces) >= _MAXIMUM_INTERFACES:
            self.damage = f"more than {_MAXIMUM_INTERFACES} interfaces are described"
            return
        link_type, snap_length = struct.unpack_from(self._order + "HxxI", body)
        multiplier, divisor, offset = _SECOND, 1_000_000, 0
        for code, value in self._options(body[8:]):
            if code == _OPTION_RESOLUTION and value:
                exponent = value[0] & 0x7F
                divisor = 1 << exponent if value[0] & 0x80 else 10**exponent
            elif code == _OPTION_OFFSET and len(value) == 8:
                offset = struct.unpack(self._order + "q", value)[0] * _SECOND
        common = math.gcd(multiplier, divisor)
        self._interfaces.append(
            _Interface(link_type, snap_length, multiplier // common, divisor // common, offset)
        )

    def _options(self, body: bytes) -> Iterator[tuple[int, bytes]]:
        position = 0
        while position + 4 <= len(body):
            code, length = struct.unpack_from(self._order + "HH", body, position)
            if code == 0:
                return
            yield code, body[position + 4 : position + 4 + length]
            position += 4 + ((length + 3) & ~3)


def _block_for(link_type: int, data: bytes, blocks: list[Block]) -> Block:
    """The last block when it has this link type, or a new one behind it."""
    if not blocks or blocks[-1].link_type != link_type:
        blocks.append(Block(data, [], link_type))
    return blocks[-1]
