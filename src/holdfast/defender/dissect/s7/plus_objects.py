"""Which objects of a controller an S7comm-plus request is about.

Numbers are written seven bits an octet, the highest first, with the top bit set on all but the last. Data
blocks have the identifiers from 0x8A0E0001 on; what lies in 0x8A000000 and above belongs to the program.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_GET_MULTI, _SET_MULTI = 0x054C, 0x0542
_ABOUT_ONE: Final = frozenset({0x04BB, 0x04D4, 0x04F2, 0x04FC, 0x0556, 0x056B, 0x0586, _SET_MULTI})
"""Functions whose data begin with the identifier of their object: Explore, Delete Object, Set Variable, …"""
_AREAS: Final = {80: "inputs", 81: "outputs", 82: "flags", 83: "counters", 84: "timers"}
_PROGRAM, _DATA_BLOCKS = 0x8A000000, 0x8A0E0000
HEAD: Final = 160
"""Bytes of a request's data that are looked at; a poll of many variables names the same blocks again."""
_MAXIMUM_ITEMS: Final = 64
_MAXIMUM_OCTETS: Final = 5


@lru_cache(maxsize=4096)
def objects_of(function: int, data: bytes) -> tuple[str, ...]:
    """The objects that a request names, each once; `data` follow the transport flags. Polls repeat, so they
    are remembered."""
    if len(data) < 4:
        return ()
    identifier = int.from_bytes(data[:4], "big")
    if function in _ABOUT_ONE and (identifier or function != _SET_MULTI):
        return (_name(identifier),)
    if function in (_GET_MULTI, _SET_MULTI):
        return _linked(identifier) if identifier else tuple(dict.fromkeys(_areas(data)))
    return ()


def is_block(name: str) -> bool:
    """Whether an object is a block of the program."""
    return name.startswith(("DB", "block "))


def _linked(identifier: int) -> tuple[str, ...]:
    return (f"list {identifier:#x}",)


def _name(identifier: int) -> str:
    if identifier & 0xFFFF0000 == _DATA_BLOCKS:
        return f"DB{identifier & 0xFFFF}"
    if identifier >= _PROGRAM and identifier >> 24 == _PROGRAM >> 24:
        return f"block {identifier:#x}"
    return _AREAS.get(identifier, f"object {identifier:#x}")


def _areas(data: bytes) -> list[str]:
    """The area of each item: checksum of its symbol, area, and the path within."""
    found: list[str] = []
    try:
        items, position = _number(data, 4)
        _, position = _number(data, position)
        for _ in range(min(items, _MAXIMUM_ITEMS)):
            _, position = _number(data, position)
            area, position = _number(data, position)
            found.append(_name(area))
            steps, position = _number(data, position)
            for _ in range(min(steps, _MAXIMUM_ITEMS)):
                _, position = _number(data, position)
    except IndexError:
        pass  # what follows lies behind the bytes that are looked at
    return found


def _number(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for _ in range(_MAXIMUM_OCTETS):
        octet = data[position]
        position += 1
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            break
    return value, position
