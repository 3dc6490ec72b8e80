"""How reports become alerts: the first opens one, further ones between the same parties fold into it."""

from holdfast.alerts.model import MAXIMUM_FRAMES, Alert, AlertType, Key, Origin, Report, Violation, alert_id

MAXIMUM_VIOLATIONS = 200
"""Distinct violations that one alert keeps; further ones are counted."""


def opened(kind: AlertType, report: Report, origin: Origin) -> Alert:
    """A new alert for what was seen first."""
    alert = Alert(
        id=alert_id(origin.text, Key(report.type, report.source, report.destination), report.time),
        type=kind,
        severity=report.severity or kind.severity,
        source=report.source,
        destination=report.destination,
        protocol=report.protocol,
        first=report.time,
        last=report.time,
        sensors=[],
        zone=origin.zone,
        organization=origin.organization,
        site=origin.site,
    )
    add(alert, report, origin.sensor)
    return alert


def add(alert: Alert, report: Report, sensor: str = "") -> None:
    """Fold what was seen into an open alert; `sensor` is who saw it, empty for who saw the first of it."""
    alert.count += 1
    if sensor and sensor not in alert.sensors:
        alert.sensors.append(sensor)
    if report.severity is not None and report.severity.rank > alert.severity.rank:
        alert.severity = report.severity
    alert.first = min(alert.first, report.time)
    alert.last = max(alert.last, report.time)
    for violation in alert.violations:
        if violation.observed == report.observed:
            _repeat(violation, report)
            return
    if len(alert.violations) >= MAXIMUM_VIOLATIONS:
        alert.dropped_violations += 1
        return
    alert.violations.append(
        Violation(
            observed=report.observed,
            expected=report.expected,
            first=report.time,
            last=report.time,
            frames=[report.frame] if report.frame else [],
            learn=report.learn,
        )
    )


def _repeat(violation: Violation, report: Report) -> None:
    violation.count += 1
    violation.first = min(violation.first, report.time)
    violation.last = max(violation.last, report.time)
    if report.frame and len(violation.frames) < MAXIMUM_FRAMES:
        violation.frames.append(report.frame)
