"""The explorer's question: what the address says, and what it is compared with."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from holdfast.api.frame import ApiRequest
from holdfast.console.pages.explorer import RANGES, Asked, Earlier, Line, Split, asked_of, compared
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.principal import ANONYMOUS
from holdfast.telemetry.history import Aggregate, Point, Series

QUESTION = Asked("hall", "pump", ("t", "p"), "12h", Aggregate.MAXIMUM, Split.TEMPLATE, 2, Earlier.WEEK)


def asking(address: str) -> ApiRequest:
    query = dict(parse_qsl(urlsplit(address).query))
    return ApiRequest(None, ANONYMOUS, "GET", f"https://here{address}", {}, query, {})  # type: ignore[arg-type]  # asks no service


def test_the_address_has_the_whole_question() -> None:
    assert asked_of(asking(QUESTION.address())) == QUESTION


def test_an_address_that_says_nothing_asks_for_the_last_hour() -> None:
    assert asked_of(asking("/explorer")) == Asked(
        "", "", (), "1h", Aggregate.AVERAGE, Split.DEVICE, 0, Earlier.NONE
    )


@pytest.mark.parametrize("wrong", ["range=2h", "aggregate=median", "split=colour", "compare=year", "back=-x"])
def test_what_it_does_not_know_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidError):
        asked_of(asking(f"/explorer?{wrong}"))


def test_the_period_before_is_as_long_as_the_range() -> None:
    assert QUESTION._replace(compare=Earlier.PERIOD).earlier == RANGES["12h"]
    assert QUESTION._replace(compare=Earlier.NONE).earlier == 0


def test_an_earlier_time_is_drawn_over_the_asked_one() -> None:
    lines = compared([Line("pump", Series("p1", "t", (Point(100.0, 7.0),)))], 50.0, "a day")
    assert list(lines) == [("pump, a day before", Series("p1", "t", (Point(150.0, 7.0),)))]
