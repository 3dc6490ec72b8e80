"""What detection is made of: six kinds of table rows, and watches for what no table can say.

Every protocol has one `Table` in `tables/`. The judge reads the tables when it meets a message that it has
not judged yet between two parties; see `judge`.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from holdfast.defender.learned.traffic import Entry, Part, Span
from holdfast.defender.record import Record, Role

REQUESTS: Final = frozenset({Role.REQUEST})
RESPONSES: Final = frozenset({Role.RESPONSE})
FAILURES: Final = frozenset({Role.FAILURE})
NOTICES: Final = frozenset({Role.NOTICE})
ACTIONS: Final = frozenset({Role.REQUEST, Role.NOTICE})
"""What a party says of its own accord."""
SPOKEN: Final = frozenset({Role.REQUEST, Role.RESPONSE, Role.FAILURE, Role.NOTICE})
MALFORMED: Final = frozenset({Role.MALFORMED})
FLOW: Final = frozenset({Role.FLOW})


class Blame(Enum):
    """Who is the source of an alert."""

    SPEAKER = "speaker"
    """The party that sent the message."""
    LISTENER = "listener"
    """The party to which it was sent: for refusals, the one that asked wrongly."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which messages of a protocol a row is about."""

    roles: frozenset[Role] = SPOKEN
    kinds: frozenset[str] = frozenset()
    """Kinds of message; empty for all."""

    def matches(self, record: Record) -> bool:
        """Whether the row is about `record`."""
        return record.role in self.roles and (not self.kinds or record.kind in self.kinds)


def on(roles: frozenset[Role], *kinds: str) -> Selector:
    """Short for `Selector` in the tables."""
    return Selector(roles, frozenset(kinds))


@dataclass(frozen=True, slots=True)
class Scenario:
    """Policy violation: something that is learned for the sender and receiver of a message."""

    name: str
    """`protocol.what`; names the scenario in the file of learned traffic."""
    alert: str
    """Id of the alert that something unknown raises."""
    select: Selector
    what: Callable[[Record], Iterable[Entry]]
    """The entries in the message."""
    text: str
    """Says one entry in words: a format string with the entry's parts as `{0}`, `{1}`, …"""
    steady: bool = True
    """Whether messages of one key have the same entries; False looks at every message."""
    for_sender: bool = False
    """Learn for the sender alone, whoever the receiver is."""


@dataclass(frozen=True, slots=True)
class RangeScenario:
    """Policy violation: a span of addresses that is learned for the sender and receiver."""

    name: str
    alert: str
    select: Selector
    spans: Callable[[Record], Iterable[tuple[Entry, Span]]]
    text: str
    """As in `Scenario`, for the entry; the span is added."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that is wrong by itself, seen in one message."""

    alert: str
    select: Selector
    observe: Callable[[Record], str | None]
    """What is wrong, in words; None where nothing is."""
    expected: str
    steady: bool = True
    """Whether messages of one key are judged alike; False looks at every message."""
    blame: Blame = Blame.SPEAKER


class Per(Enum):
    """For whom a rate is counted."""

    PAIR = "pair"
    SPEAKER = "speaker"
    LISTENER = "listener"


def anything(_record: Record) -> Hashable:
    """Counts every message between the same two parties."""
    return None


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that is wrong when it is too large: the alert type's threshold says how large."""

    alert: str
    select: Selector
    measure: Callable[[Record], int]
    text: str
    """What is so large, in words; `{value}` is filled in."""
    expected: str


@dataclass(frozen=True, slots=True)
class Rate:
    """Something that is wrong when it happens often: the alert type's threshold says how often."""

    alert: str
    select: Selector
    text: str
    """What happened so often, in words; `{count}` and `{window}` are filled in."""
    expected: str
    when: Callable[[Record], bool] | None = None
    """Narrows `select` further."""
    steady: bool = True
    """Whether `when` holds for all messages of one key or for none; False looks at every message."""
    group: Callable[[Record], Hashable] = anything
    """Counts apart what differs in this."""
    per: Per = Per.PAIR
    blame: Blame = Blame.SPEAKER


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is wrong when it is no longer what it was a moment ago, learned or not."""

    alert: str
    select: Selector
    state: Callable[[Record], Iterable[tuple[Hashable, Part | None]]]
    """What has a state, and the state; the speaker always belongs to the subject. None says nothing."""
    text: str
    """Format string with the subject as `{0}`, the state before as `{1}` and now as `{2}`."""
    steady: bool = False
    """Whether messages of one key show the same state; False looks at every message."""
    blame: Blame = Blame.SPEAKER


@dataclass(frozen=True, slots=True)
class Watch:
    """A handler for messages that a detector wants to see every time."""

    protocol: str
    select: Selector
    handle: Callable[[Record], None]


@dataclass(frozen=True, slots=True)
class Bind:
    """A maker of handlers, for messages that come so often that a handler must not read their fields.

    `bind` is called with the first message of a key between two parties, and its result with every one; None
    where nobody needs to see them.
    """

    protocol: str
    select: Selector
    bind: Callable[[Record], Callable[[Record], None] | None]


class Act(Enum):
    """What a client can do to a controller that matters in every protocol alike."""

    PROGRAM = "program"
    """Load a program, or part of one, into it."""
    UPLOAD = "upload"
    """Read its program out of it."""
    CONFIGURE = "configure"
    """Change its settings."""
    INSPECT = "inspect"
    """Read its settings or identity in detail, as engineering software does."""
    STOP = "stop"
    START = "start"
    RESET = "reset"
    FIRMWARE = "firmware"
    """Send it firmware."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Which messages of a protocol are an act; `deeds` turns it into rows of every kind."""

    act: Act
    select: Selector
    text: str
    """What is done, in words."""
    when: Callable[[Record], bool] | None = None
    """Narrows `select` further."""
    steady: bool = True
    """Whether `when` holds for all messages of one key or for none; False looks at every message."""
    alert: str = ""
    """Another alert than the act's own, where the protocol has one."""

    def row(self, protocol: str, handle: Callable[[Record], None]) -> Watch | Bind:
        """Lets `handle` see every message that is the act."""
        when = self.when
        if when is None:
            return Watch(protocol, self.select, handle)
        if self.steady:
            return Bind(protocol, self.select, lambda record: handle if when(record) else None)
        return Watch(protocol, self.select, lambda record: handle(record) if when(record) else None)


@dataclass(frozen=True, slots=True)
class Table:
    """Everything that is detected in one protocol by looking at its messages."""

    protocol: str
    scenarios: tuple[Scenario, ...] = ()
    ranges: tuple[RangeScenario, ...] = ()
    rules: tuple[Rule, ...] = ()
    limits: tuple[Limit, ...] = ()
    rates: tuple[Rate, ...] = ()
    changes: tuple[Change, ...] = ()
    deeds: tuple[Deed, ...] = ()
    industrial: bool = False
    """Whether devices of a process speak it; poll rhythms and function order are watched then."""

    def alerts(self) -> frozenset[str]:
        """Ids of the alerts that the table can raise."""
        return frozenset(
            row.alert
            for rows in (
                self.scenarios,
                self.ranges,
                self.rules,
                self.limits,
                self.rates,
                self.changes,
            )
            for row in rows
        )
