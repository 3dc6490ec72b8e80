from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.functions.date_formats import format_moment
from holdfast.policy.language.functions.moments import moment_from, seconds_from

SAMPLE = "2026-03-05T14:07:09.0450000+02:30"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2026-03-05", "2026-03-05T00:00:00Z"),
        ("2026-03-05 14:07", "2026-03-05T14:07:00Z"),
        ("2026-03-05t14:07:09z", "2026-03-05T14:07:09Z"),
        ("2026-03-05T14:07:09+00:00", "2026-03-05T14:07:09Z"),
        ("2026-03-05T14:07:09-11:00", "2026-03-05T14:07:09-11:00"),
        ("2026-03-05T14:07:09.5Z", "2026-03-05T14:07:09.500Z"),
        ("2026-03-05T14:07:09.000001Z", "2026-03-05T14:07:09.000001Z"),
        ("2026-03-05T14:07:09.0000001Z", "2026-03-05T14:07:09.000000100Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
    ],
)
def test_moments_are_written_in_one_form(text: str, result: str) -> None:
    moment = moment_from(text)
    assert moment is not None
    assert moment.iso() == result


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-13-01",
        "2026-02-30",
        "2026-03-05T25:00",
        "2026-03-05T14:07:09+99:00",
        None,
        7,
        "2" * 99,
    ],
)
def test_what_is_no_moment_is_none(text: object) -> None:
    assert moment_from(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("P1D", 86_400),
        ("P1W", 604_800),
        ("P1Y2M", 425 * 86_400),
        ("PT1H30M5S", 5_405),
        ("P1DT12H", 129_600),
        ("-PT30M", -1_800),
        ("P0.5D", 43_200),
        ("P", 0),
        ("PT", None),
        ("P1H", None),
        ("1D", None),
        ("P-1D", None),
        (5, None),
    ],
)
def test_durations_are_whole_seconds(text: object, seconds: int | None) -> None:
    assert seconds_from(text) == seconds


@pytest.mark.parametrize(
    ("pattern", "result"),
    [
        ("d", "03/05/2026"),
        ("D", "Thursday, 05 March 2026"),
        ("f", "Thursday, 05 March 2026 14:07"),
        ("F", "Thursday, 05 March 2026 14:07:09"),
        ("g", "03/05/2026 14:07"),
        ("G", "03/05/2026 14:07:09"),
        ("m", "March 05"),
        ("o", "2026-03-05T14:07:09.0450000+02:30"),
        ("r", "Thu, 05 Mar 2026 11:37:09 GMT"),
        ("s", "2026-03-05T14:07:09"),
        ("t", "14:07"),
        ("T", "14:07:09"),
        ("u", "2026-03-05 11:37:09Z"),
        ("U", "Thursday, 05 March 2026 11:37:09"),
        ("y", "2026 March"),
        ("yy-M-d H:m:s", "26-3-5 14:7:9"),
        ("yyyyy", "02026"),
        ("ddd MMM hh tt", "Thu Mar 02 PM"),
        ("%t", "P"),
        ("h 'o''clock'", "2 oclock"),
        ("\\y\\M 'day' \"d\"", "yM day d"),
        ("ff fff FFF", "04 045 045"),
        ("z zz zzz K", "+2 +02 +02:30 +02:30"),
        ("g gg", "A.D. A.D."),
    ],
)
def test_formats_are_those_of_dotnet(pattern: str, result: str) -> None:
    moment = moment_from(SAMPLE)
    assert moment is not None
    assert format_moment(moment, pattern) == result


def test_an_unknown_letter_alone_is_no_format() -> None:
    moment = moment_from(SAMPLE)
    assert moment is not None
    with pytest.raises(TemplateError, match="'q'"):
        format_moment(moment, "q")


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-(10**8), 10**8))
def test_adding_seconds_is_what_the_calendar_says(start: datetime, seconds: int) -> None:
    moment = moment_from(start.strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20))
    assert moment is not None
    try:
        expected = start.replace(microsecond=0) + timedelta(seconds=seconds)
    except OverflowError:
        with pytest.raises(TemplateError):
            moment.plus(seconds)
        return
    assert moment.plus(seconds).stamp == expected
