"""What the platform's detectors remember for long: habits, rates and who was heard when. Bounded, and kept
on disk."""

from typing import Final

import msgspec

MAXIMUM_ACTORS: Final = 20_000
MAXIMUM_DEVICES: Final = 1_000_000
MAXIMUM_GROUPS: Final = 10_000


class Habit(msgspec.Struct):
    """When and from where one account changes things."""

    first: float
    actions: int = 0
    hours: dict[int, int] = {}
    """Hour of the day in UTC → actions."""
    networks: dict[str, int] = {}


class Level(msgspec.Struct):
    """What is usual for one kind of thing in one group of devices, in a window of a device."""

    windows: int = 0
    highest: float = 0.0


class Heard(msgspec.Struct):
    """When a device was heard, and how far apart that usually is."""

    last: float
    mean: float = 0.0
    times: int = 0
    silent: bool = False


class Memory(msgspec.Struct):
    """All of it."""

    began: float = 0.0
    """When the watch began; what happened before is learned from and told to nobody."""
    event: int = 0
    """The audit record up to which everything was judged."""
    habits: dict[str, Habit] = {}
    levels: dict[str, Level] = {}
    """By what is counted and the group."""
    heard: dict[str, Heard] = {}
    used: dict[str, float] = {}
    """When an API token was used last."""


def encode(memory: Memory) -> bytes:
    """For the disk."""
    return msgspec.json.encode(memory)


def decode(data: bytes) -> Memory:
    """From the disk; what an older version wrote and this one cannot read begins anew."""
    try:
        return msgspec.json.decode(data, type=Memory)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Memory()
