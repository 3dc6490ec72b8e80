"""Counting within sliding windows of captured time, bounded."""

from collections.abc import Hashable

MAXIMUM_KEYS = 20_000
"""What is counted apart at once; the ones idle longest leave first."""


class Occurrences:
    """Tells when something happened `count` times within `window` nanoseconds."""

    def __init__(self, count: int, window: int, maximum: int = MAXIMUM_KEYS) -> None:
        self.count = count
        self.window = window
        self._maximum = maximum
        self._times: dict[Hashable, list[int]] = {}

    def add(self, key: Hashable, time: int) -> bool:
        """Note one occurrence; whether there are enough now. Stays true while they keep coming."""
        times = self._times.pop(key, None)
        if times is None:
            times = []
            if len(self._times) >= self._maximum:
                del self._times[next(iter(self._times))]
        self._times[key] = times  # at the end: the order is that of the last use
        times.append(time)
        if len(times) > self.count:
            del times[0]
        return len(times) == self.count and times[-1] - times[0] <= self.window

    def clear(self, key: Hashable) -> None:
        """Begin anew for `key`."""
        self._times.pop(key, None)

    def __len__(self) -> int:
        return len(self._times)


class DistinctValues:
    """Tells when `count` different values were seen for a key within `window` nanoseconds."""

    def __init__(self, count: int, window: int, maximum: int = MAXIMUM_KEYS) -> None:
        self.count = count
        self.window = window
        self._maximum = maximum
        self._values: dict[Hashable, dict[Hashable, int]] = {}

    def add(self, key: Hashable, value: Hashable, time: int) -> bool:
        """Note a value; whether enough different ones were seen within the window."""
        values = self._values.pop(key, None)
        if values is None:
            values = {}
            if len(self._values) >= self._maximum:
                del self._values[next(iter(self._values))]
        self._values[key] = values
        values.pop(value, None)
        values[value] = time
        oldest = time - self.window
        while True:
            first = next(iter(values))
            if values[first] >= oldest and len(values) <= self.count:
                break
            del values[first]
        return len(values) == self.count

    def discard(self, key: Hashable, value: Hashable) -> None:
        """Take a value back: it turned out harmless."""
        values = self._values.get(key)
        if values is not None:
            values.pop(value, None)
            if not values:
                del self._values[key]

    def size(self, key: Hashable) -> int:
        """How many different values are within the window of the newest one."""
        return len(self._values.get(key, ()))

    def __len__(self) -> int:
        return len(self._values)
