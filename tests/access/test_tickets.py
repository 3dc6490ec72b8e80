"""Tickets are good for one purpose, for their time, and once where that matters."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.errors import SignInRefusedError
from holdfast.access.tickets import MAXIMUM_LENGTH, Tickets
from holdfast.kernel.clock import ManualClock, SystemRandomness
from tests.vault.ring import Ring


class Used:
    """Remembers in a set what `Traces` keeps in a table."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def use(self, name: str, until: float) -> bool:
        fresh = name not in self.names
        self.names.add(name)
        return fresh


CLOCK = ManualClock()
TICKETS = Tickets(Ring(), Used(), CLOCK, SystemRandomness())
DATA = st.dictionaries(
    st.text(max_size=8), st.text(max_size=20) | st.integers(-(2**53), 2**53) | st.booleans()
)


@given(DATA)
def test_a_ticket_gives_back_what_it_was_written_with(data: dict[str, str | int | bool]) -> None:
    text = TICKETS.write("p", {**data}, 60)
    assert TICKETS.read("p", text) == data
    assert TICKETS.redeem("p", text) == data
    with pytest.raises(SignInRefusedError):
        TICKETS.redeem("p", text)


def test_a_ticket_of_another_purpose_or_instance_is_none() -> None:
    text = TICKETS.write("sign-in", {"user": "ada"}, 60)
    with pytest.raises(SignInRefusedError):
        TICKETS.read("enrolment", text)
    stranger = Tickets(Ring(), Used(), CLOCK, SystemRandomness())
    with pytest.raises(SignInRefusedError):
        stranger.read("sign-in", text)


def test_a_ticket_ends_with_its_time() -> None:
    text = TICKETS.write("p", {}, 60)
    CLOCK.advance(59)
    TICKETS.read("p", text)
    CLOCK.advance(1)
    with pytest.raises(SignInRefusedError) as caught:
        TICKETS.read("p", text)
    assert caught.value.reason == "ticket expired"


@given(st.integers(0, 200), st.integers(1, 255))
def test_an_altered_ticket_is_none(place: int, change: int) -> None:
    sealed = bytearray(base64.urlsafe_b64decode(TICKETS.write("p", {"user": "ada"}, 60)))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(SignInRefusedError):
        TICKETS.read("p", base64.urlsafe_b64encode(sealed).decode())


@given(st.text(max_size=60))
def test_any_other_text_is_none(text: str) -> None:
    with pytest.raises(SignInRefusedError):
        TICKETS.read("p", text)


def test_a_ticket_that_no_cookie_could_hold_is_not_looked_at() -> None:
    with pytest.raises(SignInRefusedError) as caught:
        TICKETS.read("p", "A" * (MAXIMUM_LENGTH + 1))
    assert "too long" in caught.value.reason
