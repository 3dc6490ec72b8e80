"""The explorer's question: what the address says, and what it is compared with."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from holdfast.api.frame import ApiRequest
from holdfast.console.pages.explorer import (
    RANGES,
    Asked,
    Comparison,
    Line,
    Period,
    Split,
    asked_of,
    overlaid,
)
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.principal import ANONYMOUS
from holdfast.telemetry.history import Aggregate, Point, Series

QUESTION = Asked("hall", "pump", ("t", "p"), "12h", Aggregate.MAXIMUM, Split.TEMPLATE, 2, Comparison.WEEK)


def asking(address: str) -> ApiRequest:
    query = dict(parse_qsl(urlsplit(address).query))
    return ApiRequest(None, ANONYMOUS, "GET", f"https://here{address}", {}, query, {})  # type: ignore[arg-type]  # asks no service


def test_the_address_has_the_whole_question() -> None:
    assert asked_of(asking(QUESTION.address())) == QUESTION


def test_an_address_that_says_nothing_asks_for_the_last_hour() -> None:
    assert asked_of(asking("/explorer")) == Asked(
        "", "", (), "1h", Aggregate.AVERAGE, Split.DEVICE, 0, Comparison.NONE
    )


def test_a_range_from_and_to_is_absolute_and_moves_by_its_own_length() -> None:
    asked = asked_of(asking("/explorer?from=2026-05-04T06:00&to=2026-05-04T08:00:00%2B01:00&compare=period"))
    period = asked.period(9e9)
    assert (asked.span, period) == (3600.0, asked.custom)
    assert asked_of(asking(asked.address())) == asked
    assert asked.moved(1).custom == asked.compared(period) == period.before(3600)
    assert asked_of(asking("/explorer?range=1d&from=2026-05-04&to=2026-05-05")).range == "1d"


def test_a_range_that_ends_now_moves_back_and_no_further_than_now() -> None:
    asked = asked_of(asking("/explorer?range=1h"))
    assert asked.moved(2).period(1e6) == Period(1e6 - 10_800, 1e6 - 7200)
    assert asked.moved(2).moved(-3) == asked


@pytest.mark.parametrize(
    "wrong",
    [
        "range=2h",
        "aggregate=median",
        "split=colour",
        "compare=year",
        "back=-x",
        "range=custom",
        "from=2026-05-04",
        "from=2026-05-04&to=2026-05-04",
        "from=x&to=2026-05-04",
        "from=0001-01-01&to=9999-12-31",
        "compare=custom",
        "compare=custom&compareFrom=2026-05-05&compareTo=2026-05-04",
    ],
)
def test_what_it_does_not_know_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidError):
        asked_of(asking(f"/explorer?{wrong}"))


def test_what_a_range_is_compared_with() -> None:
    period = QUESTION.period(1e6)
    assert QUESTION.compared(period) == period.before(RANGES["7d"])
    assert QUESTION._replace(compare=Comparison.PERIOD).compared(period) == period.before(RANGES["12h"])
    assert QUESTION._replace(compare=Comparison.NONE).compared(period) is None


def test_a_range_is_compared_with_any_other_time_that_the_address_keeps() -> None:
    asked = asked_of(asking("/explorer?range=1h&compare=custom&compareFrom=2026-05-04&compareTo=2026-05-06"))
    assert asked_of(asking(asked.address())) == asked
    other = asked.compared(asked.period(2e9))
    assert other == asked.other
    assert other.span == 2 * RANGES["1d"]
    assert asked.moved(1).other == other, "the other time stays where it is"


def test_another_time_is_drawn_over_the_asked_one() -> None:
    lines = overlaid([Line("pump", Series("p1", "t", (Point(100.0, 7.0),)))], 50.0, "a day before")
    assert list(lines) == [Line("pump, a day before", Series("p1", "t", (Point(150.0, 7.0),)), over="pump")]
