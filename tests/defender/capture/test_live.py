"""The kernel's ring as blocks of packets."""

import mmap
import struct

import pytest

from holdfast.defender.capture import live
from holdfast.defender.capture.errors import CaptureError

HEADER = 48
SECOND = 1_000_000_000


def _ring(packets: list[tuple[int, bytes, int | None]]) -> mmap.mmap:
    """A block as the kernel fills it: each packet with its nanosecond and the VLAN tag taken out of it."""
    ring = mmap.mmap(-1, 1 << 16)
    struct.pack_into("=IIIII", ring, 0, 3, 0, 1, len(packets), 64)
    at = 64
    for stamp, data, vlan in packets:
        status = 1 if vlan is None else 0x51
        mac = HEADER + 16
        following = (mac + len(data) + 15) // 16 * 16
        seconds, nanoseconds = divmod(stamp, SECOND)
        head = (
            following,
            seconds,
            nanoseconds,
            len(data),
            len(data),
            status,
            mac,
            mac,
            0,
            vlan or 0,
            0x8100,
            0,
        )
        struct.pack_into("=IIIIIIHHIIHH", ring, at, *head)
        ring[at + mac : at + mac + len(data)] = data
        at += following
    return ring


def test_a_block_holds_its_packets_with_their_tags() -> None:
    first, second = bytes(12) + b"\x08\x00" + b"a" * 50, bytes(12) + b"\x08\x06" + b"b" * 46
    block = live._copy(_ring([(5 * SECOND + 7, first, None), (6 * SECOND, second, 42)]), 0)
    assert [time for time, _, _, _ in block.packets] == [5 * SECOND + 7, 6 * SECOND]
    contents = [block.data[start:end] for _, start, end, _ in block.packets]
    assert contents == [first, second[:12] + b"\x81\x00\x00\x2a" + second[12:]]
    assert [wire for _, _, _, wire in block.packets] == [len(first), len(second) + 4]


def test_an_interface_that_is_absent_is_named() -> None:
    with pytest.raises(CaptureError, match="Packets of nowhere0 cannot be captured"):
        live.LiveCapture("nowhere0")
