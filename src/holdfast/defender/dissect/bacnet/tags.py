"""BACnet's tagged values (ASHRAE 135, section 20.2)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from holdfast.defender.dissect.bacnet.names import object_type_name
from holdfast.defender.dissect.decoding import text
from holdfast.defender.dissect.reader import Reader

OPENING, CLOSING = 6, 7
_NULL, _BOOLEAN, _UNSIGNED, _SIGNED, _REAL, _DOUBLE, _OCTETS, _CHARACTERS = range(8)
_BITS, _ENUMERATED, _DATE, _TIME, _OBJECT_IDENTIFIER = range(8, 13)

Value = bool | int | float | str | None


class Tag(NamedTuple):
    """One tag with its value."""

    number: int
    context: bool
    """Whether the number is one of the service's own; else it names a primitive type."""
    kind: int
    """`OPENING`, `CLOSING`, or what the length bits say (a Boolean's value)."""
    octets: bytes

    @property
    def is_opening(self) -> bool:
        """Whether tagged values follow up to a closing tag."""
        return self.context and self.kind == OPENING

    @property
    def is_closing(self) -> bool:
        """Whether this ends what an opening tag began."""
        return self.context and self.kind == CLOSING

    @property
    def unsigned(self) -> int:
        """The octets as a number."""
        return int.from_bytes(self.octets, "big")


def read_tag(reader: Reader) -> Tag:
    """The next tag. Raises `MalformedError` when it is cut."""
    first = reader.u8()
    number, context, kind = first >> 4, bool(first & 0x08), first & 7
    if number == 15:
        number = reader.u8()
    if context and kind in (OPENING, CLOSING):
        return Tag(number, context, kind, b"")
    if not context and number == _BOOLEAN:
        return Tag(number, context, kind, b"")
    length = kind
    if kind == 5:
        length = reader.u8()
        if length == 254:
            length = reader.u16()
        elif length == 255:
            length = reader.u32()
    return Tag(number, context, kind if kind < OPENING else 0, reader.take(length))


def object_identifier(octets: bytes) -> tuple[int, int]:
    """Type and instance number."""
    value = int.from_bytes(octets, "big")
    return value >> 22, value & 0x3F_FFFF


def primitive(tag: Tag) -> Value:
    """An application-tagged value. Dates, times, bits and identifiers are text as ICSNPP prints it."""
    octets = tag.octets
    if tag.number == _NULL:
        return None
    if tag.number == _BOOLEAN:
        return bool(tag.kind)
    if tag.number in (_UNSIGNED, _ENUMERATED):
        return int.from_bytes(octets, "big")
    if tag.number == _SIGNED:
        return int.from_bytes(octets, "big", signed=True)
    if tag.number == _REAL and len(octets) == 4:
        return float(struct.unpack(">f", octets)[0])
    if tag.number == _DOUBLE and len(octets) == 8:
        return float(struct.unpack(">d", octets)[0])
    return _textual(tag.number, octets)


def _textual(number: int, octets: bytes) -> str:
    if number == _CHARACTERS:
        return characters(octets)
    if number == _BITS:
        return "".join("T" if octet >> bit & 1 else "F" for octet in octets[1:] for bit in range(7, -1, -1))
    if number == _DATE and len(octets) == 4:
        return f"{octets[1]}/{octets[2]}/{octets[0] + 1900}"
    if number == _TIME and len(octets) == 4:
        return f"{octets[0]}:{octets[1]}:{octets[2]}.{octets[3]}"
    if number == _OBJECT_IDENTIFIER and len(octets) == 4:
        kind, instance = object_identifier(octets)
        return f"{object_type_name(kind)}: {instance}"
    return octets.hex()


def characters(octets: bytes) -> str:
    """A character string: its first byte names the character set (0: UTF-8, 4: UCS-2, 5: Latin-1)."""
    if not octets:
        return ""
    if octets[0] == 4:
        return octets[1:].decode("utf-16-be", "replace")
    return text(octets[1:])


def is_enumerated(tag: Tag) -> bool:
    """Whether an application tag holds an enumerated value."""
    return not tag.context and tag.number == _ENUMERATED
