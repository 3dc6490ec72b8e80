"""Identifiers that sort by the moment they were made."""

from holdfast.kernel.clock import Clock, Randomness

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: no i, l, o, u


def new_id(clock: Clock, randomness: Randomness) -> str:
    """A 26-character lower-case ULID: 48 bits of milliseconds, then 80 random bits.

    Sorts by time to the millisecond; unguessable beyond it.
    """
    value = (int(clock.now() * 1000) << 80) | int.from_bytes(randomness.bytes(10), "big")
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))
