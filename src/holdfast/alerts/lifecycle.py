"""What may happen to an alert. Pure: the callers hold the store and the traffic that was learned."""

from holdfast.alerts.model import Alert, Comment, Resolution, Severity, Status
from holdfast.kernel.errors import ConflictError, InvalidError

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.NEW: frozenset({Status.ACTIVE, Status.CLOSED}),
    Status.ACTIVE: frozenset({Status.NEW, Status.CLOSED}),
    Status.CLOSED: frozenset(),
}
"""A closed alert stays closed: the same traffic opens a fresh one, so that the history stays true."""

AUTO_CLOSE_AFTER = 90 * 86400.0
"""Seconds without a repetition after which an alert closes by itself."""

MAXIMUM_COMMENTS = 200
MAXIMUM_COMMENT_LENGTH = 2000


def investigate(alert: Alert) -> None:
    """Mark that somebody works on it."""
    _move(alert, Status.ACTIVE)


def close(alert: Alert, now: float, resolution: Resolution = Resolution.HANDLED) -> None:
    """End it for the reason given. Raises ConflictError when it is closed already."""
    _move(alert, Status.CLOSED)
    alert.resolution = resolution
    alert.closed_at = now


def unmute(alert: Alert) -> None:
    """Say no longer of a closed alert that nothing of its kind is raised."""
    if alert.resolution is Resolution.MUTED:
        alert.resolution = Resolution.HANDLED


def set_severity(alert: Alert, severity: Severity) -> None:
    """Let a person judge it differently from its type."""
    alert.severity = severity


def comment(alert: Alert, now: float, author: str, text: str) -> None:
    """Add a person's words. Raises InvalidError when they are empty or too many."""
    if not text.strip():
        raise InvalidError("A comment needs words.", "text")
    if len(text) > MAXIMUM_COMMENT_LENGTH:
        raise InvalidError(f"A comment has at most {MAXIMUM_COMMENT_LENGTH} characters.", "text")
    if len(alert.comments) >= MAXIMUM_COMMENTS:
        raise InvalidError(f"The alert has {MAXIMUM_COMMENTS} comments, and no more are kept.", "text")
    alert.comments.append(Comment(now, author, text))


def learnable(alert: Alert) -> bool:
    """Whether allowing what it shows means anything."""
    return any(violation.learn for violation in alert.violations)


def _move(alert: Alert, status: Status) -> None:
    if status not in TRANSITIONS[alert.status]:
        raise ConflictError(
            f"The alert {alert.id} is {alert.status} and cannot become {status}; "
            "if the same is seen again, a new alert will be opened."
        )
    alert.status = status
