"""Learned traffic: what the policy engine takes as normal.

An *entry* is flat: `(scenario, source, destination, *what)`, with addresses as text (empty where a party does
not matter) and `what` made of text and numbers. A *range* is an entry with a learned span of numbers, for
addresses of registers and points. A *level* is an entry with a learned measure, for rates and volumes;
detectors read and set levels themselves, and stages do not touch them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from holdfast.defender.learned.stages import Stages

Part = str | int
Entry = tuple[Part, ...]
Pair = tuple[str, str, str]
"""Scenario, source, destination."""
Span = tuple[int, int]
"""Lowest and highest number, both included."""

MAXIMUM_ENTRIES: Final = 500_000
"""Entries and ranges together; a plant of 12,000 assets learns about 200,000."""

MAXIMUM_LEVELS: Final = 200_000

RANGE: Final = "range"
"""Begins an entry that widens a range: `(RANGE, scenario, source, destination, *what, low, high)`."""


@dataclass(slots=True)
class LearnedTraffic:
    """What was learned, by scenario and pair of parties."""

    stages: Stages = field(default_factory=Stages)
    entries: dict[Pair, set[Entry]] = field(default_factory=dict)
    ranges: dict[Pair, dict[Entry, Span]] = field(default_factory=dict)
    levels: dict[Entry, float] = field(default_factory=dict)
    """By whole entry: `(scenario, source, destination, *what)`."""
    size: int = 0
    refused: int = 0
    """What was not learned because the store is full."""
    generation: int = 0
    """Grows when something that was allowed no longer is, or the other way round by hand: whoever remembers
    judgements forgets them."""

    def judge(self, scenario: str, source: str, destination: str, what: Entry, now: float) -> bool:
        """Whether this is normal: known, or learned right now. False is a violation."""
        pair = (scenario, source, destination)
        known = self.entries.get(pair)
        if known is not None and what in known:
            return True
        if not self.stages.learns(scenario, source, destination, now):
            return False
        self._add(pair, what)
        return True

    def judge_range(
        self, scenario: str, source: str, destination: str, what: Entry, span: Span, now: float
    ) -> bool:
        """Whether `span` lies in the learned one, or widens it right now. False is a violation."""
        pair = (scenario, source, destination)
        known = self.ranges.get(pair, {}).get(what)
        if known is not None and known[0] <= span[0] and span[1] <= known[1]:
            return True
        if not self.stages.learns(scenario, source, destination, now):
            return False
        self._widen(pair, what, span)
        return True

    def has(self, scenario: str, source: str, destination: str) -> bool:
        """Whether anything was learned between two parties."""
        return bool(self.entries.get((scenario, source, destination)))

    def known(self, scenario: str, source: str, destination: str) -> list[Entry]:
        """What is normal between two parties, in order."""
        return sorted(self.entries.get((scenario, source, destination), ()), key=_order)

    def span(self, scenario: str, source: str, destination: str, what: Entry) -> Span | None:
        """The learned range, or None where there is none."""
        return self.ranges.get((scenario, source, destination), {}).get(what)

    def learn(self, entry: Entry) -> None:
        """Allow an entry that an alert offered."""
        if entry[0] == RANGE:
            *what, low, high = entry[4:]
            self._widen(_pair(entry[1:]), tuple(what), (int(low), int(high)))
        else:
            self._add(_pair(entry), entry[3:])
        self.generation += 1

    def unlearn(self, entry: Entry) -> None:
        """Take an allowance back; nothing happens when it is not there."""
        if entry[0] == RANGE:
            removed = self.ranges.get(_pair(entry[1:]), {}).pop(entry[4:-2], None) is not None
        else:
            known = self.entries.get(_pair(entry), set())
            removed = entry[3:] in known
            known.discard(entry[3:])
        self.size -= removed
        self.generation += 1

    def forget(self, address: str) -> int:
        """Remove everything that names an address as a party; how many entries went."""
        pairs = [pair for pair in (*self.entries, *self.ranges) if address in pair[1:]]
        gone = sum(len(self.entries.pop(pair, ())) + len(self.ranges.pop(pair, ())) for pair in pairs)
        self.size -= gone
        self.levels = {entry: value for entry, value in self.levels.items() if address not in entry[1:3]}
        self.generation += 1
        return gone

    def set_level(self, entry: Entry, value: float) -> None:
        """Keep a measure."""
        if entry in self.levels or len(self.levels) < MAXIMUM_LEVELS:
            self.levels[entry] = value

    def __iter__(self) -> Iterator[Entry]:
        """Every entry, ranges in the form that `learn` takes."""
        for pair, known in self.entries.items():
            for what in known:
                yield (*pair, *what)
        for pair, spans in self.ranges.items():
            for what, span in spans.items():
                yield (RANGE, *pair, *what, *span)

    def _add(self, pair: Pair, what: Entry) -> None:
        known = self.entries.get(pair)
        if known is None:
            known = self.entries[pair] = set()
        if what in known or not self._room():
            return
        known.add(what)
        self.size += 1

    def _widen(self, pair: Pair, what: Entry, span: Span) -> None:
        spans = self.ranges.setdefault(pair, {})
        known = spans.get(what)
        if known is None:
            if not self._room():
                return
            self.size += 1
            spans[what] = span
        else:
            spans[what] = (min(known[0], span[0]), max(known[1], span[1]))

    def _room(self) -> bool:
        if self.size < MAXIMUM_ENTRIES:
            return True
        self.refused += 1
        return False


def _pair(entry: Entry) -> Pair:
    return str(entry[0]), str(entry[1]), str(entry[2])


def _order(entry: Entry) -> tuple[tuple[bool, Part], ...]:
    """Numbers before texts, so that mixed entries sort."""
    return tuple((isinstance(part, str), part) for part in entry)
