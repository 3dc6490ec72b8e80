"""Turns table rows into handlers.

A *maker* looks at the first message of a key and gives the handlers that every message of the key goes
through: none where all is well.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from holdfast.defender.engines.memory import Counter, States
from holdfast.defender.engines.model import (
    Bind,
    Blame,
    Change,
    Limit,
    RangeScenario,
    Rate,
    Rule,
    Scenario,
    Table,
)
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.talks import Handler
from holdfast.defender.learned.traffic import RANGE, Entry, LearnedTraffic, Span
from holdfast.defender.record import Record, seconds

Maker = Callable[[Record], Iterable[Handler]]

_EXPECTED_SHOWN: Final = 8
"""Learned entries that an alert names as expected."""


class Compiler:
    """Holds what the handlers need: learned traffic, the reporter, and the memory of rates and changes."""

    def __init__(self, tables: Mapping[str, Table], learned: LearnedTraffic, reporter: Reporter) -> None:
        self._learned = learned
        self._reporter = reporter
        self._counters = {
            id(rate): Counter(rate, reporter) for table in tables.values() for rate in table.rates
        }
        self._states = {
            id(change): States(change, reporter) for table in tables.values() for change in table.changes
        }

    def bind(self, row: Bind) -> Maker:
        """See `model.Bind`."""

        def make(record: Record) -> Iterable[Handler]:
            handler = row.bind(record)
            return () if handler is None else (handler,)

        return make

    def scenario(self, row: Scenario) -> Maker:
        """See `model.Scenario`."""
        if row.steady:
            return lambda record: self._violations(row, record)

        def look(record: Record) -> None:
            for report in self._violations(row, record):
                report(record)

        return lambda _record: (look,)

    def _violations(self, row: Scenario, record: Record) -> Iterable[Handler]:
        source = record.direction.source.address
        destination = "" if row.for_sender else record.direction.destination.address
        now = seconds(record.time)
        for what in row.what(record):
            if self._learned.judge(row.name, source, destination, what, now):
                continue
            known = self._learned.known(row.name, source, destination)
            expected = _listing([row.text.format(*entry) for entry in known if len(entry) == len(what)])
            learn = (row.name, source, destination, *what)
            yield self._constant(row.alert, row.text.format(*what), expected, learn)

    def ranged(self, row: RangeScenario) -> Maker:
        """See `model.RangeScenario`."""

        def make(record: Record) -> Iterable[Handler]:
            source, destination = record.direction.source.address, record.direction.destination.address
            now = seconds(record.time)
            for what, span in row.spans(record):
                if self._learned.judge_range(row.name, source, destination, what, span, now):
                    continue
                known = self._learned.span(row.name, source, destination, what)
                text = row.text.format(*what)
                expected = f"{text} {_span_text(known)}" if known else "nothing of the kind"
                learn = (RANGE, row.name, source, destination, *what, *span)
                yield self._constant(row.alert, f"{text} {_span_text(span)}", expected, learn)

        return make

    def rule(self, row: Rule) -> Maker:
        """See `model.Rule`."""
        if not row.steady:
            observe = self.observer(row)
            return lambda _record: (observe,)

        def make(record: Record) -> Iterable[Handler]:
            observed = row.observe(record)
            if observed is None:
                return ()
            return (self._constant(row.alert, observed, row.expected, (), row.blame),)

        return make

    def observer(self, row: Rule) -> Handler:
        """A handler that looks at every message."""
        reporter = self._reporter

        def observe(record: Record) -> None:
            observed = row.observe(record)
            if observed is not None:
                reporter.record(row.alert, record, observed, row.expected, blame=row.blame)

        return observe

    def limit(self, row: Limit) -> Maker:
        """See `model.Limit`."""
        reporter = self._reporter
        maximum = reporter.threshold(row.alert).count

        def measure(record: Record) -> None:
            value = row.measure(record)
            if value >= maximum:
                observed = row.text.format(value=value)
                reporter.record(row.alert, record, observed, f"{row.expected}, less than {maximum}")

        return lambda _record: (measure,)

    def rate(self, row: Rate) -> Maker:
        """See `model.Rate`."""
        counter = self._counters[id(row)]
        if row.when is None:
            return lambda record: (counter.bind(record),)
        if not row.steady:
            return lambda _record: (counter.count_when,)
        when = row.when
        return lambda record: (counter.bind(record),) if when(record) else ()

    def counter(self, row: Rate) -> Handler:
        """A handler that counts the messages for which the rate's condition holds."""
        return self._counters[id(row)].count_when

    def change(self, row: Change) -> Maker:
        """See `model.Change`."""
        states = self._states[id(row)]
        return lambda record: (states.bind(record) if row.steady else states.look,)

    def _constant(
        self, alert: str, observed: str, expected: str, learn: Entry, blame: Blame = Blame.SPEAKER
    ) -> Handler:
        reporter = self._reporter

        def report(record: Record) -> None:
            reporter.record(alert, record, observed, expected, blame=blame, learn=learn)

        return report


def _listing(texts: list[str]) -> str:
    if not texts:
        return "nothing of the kind"
    more = len(texts) - _EXPECTED_SHOWN
    return "; ".join(texts[:_EXPECTED_SHOWN]) + (f"; {more} more" if more > 0 else "")


def _span_text(span: Span) -> str:
    return f"{span[0]} to {span[1]}" if span[0] != span[1] else str(span[0])
