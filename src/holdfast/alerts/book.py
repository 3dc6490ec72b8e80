"""The alerts of one sensor or platform in memory: folding, muting, closing, bounds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.alerts import lifecycle
from holdfast.alerts.exclusion import ExclusionRule, MaintenanceWindows
from holdfast.alerts.folding import add, opened
from holdfast.alerts.model import Alert, AlertType, Key, Origin, Report, Resolution, Status
from holdfast.kernel.errors import ConflictError, NotFoundError

MAXIMUM_ALERTS = 20_000
"""Open and closed alerts that a book keeps; the least important of the oldest go first."""

MAXIMUM_MUTED = 100_000


@dataclass(slots=True)
class Counters:
    """What became of the reports."""

    reports: int = 0
    disabled: int = 0
    muted: int = 0
    excluded: int = 0
    evicted: int = 0


Listener = Callable[[Alert], None]
"""Called once when an alert is opened, for forwarding and the timeline."""


@dataclass(slots=True)
class AlertBook:
    """Takes reports, holds alerts."""

    types: Mapping[str, AlertType]
    """Every type that may be reported."""
    sensor: str = "local"
    zone: str = ""
    enabled: dict[str, bool] = field(default_factory=dict)
    """Decisions of people about single types; the others follow `AlertType.enabled`."""
    exclusions: Sequence[ExclusionRule] = ()
    windows: MaintenanceWindows = field(default_factory=MaintenanceWindows)
    on_open: Listener | None = None
    maximum: int = MAXIMUM_ALERTS
    counters: Counters = field(default_factory=Counters)
    muted: dict[Key, None] = field(default_factory=dict)
    """In the order of muting, so that the oldest goes when there are too many."""
    _alerts: dict[str, Alert] = field(default_factory=dict)
    _open: dict[Key, Alert] = field(default_factory=dict)

    def report(self, report: Report) -> Alert | None:
        """Take what a detector saw; the alert that it became part of, or None when it is not wanted."""
        self.counters.reports += 1
        kind = self.types[report.type]
        if not self.wants(kind):
            self.counters.disabled += 1
            return None
        key = Key(report.type, report.source, report.destination)
        if key in self.muted:
            self.counters.muted += 1
            return None
        if self._excluded(kind, report):
            self.counters.excluded += 1
            return None
        alert = self._open.get(key)
        if alert is not None:
            add(alert, report)
            return alert
        alert = self._begin(kind, key, report)
        if self.on_open is not None:
            self.on_open(alert)
        return alert

    def wants(self, kind: AlertType) -> bool:
        """Whether alerts of this type are on."""
        return self.enabled.get(kind.id, kind.enabled)

    def get(self, identifier: str) -> Alert:
        """The alert. Raises NotFoundError."""
        alert = self._alerts.get(identifier)
        if alert is None:
            raise NotFoundError(f"There is no alert {identifier}.")
        return alert

    def __iter__(self) -> Iterator[Alert]:
        """All alerts, oldest first."""
        return iter(sorted(self._alerts.values(), key=lambda alert: (alert.first, alert.type.id)))

    def __len__(self) -> int:
        return len(self._alerts)

    def investigate(self, identifier: str) -> Alert:
        """Mark that somebody works on it."""
        alert = self.get(identifier)
        lifecycle.investigate(alert)
        return alert

    def close(self, identifier: str, now: float, resolution: Resolution = Resolution.HANDLED) -> Alert:
        """Close it; the same traffic will open a fresh alert."""
        alert = self.get(identifier)
        lifecycle.close(alert, now, resolution)
        self._open.pop(alert.key, None)
        return alert

    def learn(self, identifier: str, now: float) -> tuple[tuple[str | int, ...], ...]:
        """Close it as allowed; the entries that the caller adds to the learned traffic.

        Raises ConflictError for an alert that shows nothing that can be allowed.
        """
        alert = self.get(identifier)
        if not lifecycle.learnable(alert):
            raise ConflictError(f"'{alert.type.title}' shows nothing that can be learned; mute or close it.")
        self.close(identifier, now, Resolution.LEARNED)
        return tuple(violation.learn for violation in alert.violations if violation.learn)

    def mute(self, identifier: str, now: float) -> Alert:
        """Close it and raise nothing of the kind between these parties until it is unmuted."""
        alert = self.close(identifier, now, Resolution.MUTED)
        self.silence(alert.key)
        return alert

    def silence(self, key: Key) -> None:
        """Raise nothing with this key from now on."""
        self.muted[key] = None
        while len(self.muted) > MAXIMUM_MUTED:
            del self.muted[next(iter(self.muted))]

    def unmute(self, identifier: str) -> Alert:
        """Let the kind be raised again between these parties. Raises ConflictError when it is not muted."""
        alert = self.get(identifier)
        if alert.key not in self.muted:
            raise ConflictError(f"The alert {identifier} is not muted.")
        del self.muted[alert.key]
        lifecycle.unmute(alert)
        return alert

    def expire(self, now: float, after: float = lifecycle.AUTO_CLOSE_AFTER) -> list[Alert]:
        """Close what was not seen for `after` seconds; the alerts that were closed."""
        old = [alert for alert in self._open.values() if now - alert.last >= after]
        for alert in old:
            self.close(alert.id, now, Resolution.EXPIRED)
        self.windows.expire(now)
        return old

    def _excluded(self, kind: AlertType, report: Report) -> bool:
        if self.windows.windows and self.windows.covers(kind, report, self.sensor):
            return True
        exclusions = self.exclusions
        return bool(exclusions) and any(rule.matches(kind, report, self.sensor) for rule in exclusions)

    def _begin(self, kind: AlertType, key: Key, report: Report) -> Alert:
        if len(self._alerts) >= self.maximum:
            self._evict()
        alert = opened(kind, report, Origin(self.sensor, zone=self.zone))
        self._alerts[alert.id] = alert
        self._open[key] = alert
        return alert

    def _evict(self) -> None:
        """Make room for a tenth of the maximum: closed before open, low before high, old before new."""
        order = sorted(self._alerts.values(), key=_importance)
        for alert in order[: max(1, self.maximum // 10)]:
            if alert.open:
                lifecycle.close(alert, alert.last, Resolution.EVICTED)
            self._forget(alert)
            self.counters.evicted += 1

    def _forget(self, alert: Alert) -> None:
        del self._alerts[alert.id]
        if self._open.get(alert.key) is alert:
            del self._open[alert.key]


def _importance(alert: Alert) -> tuple[bool, int, float]:
    return alert.status is not Status.CLOSED, alert.severity.rank, alert.last
