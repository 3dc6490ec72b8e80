"""Slowing down those who guess passwords, without locking the owner out.

Three buckets hold a password attempt back: that of the address, that of the account from this network, and
that of the account from everywhere where it is not known. A browser that has signed in before carries a
sealed note and has a bucket of its own (OWASP's "device cookies"), so no stranger's guessing touches the
owner at their own machine; and passkeys and the identity provider, where nothing can be guessed, are never
held back.
"""

import ipaddress
from collections.abc import Callable
from typing import NamedTuple

from holdfast.kernel.errors import InvalidError, TooManyRequestsError
from holdfast.kernel.network import parse_address

Take = Callable[[str, float, float, float], float]
"""`cluster.port.Limits.take`, waited for: (name, amount, capacity, per second) → seconds to wait."""


class Bucket(NamedTuple):
    """How many attempts at once, and how many a second afterwards."""

    capacity: float
    per_second: float


ADDRESS = Bucket(30, 1 / 4)
ACCOUNT_FROM_NETWORK = Bucket(5, 1 / 30)
ACCOUNT_FROM_STRANGERS = Bucket(20, 1 / 60)
"""NIST SP 800-63B 5.2.2 allows at most 100 failures in a row; this reaches them after more than an hour."""
KNOWN_BROWSER = Bucket(10, 1 / 30)


class Attempts:
    """The gate before every password."""

    def __init__(self, take: Take) -> None:
        self._take = take

    def admit(self, account: str, address: str, known_browser: str = "") -> None:
        """Count an attempt. TooManyRequestsError when it has to wait; the password is not looked at then.

        `known_browser` is the id of a note that says that this account signed in there before.
        """
        if known_browser:
            self._draw(f"sign-in.browser.{account}.{known_browser}", KNOWN_BROWSER)
            return
        self._draw(f"sign-in.address.{network_of(address)}", ADDRESS)
        self._draw(f"sign-in.account.{account}.{network_of(address)}", ACCOUNT_FROM_NETWORK)
        self._draw(f"sign-in.account.{account}", ACCOUNT_FROM_STRANGERS)

    def _draw(self, name: str, bucket: Bucket) -> None:
        wait = self._take(name, 1.0, bucket.capacity, bucket.per_second)
        if wait > 0:
            raise TooManyRequestsError(
                f"Too many attempts to sign in; wait {round(wait) or 1} seconds, or use a passkey or the "
                "identity provider.",
                wait,
            )


def network_of(address: str) -> str:
    """The network that one attacker commands at least: the address of IPv4, the /64 of IPv6 (RFC 6177)."""
    try:
        parsed = parse_address(address)
    except InvalidError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
