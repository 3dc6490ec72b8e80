"""Counting within sliding windows of captured time, bounded."""

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

MAXIMUM_KEYS: Final = 20_000
"""What is counted apart at once; the ones idle longest leave first."""


_NONE: Final = object()
"""Equal to no key."""
_Value = TypeVar("_Value")


class Occurrences:
    """Tells when something happened `count` times within `window` nanoseconds."""

    def __init__(self, count: int, window: int, maximum: int = MAXIMUM_KEYS) -> None:
        self.count = count
        self.window = window
        self._recent = _Recent[list[int]](list, maximum)
        """Times by key."""

    def add(self, key: Hashable, time: int) -> bool:
        """Note one occurrence; whether there are enough now. Stays true while they keep coming."""
        recent = self._recent
        times = recent.value if key == recent.newest else recent.use(key)
        times.append(time)
        if len(times) > self.count:
            del times[0]
        return len(times) == self.count and time - times[0] <= self.window

    def clear(self, key: Hashable) -> None:
        """Begin anew for `key`."""
        self._recent.drop(key)

    def __len__(self) -> int:
        return len(self._recent.values)


class DistinctValues:
    """Tells when `count` different values were seen for a key within `window` nanoseconds."""

    def __init__(self, count: int, window: int, maximum: int = MAXIMUM_KEYS) -> None:
        self.count = count
        self.window = window
        self._recent = _Recent[dict[Hashable, int]](dict, maximum)
        """Values by key, each with its time, the one longest ago first."""

    def add(self, key: Hashable, value: Hashable, time: int) -> bool:
        """Note a value; whether enough different ones were seen within the window."""
        recent = self._recent
        values = recent.value if key == recent.newest else recent.use(key)
        values.pop(value, None)
        values[value] = time
        if len(values) == 1:
            return self.count == 1
        oldest = time - self.window
        while True:
            first = next(iter(values))
            if values[first] >= oldest and len(values) <= self.count:
                break
            del values[first]
        return len(values) == self.count

    def discard(self, key: Hashable, value: Hashable) -> None:
        """Take a value back: it turned out harmless."""
        values = self._recent.values.get(key)
        if values is not None:
            values.pop(value, None)
            if not values:
                self._recent.drop(key)

    def size(self, key: Hashable) -> int:
        """How many different values are within the window of the newest one."""
        return len(self._recent.values.get(key, ()))

    def __len__(self) -> int:
        return len(self._recent.values)


class _Recent(Generic[_Value]):
    """Values by key, bounded: the key that was not used for longest leaves first."""

    __slots__ = ("_make", "_maximum", "newest", "value", "values")

    def __init__(self, make: Callable[[], _Value], maximum: int) -> None:
        self._make = make
        self._maximum = maximum
        self.values: dict[Hashable, _Value] = {}
        """In the order of the last use."""
        self.newest: Hashable = _NONE
        """The key that was used last: a flood and a scan use one again and again."""
        self.value = make()
        """Its value."""

    def use(self, key: Hashable) -> _Value:
        """The value of `key`, made where there is none; the key counts as used."""
        value = self.values.pop(key, None)
        if value is None:
            value = self._make()
            if len(self.values) >= self._maximum:
                del self.values[next(iter(self.values))]
        self.values[key] = self.value = value
        self.newest = key
        return value

    def drop(self, key: Hashable) -> None:
        """Forget `key`."""
        self.values.pop(key, None)
        if key == self.newest:
            self.newest = _NONE
