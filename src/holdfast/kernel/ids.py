"""Identifiers that sort by the moment they were made."""

from holdfast.kernel.clock import Clock, Randomness

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: no i, l, o, u


def new_id(clock: Clock, randomness: Randomness) -> str:
    """A 26-character lower-case ULID: 48 bits of milliseconds, then 80 random bits.

    Sorts by time to the millisecond; unguessable beyond it.
    """
    value = (int(clock.now() * 1000) << 80) | int.from_bytes(randomness.bytes(10), "big")
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def moment_of(id: str) -> float:
    """When an id of `new_id` was made, Unix seconds. ValueError for another text."""
    if len(id) != 26:
        raise ValueError(f"{len(id)} characters are no id")
    value = 0
    for character in id:
        value = value << 5 | _ALPHABET.index(character)
    return (value >> 80) / 1000
