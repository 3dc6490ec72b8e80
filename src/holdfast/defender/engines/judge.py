"""Judges a message once between two parties: what is learned of it, what is wrong with it, who watches it.

The result holds for every further message of the same key in the same talk, so the tables may be large and
their functions may read all fields: they run when something new is said, not for every packet.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping

from holdfast.alerts.model import Threshold
from holdfast.defender.engines.model import (
    Bind,
    Blame,
    Change,
    Per,
    RangeScenario,
    Rate,
    Rule,
    Scenario,
    Table,
    Watch,
)
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.talks import Handler, Judged, Talk
from holdfast.defender.engines.windows import Occurrences
from holdfast.defender.learned.traffic import RANGE, Entry, LearnedTraffic, Part, Span
from holdfast.defender.record import SECOND, Record, Role

_STATES = 50_000
"""Subjects whose state one `Change` remembers."""

_EXPECTED_SHOWN = 8
"""Learned entries that an alert names as expected."""


class Judge:
    """Reads the tables for one message."""

    def __init__(
        self,
        tables: Mapping[str, Table],
        watches: Iterable[Watch | Bind],
        learned: LearnedTraffic,
        reporter: Reporter,
    ) -> None:
        self._tables = tables
        self._learned = learned
        self._reporter = reporter
        self._watches: dict[str, list[Watch | Bind]] = {}
        for watch in watches:
            self._watches.setdefault(watch.protocol, []).append(watch)
        self._rates = {
            id(rate): _Counter(rate, reporter) for table in tables.values() for rate in table.rates
        }
        self._states = {
            id(change): _State(change, reporter) for table in tables.values() for change in table.changes
        }

    def judge(self, talk: Talk, record: Record) -> Judged:
        """The judgement about `record` and all that say the same."""
        handlers: list[Handler] = []
        for watch in self._watches.get(talk.protocol, ()):
            if watch.select.matches(record):
                handler = watch.handle if isinstance(watch, Watch) else watch.bind(record)
                if handler is not None:
                    handlers.append(handler)
        table = self._tables.get(talk.protocol)
        if table is None:
            return Judged(tuple(handlers), None)
        for scenario in table.scenarios:
            if scenario.select.matches(record):
                handlers += self._learn(scenario, record)
        for ranged in table.ranges:
            if ranged.select.matches(record):
                handlers += self._learn_range(ranged, record)
        for rule in table.rules:
            if rule.select.matches(record):
                handlers += self._apply(rule, record)
        handlers += [self._rates[id(rate)].handle for rate in table.rates if rate.select.matches(record)]
        handlers += self._follow(table, record)
        follows = table.industrial and record.role is Role.REQUEST
        return Judged(tuple(handlers), record.kind if follows else None)

    def flow_handlers(self, transport: str, kind: str) -> tuple[Handler, ...]:
        """What wants to see the records about conversations of a transport."""
        handlers: list[Handler] = [
            watch.handle
            for watch in self._watches.get(transport, ())
            if isinstance(watch, Watch) and (not watch.select.kinds or kind in watch.select.kinds)
        ]
        table = self._tables.get(transport)
        if table is not None:
            handlers += [self._rates[id(rate)].handle for rate in table.rates if kind in rate.select.kinds]
            handlers += [self._observer(rule) for rule in table.rules if kind in rule.select.kinds]
        return tuple(handlers)

    def _follow(self, table: Table, record: Record) -> Iterable[Handler]:
        for change in table.changes:
            if change.select.matches(record):
                state = self._states[id(change)]
                yield state.bind(record) if change.steady else state.handle

    def _learn(self, scenario: Scenario, record: Record) -> list[Handler]:
        if not scenario.steady:
            return [_Unsteady(self._violations_of(scenario)).handle]
        return list(self._violations_of(scenario)(record))

    def _violations_of(self, scenario: Scenario) -> Callable[[Record], Iterable[Handler]]:
        learned, reporter = self._learned, self._reporter

        def violations(record: Record) -> Iterable[Handler]:
            source, destination = _parties(record, scenario.for_sender)
            now = record.time / SECOND
            for what in scenario.what(record):
                if learned.judge(scenario.name, source, destination, what, now):
                    continue
                known = learned.known(scenario.name, source, destination)
                yield _constant(
                    reporter,
                    scenario.alert,
                    scenario.text.format(*what),
                    _listing([scenario.text.format(*entry) for entry in known if len(entry) == len(what)]),
                    (scenario.name, source, destination, *what),
                )

        return violations

    def _learn_range(self, scenario: RangeScenario, record: Record) -> Iterable[Handler]:
        source, destination = _parties(record, False)
        for what, span in scenario.spans(record):
            now = record.time / SECOND
            if self._learned.judge_range(scenario.name, source, destination, what, span, now):
                continue
            known = self._learned.span(scenario.name, source, destination, what)
            text = scenario.text.format(*what)
            yield _constant(
                self._reporter,
                scenario.alert,
                f"{text} {_span_text(span)}",
                f"{text} {_span_text(known)}" if known else "nothing of the kind",
                (RANGE, scenario.name, source, destination, *what, *span),
            )

    def _apply(self, rule: Rule, record: Record) -> list[Handler]:
        if not rule.steady:
            return [self._observer(rule)]
        observed = rule.observe(record)
        if observed is None:
            return []
        return [_constant(self._reporter, rule.alert, observed, rule.expected, (), rule.blame)]

    def _observer(self, rule: Rule) -> Handler:
        reporter = self._reporter

        def observe(record: Record) -> None:
            observed = rule.observe(record)
            if observed is not None:
                reporter.record(rule.alert, record, observed, rule.expected, blame=rule.blame)

        return observe


class _Unsteady:
    """Judges every message, for scenarios whose entries are values."""

    __slots__ = ("_violations",)

    def __init__(self, violations: Callable[[Record], Iterable[Handler]]) -> None:
        self._violations = violations

    def handle(self, record: Record) -> None:
        for report in self._violations(record):
            report(record)


class _Counter:
    """Counts what a `Rate` is about."""

    def __init__(self, rate: Rate, reporter: Reporter) -> None:
        self._rate = rate
        self._reporter = reporter
        threshold = reporter.threshold(rate.alert)
        self._occurrences = Occurrences(threshold.count, int(threshold.seconds * SECOND))
        self._text = rate.text.format(count=threshold.count, window=_window_text(threshold))

    def handle(self, record: Record) -> None:
        rate = self._rate
        if rate.when is not None and not rate.when(record):
            return
        if self._occurrences.add((_counted(rate.per, record), rate.group(record)), record.time):
            self._reporter.record(rate.alert, record, self._text, rate.expected, blame=rate.blame)


_Subject = tuple[str, Hashable]
"""The speaker's address, and what has the state."""


