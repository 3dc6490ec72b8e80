"""Helpers of the fields that are decoded on demand."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar, TypeVarTuple

from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.record import Fields, Record

_LONGEST_REMEMBERED: Final = 256
_Others = TypeVarTuple("_Others")
_Answer = TypeVar("_Answer")


def remembered(
    entries: int,
) -> Callable[[Callable[[*_Others, bytes], _Answer]], Callable[[*_Others, bytes], _Answer]]:
    """Remember what a function says of bytes from the wire, its last argument: polls repeat.

    Long ones are read anew each time, so that nobody can fill the memory with them.
    """

    def decorate(read: Callable[[*_Others, bytes], _Answer]) -> Callable[[*_Others, bytes], _Answer]:
        known = lru_cache(maxsize=entries)(read)

        @wraps(read)
        def look(*arguments: *tuple[*_Others, bytes]) -> _Answer:
            octets: bytes = arguments[-1]
            return known(*arguments) if len(octets) <= _LONGEST_REMEMBERED else read(*arguments)

        return look

    return decorate


def fields_of(fill: Callable[[Record, Fields], None]) -> Callable[[Record], Fields]:
    """Make a record's `decode` out of a function that fills fields in.

    Whatever was filled in before the PDU turned out malformed is kept, and `malformed` says why it ends
    there.
    """

    def decode(record: Record) -> Fields:
        fields: Fields = {}
        try:
            fill(record, fields)
        except MalformedError as error:
            fields["malformed"] = str(error)
        return fields

    return decode


def text(octets: bytes) -> str:
    """Bytes from the wire as text that is safe to store: UTF-8 where it is, Latin-1 otherwise, without ending
    NULs."""
    octets = octets.rstrip(b"\0")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def bits(octets: bytes, count: int) -> list[int]:
    """The first `count` bits, least significant first, as 0 and 1."""
    return [octets[position >> 3] >> (position & 7) & 1 for position in range(min(count, len(octets) * 8))]
