"""When scheduled jobs run."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.devices.jobs.schedule import Recurrence, Schedule, read_schedule
from holdfast.kernel.clock import isoformat, parse_isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue

START = "2026-01-31T08:30:00Z"
DAY = 86_400.0


def moments(schedule: JsonObject, count: int = 4) -> list[str | None]:
    read = read_schedule({"start": START, **schedule})
    found = (read.moment(number) for number in range(count))
    return [isoformat(moment)[:16] if moment is not None else None for moment in found]


def test_runs_follow_the_recurrence() -> None:
    assert moments({}, 2) == ["2026-01-31T08:30", None]
    assert moments({"recurrence": "daily"}, 2) == ["2026-01-31T08:30", "2026-02-01T08:30"]
    assert moments({"recurrence": "weekly"}, 2) == ["2026-01-31T08:30", "2026-02-07T08:30"]


def test_months_without_the_day_take_their_last() -> None:
    assert moments({"recurrence": "monthly"}) == [
        "2026-01-31T08:30",
        "2026-02-28T08:30",
        "2026-03-31T08:30",
        "2026-04-30T08:30",
    ]


def test_the_end_is_a_count_or_a_day() -> None:
    counted: JsonValue = {"type": "occurrences", "occurrences": 2}
    assert moments({"recurrence": "daily", "end": counted}, 3)[2] is None
    dated: JsonValue = {"type": "date", "date": "2026-02-01"}
    assert moments({"recurrence": "daily", "end": dated}, 3) == ["2026-01-31T08:30", "2026-02-01T08:30", None]


def test_of_missed_runs_only_the_latest_is_due() -> None:
    daily = read_schedule({"start": START, "recurrence": "daily"})
    begin = daily.start
    assert daily.due(0, begin - 1) is None
    assert daily.due(0, begin) == 0
    assert daily.due(1, begin) is None
    assert daily.due(1, begin + 5.5 * DAY) == 5
    assert daily.due(6, begin + 5.5 * DAY) is None


@given(
    st.sampled_from(list(Recurrence)),
    st.integers(0, 3_000_000_000),
    st.floats(0, 40 * 365 * DAY),
    st.integers(0, 50),
    st.none() | st.integers(1, 999),
)
def test_the_due_run_is_the_last_whose_moment_has_come(
    recurrence: Recurrence, start: int, later: float, done: int, occurrences: int | None
) -> None:
    schedule = Schedule(float(start), recurrence, None, occurrences)
    now = start + later
    due = schedule.due(done, now)
    if due is None:
        first = schedule.moment(done)
        assert first is None or first > now
        return
    moment, following = schedule.moment(due), schedule.moment(due + 1)
    assert due >= done
    assert moment is not None
    assert moment <= now
    assert following is None or following > now


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        (None, "/schedule"),
        ({"start": "soon"}, "/schedule/start"),
        ({"start": START, "recurrence": "hourly"}, "/schedule/recurrence"),
        ({"start": START, "end": {"type": "never"}}, "/schedule/end/type"),
        ({"start": START, "end": {"type": "occurrences", "occurrences": 1000}}, "/schedule/end/occurrences"),
        ({"start": START, "end": {"type": "date", "date": 7}}, "/schedule/end/date"),
    ],
)
def test_bad_schedules_are_refused(schedule: JsonValue, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        read_schedule(schedule)
    assert caught.value.field == field


def test_a_far_future_ends() -> None:
    monthly = read_schedule({"start": "9990-01-01T00:00:00Z", "recurrence": "monthly"})
    assert monthly.moment(2000) is None
    daily = read_schedule({"start": START, "recurrence": "daily"})
    assert daily.moment(10**9) is None
    assert parse_isoformat(START) == datetime.datetime(2026, 1, 31, 8, 30, tzinfo=datetime.UTC).timestamp()
