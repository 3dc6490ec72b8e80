"""Custom rules at work."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from holdfast.alerts.model import Severity
from holdfast.defender.engines.model import SPOKEN, Watch, on
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.record import SECOND, Record
from holdfast.defender.rules.matching import describe, matches
from holdfast.defender.rules.model import Action, CustomRule
from holdfast.defender.timeline.model import EventSeverity, EventType, Timeline, TimelineEvent

ALERT = "unauthorized-operation-was-detected-by-a-user-defined-rule"
_WEEK = 7 * 86400.0
_REMEMBERED = 10_000


@dataclass(slots=True)
class Triggers:
    """When a rule matched, of the newest week."""

    times: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def add(self, time: float) -> None:
        """Note a match."""
        self.times.append(time)
        while self.times and self.times[0] < time - _WEEK:
            self.times.popleft()

    @property
    def last(self) -> float | None:
        """The newest match."""
        return self.times[-1] if self.times else None


class CustomRules:
    """Watches on behalf of the operator's rules."""

    def __init__(self, rules: Iterable[CustomRule], reporter: Reporter, timeline: Timeline) -> None:
        self._rules = tuple(rules)
        self._reporter = reporter
        self._timeline = timeline
        self.triggers: dict[str, Triggers] = {rule.name: Triggers() for rule in self._rules}

    def watches(self) -> Iterator[Watch]:
        """See `Detector.watches`."""
        for rule in self._rules:
            yield Watch(rule.protocol, on(SPOKEN), self._watcher(rule))

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _watcher(self, rule: CustomRule) -> Callable[[Record], None]:
        def watch(record: Record) -> None:
            if matches(rule, record):
                self._matched(rule, record)

        return watch

    def _matched(self, rule: CustomRule, record: Record) -> None:
        self.triggers[rule.name].add(record.time / SECOND)
        text = describe(rule, record)
        if rule.action is Action.ALERT:
            self._reporter.record(
                ALERT, record, f"{rule.name}: {text}", "what the rule excludes", severity=rule.severity
            )
            return
        direction = record.direction
        self._timeline.add(
            TimelineEvent(
                record.time / SECOND,
                EventType.USER_DEFINED_RULE_OPERATION,
                EventSeverity.NOTICE if rule.severity is Severity.LOW else EventSeverity.ALERT,
                f"{rule.name}: {text}",
                (direction.source.address, direction.destination.address),
                frame=record.frame,
            )
        )
