"""What rates and changes remember between messages; bounded."""

from collections.abc import Hashable
from functools import partial
from typing import Final

from holdfast.alerts.model import Threshold
from holdfast.defender.engines.model import Change, Per, Rate, anything
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.talks import Handler
from holdfast.defender.engines.windows import Occurrences
from holdfast.defender.learned.traffic import Part
from holdfast.defender.record import SECOND, Record

_STATES: Final = 50_000
"""Subjects whose state one `Change` remembers."""

_Subject = tuple[str, Hashable]
"""The speaker's address, and what has the state."""


class Counter:
    """Counts what a `Rate` is about."""

    def __init__(self, rate: Rate, reporter: Reporter) -> None:
        self._rate = rate
        self._reporter = reporter
        threshold = reporter.threshold(rate.alert)
        self._occurrences = Occurrences(threshold.count, int(threshold.seconds * SECOND))
        self._text = rate.text.format(count=threshold.count, window=window_text(threshold))

    def bind(self, record: Record) -> Handler:
        """A handler that counts messages between the two parties of `record`."""
        rate = self._rate
        if rate.group is not anything:
            return self.count
        return partial(self._count, (_counted(rate.per, record), None))

    def count(self, record: Record) -> None:
        """One more."""
        rate = self._rate
        self._count((_counted(rate.per, record), rate.group(record)), record)

    def count_when(self, record: Record) -> None:
        """One more if the rate's condition holds."""
        when = self._rate.when
        if when is None or when(record):
            self.count(record)

    def _count(self, subject: Hashable, record: Record) -> None:
        if self._occurrences.add(subject, record.time):
            rate = self._rate
            self._reporter.record(rate.alert, record, self._text, rate.expected, blame=rate.blame)


class States:
    """Remembers what a `Change` is about."""

    def __init__(self, change: Change, reporter: Reporter) -> None:
        self._change = change
        self._reporter = reporter
        self._states: dict[_Subject, Part] = {}

    def look(self, record: Record) -> None:
        """Look at the states in a message."""
        for key, state in self._read(record):
            if self._states.get(key) != state:
                self._enter(key, state, record)

    def bind(self, record: Record) -> Handler:
        """A handler for messages whose states are those of `record`."""
        states = self._read(record)

        def handle(record: Record) -> None:
            for key, state in states:
                if self._states.get(key) != state:
                    self._enter(key, state, record)

        return handle

    def _read(self, record: Record) -> list[tuple[_Subject, Part]]:
        speaker = record.direction.source.address
        return [
            ((speaker, subject), state) for subject, state in self._change.state(record) if state is not None
        ]

    def _enter(self, key: _Subject, state: Part, record: Record) -> None:
        change = self._change
        before = self._states.pop(key, None)
        if before is None and len(self._states) >= _STATES:
            del self._states[next(iter(self._states))]
        self._states[key] = state
        if before is not None:
            observed = change.text.format(key[1], before, state)
            self._reporter.record(change.alert, record, observed, f"{before}, as before", blame=change.blame)


def window_text(threshold: Threshold) -> str:
    """A threshold's window in words."""
    seconds = threshold.seconds
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def _counted(per: Per, record: Record) -> Hashable:
    direction = record.direction
    if per is Per.SPEAKER:
        return direction.source.address
    if per is Per.LISTENER:
        return direction.destination.address
    return direction.source.address, direction.destination.address
