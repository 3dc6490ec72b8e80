"""Messages of sensors: what is packed is unpacked, and nonsense raises one kind of error only."""

import contextlib
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.defender.uplink.bulletins import Bulletins
from holdfast.defender.uplink.documents import EventDocument, PacketsDocument
from holdfast.defender.uplink.messages import (
    MAXIMUM_PACKED,
    MAXIMUM_PLAIN,
    Events,
    MessageError,
    Packets,
    pack,
    packed,
    unpack,
)
from tests.defender.network.conftest import heard
from tests.support.traffic.cases.modbus import poll, umas_exchange

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
"""NUL becomes a sign that every database keeps; see `test_intake`."""
EVENTS = st.builds(
    EventDocument, TEXT.map(lambda t: t[:32]), TEXT, TEXT, TEXT, st.lists(TEXT, max_size=3),
    st.integers(0, 1 << 40), st.integers(0, 1 << 40), TEXT,
)  # fmt: skip


@given(st.lists(EVENTS, max_size=5).map(Events))
def test_what_is_packed_is_unpacked(message: Events) -> None:
    assert unpack(pack(message)) == message


def test_everything_a_sensor_says_fits_its_form() -> None:
    messages = list(Bulletins(heard("s1", poll, umas_exchange(0x33, 0x41))).everything())
    assert {type(message).__name__ for message in messages} >= {"Assets", "Connections", "Alerts", "Packets"}
    assert [unpack(data) for data in packed(messages)] == messages


def test_what_was_told_is_not_told_again() -> None:
    bulletins = Bulletins(heard("s1", poll))
    assert list(bulletins.everything())
    assert list(bulletins.everything()) == []


@given(st.binary(max_size=300))
def test_nonsense_is_refused(data: bytes) -> None:
    for attempt in (data, zlib.compress(data)):
        with pytest.raises(MessageError):
            unpack(attempt)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=4))
def test_a_damaged_message_is_read_or_refused(at: int, patch: bytes) -> None:
    data = bytearray(pack(Events([EventDocument("m", "t", "s", "title", ["10.0.0.1"], 1, 1)])))
    data[at : at + len(patch)] = patch
    with contextlib.suppress(MessageError):
        unpack(bytes(data))


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(MessageError, match="larger than allowed"):
        unpack(zlib.compress(b" " * (MAXIMUM_PLAIN + 1)))


def test_a_large_message_goes_in_halves_and_what_cannot_be_halved_stays_behind() -> None:
    noise = random.Random(1).randbytes(150_000)
    one = PacketsDocument("a" * 26, 0, 1, noise)
    halves = list(packed([Packets([one, one, one])]))
    assert len(halves) == 3
    assert all(len(half) <= MAXIMUM_PACKED for half in halves)
    assert list(packed([Packets([PacketsDocument("a" * 26, 0, 1, noise * 2)])])) == []
