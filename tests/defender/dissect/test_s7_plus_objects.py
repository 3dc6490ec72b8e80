"""Objects that S7comm-plus requests name."""

import pytest

from holdfast.defender.dissect.s7.plus_objects import is_block, objects_of
from tests.support.traffic.s7 import plus_items

GET_MULTI, SET_MULTI, EXPLORE = 0x054C, 0x0542, 0x04BB


@pytest.mark.parametrize(
    ("function", "data", "objects"),
    [
        (EXPLORE, bytes.fromhex("8a0e0007"), ("DB7",)),
        (EXPLORE, bytes.fromhex("8a110001"), ("block 0x8a110001",)),
        (EXPLORE, bytes.fromhex("70000e51"), ("object 0x70000e51",)),
        (SET_MULTI, bytes.fromhex("000003860303"), ("object 0x386",)),
        (SET_MULTI, bytes(4) + plus_items(3), ("DB3",)),
        (GET_MULTI, bytes(4) + plus_items(1, 6, 1), ("DB1", "DB6")),
        (GET_MULTI, bytes.fromhex("00000000030e0032019a7b0052024901"), ("object 0x32", "flags")),
        (GET_MULTI, bytes.fromhex("00000386"), ("list 0x386",)),
        (GET_MULTI, b"\0\0", ()),
        (0x04CA, bytes.fromhex("00000120"), ()),
    ],
)
def test_objects_are_named_once(function: int, data: bytes, objects: tuple[str, ...]) -> None:
    assert objects_of(function, data) == objects


def test_blocks_of_the_program_are_told_from_other_objects() -> None:
    assert [is_block(name) for name in ("DB1", "block 0x8a110001", "flags", "object 0x32")] == [
        True,
        True,
        False,
        False,
    ]
