"""Brings what happens to the destinations: one of them runs in the cluster.

What happened is taken in with the position of its source in one transaction, and what waits is sent until it
arrived. So a process that is killed loses nothing, and a receiver hears of something twice at worst, with the
same id.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from holdfast.access.bodies import read_body
from holdfast.access.reading import everything
from holdfast.delivery.alerts.sources import Source, Wish
from holdfast.delivery.destinations import Destination
from holdfast.delivery.kind import DESTINATION, DestinationBody, connection_of, rule_of
from holdfast.delivery.model import Sender
from holdfast.delivery.outbox import Outbox
from holdfast.delivery.shelves.sql import SqlShelf
from holdfast.kernel.clock import Clock, Randomness
from holdfast.resources.model import Reader, Resource
from holdfast.resources.port import EventFeed

LANES: Final = 8
"""Destinations that are sent to at the same time: one that hangs holds up no other."""
BURST: Final = 100
"""Messages that one destination gets before it is looked at again."""
REVIVED: Final = "revived"
"""The verb of the event by which people let dead letters wait again."""

MakeSender = Callable[[str, Destination], Sender]
"""What brings messages to the destination of an id."""


@dataclass
class Dispatcher:
    """See the module; `step` does what is due."""

    reader: Reader
    feed: EventFeed
    sources: Sequence[Source]
    shelf: SqlShelf
    make: MakeSender
    clock: Clock
    randomness: Randomness
    _senders: dict[str, Sender] = field(default_factory=dict)
    _etags: dict[str, str] = field(default_factory=dict)
    _wishes: list[Wish] = field(default_factory=list)
    _lanes: dict[str, "Future[int]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.shelf, self._senders, self.clock, self.randomness)
        self._pool = ThreadPoolExecutor(LANES, "delivery")

    def step(self) -> bool:
        """Read the destinations, take in what happened and start what is due; whether anything happened."""
        self._read_destinations()
        self._revive()
        happened = [self._take_in(source) for source in self.sources]
        return self._send() or any(happened)

    def settle(self) -> int:
        """Wait for what is being sent; how many messages arrived."""
        lanes, self._lanes = self._lanes, {}
        return sum(lane.result() for lane in lanes.values())

    def close(self) -> None:
        """Let what is being sent end, and close the connections."""
        self._pool.shutdown(cancel_futures=True)
        for sender in self._senders.values():
            sender.close()

    def _read_destinations(self) -> None:
        stored = {each.id: each for each in everything(self.reader, DESTINATION)}
        enabled = {name: each for name, each in stored.items() if each.body.get("enabled", True)}
        etags = {name: each.etag for name, each in enabled.items()}
        if etags != self._etags:
            self.settle()
            for name, etag in list(self._etags.items()):
                if etags.get(name) != etag:
                    self._forget(name)
            for name in etags.keys() - self._etags.keys():
                self._learn(name, enabled[name])
            self._wishes = [_wish(each) for each in enabled.values()]
        for name in self.shelf.destinations():
            if name not in stored:
                self.shelf.drop(name)

    def _learn(self, name: str, stored: Resource) -> None:
        self._senders[name] = self.make(name, connection_of(stored.body))
        self._etags[name] = stored.etag
        self.outbox.reset(name)

    def _forget(self, name: str) -> None:
        self._senders.pop(name).close()
        del self._etags[name]

    def _take_in(self, source: Source) -> bool:
        position = self.shelf.position(source.name)
        if position is None:
            position = source.newest()
            self.shelf.take_in(source.name, position, [], self.clock.now())
        taken = source.after(position, self._wishes)
        if taken.position == position:
            return False
        self.shelf.take_in(source.name, taken.position, taken.entries, self.clock.now())
        return True

    def _revive(self) -> None:
        """Let dead letters wait again where people asked for it."""
        position = self.shelf.position(REVIVED)
        events = self.feed.read(self.feed.last() if position is None else position)
        for event in events:
            if event.name == f"{DESTINATION}.{REVIVED}":
                self.shelf.revive(event.resource, self.clock.now())
                self.outbox.reset(event.resource)
        if events or position is None:
            done = events[-1].sequence if events else self.feed.last()
            self.shelf.take_in(REVIVED, done, [], self.clock.now())

    def _send(self) -> bool:
        """Start a lane for every destination that is due and has none."""
        ended = [name for name, lane in self._lanes.items() if lane.done()]
        sent = sum(self._lanes.pop(name).result() for name in ended)
        for name in self.shelf.destinations():
            if name in self._senders and name not in self._lanes and self.outbox.is_due(name):
                self._lanes[name] = self._pool.submit(self.outbox.send, name, BURST)
        return sent > 0


def _wish(stored: Resource) -> Wish:
    body = read_body(stored.body, DestinationBody)
    return Wish(stored.id, stored.organization, rule_of(stored), body.audit)