class _State:
    """Remembers what a `Change` is about."""

    def __init__(self, change: Change, reporter: Reporter) -> None:
        self._change = change
        self._reporter = reporter
        self._states: dict[_Subject, Part] = {}

    def handle(self, record: Record) -> None:
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


def _counted(per: Per, record: Record) -> Hashable:
    direction = record.direction
    if per is Per.SPEAKER:
        return direction.source.address
    if per is Per.LISTENER:
        return direction.destination.address
    return direction.source.address, direction.destination.address


def _constant(
    reporter: Reporter,
    alert: str,
    observed: str,
    expected: str,
    learn: Entry,
    blame: Blame = Blame.SPEAKER,
) -> Handler:
    def report(record: Record) -> None:
        reporter.record(alert, record, observed, expected, blame=blame, learn=learn)

    return report


def _parties(record: Record, for_sender: bool) -> tuple[str, str]:
    direction = record.direction
    return direction.source.address, "" if for_sender else direction.destination.address


def _listing(texts: list[str]) -> str:
    if not texts:
        return "nothing of the kind"
    more = len(texts) - _EXPECTED_SHOWN
    return "; ".join(texts[:_EXPECTED_SHOWN]) + (f"; {more} more" if more > 0 else "")


def _span_text(span: Span) -> str:
    return f"{span[0]} to {span[1]}" if span[0] != span[1] else str(span[0])


def _window_text(threshold: Threshold) -> str:
    seconds = threshold.seconds
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
