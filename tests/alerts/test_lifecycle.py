from collections.abc import Callable

import pytest

from holdfast.alerts import lifecycle
from holdfast.alerts.model import Alert, AlertType, Resolution, Severity, Status
from holdfast.kernel.errors import ConflictError, InvalidError


def alert(status: Status = Status.NEW) -> Alert:
    kind = AlertType("x", "X", "anomaly", Severity.LOW, "Scan")
    return Alert("1", kind, kind.severity, "a", "b", "modbus", 1.0, 1.0, ["north"], status=status)


def end(subject: Alert) -> None:
    lifecycle.close(subject, 5.0)


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", [Status.ACTIVE, Status.CLOSED])
def test_only_the_listed_transitions_are_possible(before: Status, after: Status) -> None:
    subject = alert(before)
    actions: dict[Status, Callable[[Alert], None]] = {
        Status.ACTIVE: lifecycle.investigate,
        Status.CLOSED: end,
    }
    if after in lifecycle.TRANSITIONS[before]:
        actions[after](subject)
        assert subject.status is after
    else:
        with pytest.raises(ConflictError):
            actions[after](subject)
        assert subject.status is before


def test_closing_keeps_when_and_why() -> None:
    subject = alert()
    lifecycle.close(subject, 5.0, Resolution.MUTED)
    assert (subject.closed_at, subject.resolution, subject.open) == (5.0, Resolution.MUTED, False)


def test_a_person_may_judge_the_severity_differently() -> None:
    subject = alert()
    lifecycle.set_severity(subject, Severity.HIGH)
    assert (subject.severity, subject.type.severity) == (Severity.HIGH, Severity.LOW)


@pytest.mark.parametrize("text", ["", "  \n", "x" * (lifecycle.MAXIMUM_COMMENT_LENGTH + 1)])
def test_comments_that_say_nothing_or_too_much_are_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        lifecycle.comment(alert(), 1.0, "ada", text)


def test_comments_are_kept_in_order_and_bounded() -> None:
    subject = alert()
    for number in range(lifecycle.MAXIMUM_COMMENTS):
        lifecycle.comment(subject, float(number), "ada", f"note {number}")
    assert [comment.text for comment in subject.comments[:2]] == ["note 0", "note 1"]
    with pytest.raises(InvalidError):
        lifecycle.comment(subject, 1.0, "ada", "one too many")
