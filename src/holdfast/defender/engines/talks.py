"""Talks: what one party says to another in one protocol, over all their connections.

A judgement about a message holds for every connection between the same two parties, so it is kept here and
not with the flow: a client that reconnects for every poll costs no new judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from holdfast.defender.record import Record

Handler = Callable[[Record], None]

MAXIMUM_TALKS: Final = 200_000
MAXIMUM_JUDGED: Final = 500_000
"""Judgements kept over all talks, about 150 MB; when full all begin again. A building's server polls tens of
thousands of points of one router, so there is no limit for one talk."""


class Judged:
    """The judgement about one message of a talk."""

    __slots__ = ("step", "watch")

    def __init__(self, watch: tuple[Handler, ...], step: str | None) -> None:
        self.watch = watch
        """What wants to see each further message of this key; almost always empty."""
        self.step = step
        """The message's function, where the order of functions is watched; else None."""


class Talk:
    """One side of what two parties say in one protocol."""

    __slots__ = (
        "carried",
        "count",
        "destination",
        "judged",
        "last",
        "protocol",
        "rhythm",
        "source",
        "step",
        "to_server",
        "until",
    )

    def __init__(self, source: str, destination: str, protocol: str, to_server: bool) -> None:
        self.source = source
        self.destination = destination
        self.protocol = protocol
        self.to_server = to_server
        self.judged: dict[Hashable, Judged] = {}
        self.step: str | None = None
        """Function of the newest message, where the order is watched."""
        self.count = 0
        """Messages in the present interval."""
        self.until = 0
        """End of the present interval, nanoseconds; see `detectors.rhythm`."""
        self.last = 0
        """Time of the newest message in an interval that is over."""
        self.rhythm: object = None
        """What `detectors.rhythm` remembers."""
        self.carried: dict[str, Talk] = {}
        """What the same side says to the same party in other protocols of the same connections, such as CIP
        in EtherNet/IP; by protocol."""


class TalkTable:
    """Finds the talk of a record; bounded."""

    def __init__(self, opened: Callable[[Talk, Record], None], maximum: int = MAXIMUM_TALKS) -> None:
        self._opened = opened
        self._maximum = maximum
        self._talks: dict[tuple[str, str, str, bool], Talk] = {}

    def of(self, record: Record) -> Talk:
        """The talk that `record` belongs to; a new one is announced first."""
        direction = record.direction
        source, destination = direction.source.address, direction.destination.address
        key = (source, destination, record.protocol, direction.to_server)
        talk = self._talks.get(key)
        if talk is None:
            if len(self._talks) >= self._maximum:
                self._shrink()
            talk = self._talks[key] = Talk(*key)
            self._opened(talk, record)
        return talk

    def get(self, source: str, destination: str, protocol: str, to_server: bool) -> Talk | None:
        """A talk by its parties."""
        return self._talks.get((source, destination, protocol, to_server))

    def forget_judgements(self) -> None:
        """What is allowed was changed by hand: judge everything anew."""
        for talk in self._talks.values():
            talk.judged.clear()

    def __len__(self) -> int:
        return len(self._talks)

    def _shrink(self) -> None:
        """Let a tenth go, the ones whose last interval ended longest ago."""
        by_age = sorted(self._talks.items(), key=lambda item: item[1].until)
        for key, _talk in by_age[: self._maximum // 10 + 1]:
            del self._talks[key]
        for talk in self._talks.values():
            talk.carried.clear()
