"""When a scheduled job runs next."""

import pytest

from holdfast.console.pages.jobs.scheduled import following
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.resources.model import Resource

NOON = parse_isoformat("2026-05-04T12:00:00Z")


def job(schedule: JsonObject, **body: bool | int) -> Resource:
    whole: JsonObject = {"enabled": True, "completed": False, "occurred": 0, "schedule": schedule, **body}
    return Resource("scheduledJob", "night", ROOT, whole, "", 0.0, 0.0)


@pytest.mark.parametrize(
    ("start", "recurrence", "coming"),
    [
        ("2026-05-05T06:00:00Z", None, "2026-05-05T06:00:00Z"),
        ("2026-05-01T22:00:00Z", "daily", "2026-05-04T22:00:00Z"),
        ("2026-04-30T06:00:00Z", "weekly", "2026-05-07T06:00:00Z"),
        ("2026-01-31T06:00:00Z", "monthly", "2026-05-31T06:00:00Z"),
    ],
)
def test_the_next_run_is_the_first_one_that_is_still_to_come(
    start: str, recurrence: str | None, coming: str
) -> None:
    schedule: JsonObject = {"start": start, "recurrence": recurrence}
    assert following(job(schedule), NOON) == parse_isoformat(coming)


def test_a_job_that_is_over_or_off_runs_no_more() -> None:
    daily: JsonObject = {"start": "2026-05-01T22:00:00Z", "recurrence": "daily"}
    assert following(job({"start": "2026-05-01T22:00:00Z"}), NOON) is None
    assert following(job(daily, enabled=False), NOON) is None
    assert following(job(daily, completed=True), NOON) is None
    ended: JsonObject = {**daily, "end": {"type": "occurrences", "occurrences": 2}}
    assert following(job(ended), NOON) is None
