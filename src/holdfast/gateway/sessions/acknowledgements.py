"""PUBACKs in the order of the messages (MQTT 4.6), each sent only after its message is durable."""

from typing import Protocol


class Owner(Protocol):
    """Whose messages they are; see `ingest.Waiter` for what it is told."""

    def durable(self, group: "Group") -> None:
        """These are on disk."""
        ...

    def not_durable(self, error: Exception) -> None:
        """The log failed."""
        ...

    def slow_down(self, seconds: float) -> None:
        """Read nothing more for so long."""
        ...


class Group:
    """Messages of one session that become durable together; implements `ingest.Waiter` for it."""

    __slots__ = ("bytes", "is_durable", "next", "owner", "packet_ids", "turn")

    def __init__(self, owner: Owner, turn: int = -1) -> None:
        self.owner = owner
        self.turn = turn
        """The turn that they came in, see `Ingest.turn`; -1 for what goes to the log by itself."""
        self.packet_ids: list[int] = []
        self.bytes = 0
        self.is_durable = False
        self.next: Group | None = None
        """What came behind it."""

    def durable(self) -> None:
        """See `ingest.Waiter.durable`."""
        self.owner.durable(self)

    def not_durable(self, error: Exception) -> None:
        """See `ingest.Waiter.not_durable`."""
        self.owner.not_durable(error)

    def slow_down(self, seconds: float) -> None:
        """See `ingest.Waiter.slow_down`."""
        self.owner.slow_down(seconds)


class Acknowledgements:
    """What a connection owes its client: groups that are not acknowledged yet, oldest first."""

    __slots__ = ("_first", "_last")

    def __init__(self) -> None:
        self._first: Group | None = None
        self._last: Group | None = None

    def add(self, group: Group) -> None:
        """Owe a group behind all others."""
        if self._last is None:
            self._first = group
        else:
            self._last.next = group
        self._last = group

    def add_done(self, packet_id: int) -> bool:
        """Owe a PUBACK for a message that needs no waiting; True when it can be sent at once."""
        if self._last is None:
            return True
        self._last.packet_ids.append(packet_id)  # goes out right behind the ones before it
        return False

    def settle(self, group: Group) -> list[int]:
        """`group` is durable now; which packet identifiers to acknowledge, in order."""
        if group is self._first and group is self._last:
            self._first = self._last = None
            return group.packet_ids
        group.is_durable = True
        ready: list[int] = []
        while self._first is not None and self._first.is_durable:
            ready += self._first.packet_ids
            self._first = self._first.next
        if self._first is None:
            self._last = None
        return ready
