"""Tickets: sealed, short-lived notes that a browser carries from one step of a sign-in to the next.

They keep the server free of half-done sign-ins that strangers could pile up. A ticket is good for one
purpose, for some minutes, and (what `redeem` takes) once.
"""

import base64
import binascii
from typing import Any, Protocol

import msgspec

from holdfast.access.errors import SignInRefusedError
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.keys.port import KeyRing

MAXIMUM_LENGTH = 4096
"""What browsers keep of one cookie (RFC 6265 6.1)."""


class UsedOnce(Protocol):
    """Remembers what may be used only once."""

    def use(self, name: str, until: float) -> bool:
        """Whether this is the first use of `name`, which is remembered until then (Unix seconds)."""
        ...


class _Ticket(msgspec.Struct, frozen=True, array_like=True):
    id: str
    expires: float
    data: dict[str, Any]  # any JSON: msgspec cannot resolve the recursive JsonObject


class Tickets:
    """Writes and takes tickets."""

    def __init__(self, keys: KeyRing, used: UsedOnce, clock: Clock, randomness: Randomness) -> None:
        self._keys = keys
        self._used = used
        self._clock = clock
        self._randomness = randomness

    def write(self, purpose: str, data: JsonObject, seconds: float) -> str:
        """A ticket for `purpose` with `data`, good for `seconds`."""
        ticket = _Ticket(self._randomness.bytes(16).hex(), self._clock.now() + seconds, data)
        sealed = self._keys.seal(msgspec.json.encode(ticket), _context(purpose))
        return base64.urlsafe_b64encode(sealed).decode()

    def read(self, purpose: str, text: str) -> JsonObject:
        """The data of a ticket that stays good. SignInRefusedError for any other text."""
        return self._open(purpose, text).data

    def redeem(self, purpose: str, text: str) -> JsonObject:
        """The data of a ticket, which is good no more. SignInRefusedError for any other text."""
        ticket = self._open(purpose, text)
        if not self._used.use(f"ticket:{ticket.id}", ticket.expires):
            raise _refusal("replayed")
        return ticket.data

    def _open(self, purpose: str, text: str) -> _Ticket:
        if not text or len(text) > MAXIMUM_LENGTH:
            raise _refusal("missing or too long")
        try:
            sealed = base64.urlsafe_b64decode(text.encode("ascii"))
            ticket = msgspec.json.decode(self._keys.open(sealed, _context(purpose)), type=_Ticket)
        except (binascii.Error, UnicodeEncodeError, msgspec.DecodeError, HoldfastError) as error:
            raise _refusal("not readable") from error
        if ticket.expires <= self._clock.now():
            raise _refusal("expired")
        return ticket


def _context(purpose: str) -> str:
    return f"access-ticket:{purpose}"


def _refusal(reason: str) -> SignInRefusedError:
    return SignInRefusedError(
        "This step of the sign-in is over or was done already; begin again.", f"ticket {reason}"
    )
