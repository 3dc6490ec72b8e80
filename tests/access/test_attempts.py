"""Buckets hold guessing back by address, by account and network, and by account; notes have their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.attempts import ACCOUNT_FROM_NETWORK, ADDRESS, KNOWN_BROWSER, Attempts, network_of
from holdfast.kernel.clock import ManualClock
from holdfast.kernel.errors import TooManyRequestsError
from tests.access.world import Buckets


def admitted(attempts: Attempts, account: str, address: str, known: str = "") -> bool:
    try:
        attempts.admit(account, address, known)
    except TooManyRequestsError as error:
        return error.retry_after <= 0
    return True


def test_one_account_from_one_address_gets_five_and_then_one_in_half_a_minute() -> None:
    clock = ManualClock()
    attempts = Attempts(Buckets(clock))
    outcomes = [admitted(attempts, "ada", "192.0.2.1") for _ in range(8)]
    assert outcomes.count(True) == ACCOUNT_FROM_NETWORK.capacity
    clock.advance(30)
    assert [admitted(attempts, "ada", "192.0.2.1") for _ in range(2)] == [True, False]


def test_one_address_is_held_back_over_all_accounts() -> None:
    attempts = Attempts(Buckets(ManualClock()))
    outcomes = [admitted(attempts, f"user-{number}", "192.0.2.1") for number in range(50)]
    assert outcomes.count(True) == ADDRESS.capacity
    assert admitted(attempts, "user-1", "192.0.2.2")


def test_many_addresses_share_what_strangers_may_try_on_one_account() -> None:
    attempts = Attempts(Buckets(ManualClock()))
    outcomes = [admitted(attempts, "ada", f"198.51.100.{number}") for number in range(100)]
    assert outcomes.count(True) == 20
    assert admitted(attempts, "ada", "192.0.2.1", "known"), "the owner's browser has a bucket of its own"


def test_a_known_browser_is_bounded_too() -> None:
    attempts = Attempts(Buckets(ManualClock()))
    outcomes = [admitted(attempts, "ada", "192.0.2.1", "known") for _ in range(20)]
    assert outcomes.count(True) == KNOWN_BROWSER.capacity


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("nonsense", "", True),
    ],
)
def test_a_network_is_what_one_attacker_commands(one: str, other: str, *, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


@given(st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"]), max_size=60))
def test_no_order_of_addresses_gets_more_than_the_account_allows(addresses: list[str]) -> None:
    attempts = Attempts(Buckets(ManualClock()))
    assert sum(admitted(attempts, "ada", address) for address in addresses) <= 3 * 5
