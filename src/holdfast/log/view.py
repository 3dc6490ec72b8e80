"""The state as one group commit sees and changes it: its own writes first, then the database."""

from bisect import bisect_left, insort

from holdfast.log.backend import StateChange, StateReading
from holdfast.log.port import Entry
from holdfast.log.rows import encoded

Key = tuple[str, str]


class StateView:
    """Reads through to what lies below, keeps writes and appended records to itself until they are taken.

    Views stack: each operation gets one over the group's, so that a failed operation leaves no trace.
    """

    def __init__(self, below: StateReading) -> None:
        self._below = below
        self._written: dict[Key, bytes | None] = {}
        self._keys: dict[str, list[str]] = {}
        """Space → the keys written there, in order: a commit of thousands of operations scans for each."""
        self.appended: list[tuple[int, bytes]] = []

    def get(self, space: str, key: str) -> bytes | None:
        """See `StateReading.get`."""
        if (space, key) in self._written:
            return self._written[space, key]
        return self._below.get(space, key)

    def scan(self, space: str, prefix: str) -> list[tuple[str, bytes]]:
        """See `StateReading.scan`."""
        found = dict(self._below.scan(space, prefix))
        keys = self._keys.get(space, ())
        for place in range(bisect_left(keys, prefix), len(keys)):
            key = keys[place]
            if not key.startswith(prefix):
                break
            value = self._written[space, key]
            if value is None:
                found.pop(key, None)
            else:
                found[key] = value
        return sorted(found.items())

    def put(self, space: str, key: str, value: bytes) -> None:
        """Store or replace a value."""
        self._write((space, key), value)

    def delete(self, space: str, key: str) -> None:
        """Forget a key; no error when it is not there."""
        self._write((space, key), None)

    def _write(self, key: Key, value: bytes | None) -> None:
        if key not in self._written:
            insort(self._keys.setdefault(key[0], []), key[1])
        self._written[key] = value

    def append(self, entry: Entry) -> None:
        """Append a record to the log in the same transaction."""
        self.appended.append(encoded(entry))

    def merge(self, above: "StateView") -> None:
        """Take over what a view above this one wrote."""
        for key, value in above._written.items():
            self._write(key, value)
        self.appended += above.appended

    def changes(self) -> list[StateChange]:
        """All writes so far."""
        return [StateChange(space, key, value) for (space, key), value in self._written.items()]
