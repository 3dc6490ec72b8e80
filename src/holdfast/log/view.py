"""The state as one group commit sees and changes it: its own writes first, then the database."""

from holdfast.log.backend import StateChange, StateReading
from holdfast.log.frames import encoded
from holdfast.log.port import Entry

Key = tuple[str, str]


class StateView:
    """Reads through to what lies below, keeps writes and appended records to itself until they are taken.

    Views stack: each operation gets one over the group's, so that a failed operation leaves no trace.
    """

    def __init__(self, below: StateReading) -> None:
        self._below = below
        self._written: dict[Key, bytes | None] = {}
        self.appended: list[tuple[int, bytes]] = []

    def get(self, space: str, key: str) -> bytes | None:
        """See `StateReading.get`."""
        if (space, key) in self._written:
            return self._written[space, key]
        return self._below.get(space, key)

    def scan(self, space: str, prefix: str) -> list[tuple[str, bytes]]:
        """See `StateReading.scan`."""
        found = dict(self._below.scan(space, prefix))
        for (written_space, key), value in self._written.items():
            if written_space == space and key.startswith(prefix):
                if value is None:
                    found.pop(key, None)
                else:
                    found[key] = value
        return sorted(found.items())

    def put(self, space: str, key: str, value: bytes) -> None:
        """Store or replace a value."""
        self._written[space, key] = value

    def delete(self, space: str, key: str) -> None:
        """Forget a key; no error when it is not there."""
        self._written[space, key] = None

    def append(self, entry: Entry) -> None:
        """Append a record to the log in the same transaction."""
        self.appended.append(encoded(entry))

    def merge(self, above: "StateView") -> None:
        """Take over what a view above this one wrote."""
        self._written.update(above._written)
        self.appended += above.appended

    def changes(self) -> list[StateChange]:
        """All writes so far."""
        return [StateChange(space, key, value) for (space, key), value in self._written.items()]
