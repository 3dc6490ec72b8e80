"""`$filter` chooses among standards, controls and assessments, or says what it does not read."""

import pytest

from holdfast.baseline.assessment.selection import MAXIMUM_CONDITIONS, selected
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject


def item(name: str, state: str, failed: int) -> JsonObject:
    return {"name": name, "properties": {"state": state, "failedControls": failed}}


ITEMS = [item("a", "Passed", 0), item("b", "Failed", 3), item("o'c", "Failed", 1)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["a", "b", "o'c"]),
        ("state eq 'Failed'", ["b", "o'c"]),
        ("properties/state eq 'failed'", ["b", "o'c"]),
        ("state ne 'Failed'", ["a"]),
        ("name eq 'o''c'", ["o'c"]),
        ("failedControls gt 1", ["b"]),
        ("failedControls le 1 and state eq 'Failed'", ["o'c"]),
        ("failedControls eq '3'", []),
        ("failedControls ne '3'", ["a", "b", "o'c"]),
        ("name ge 'b'  and  failedControls lt 3 ", ["o'c"]),
    ],
)
def test_comparisons_choose(text: str, names: list[str]) -> None:
    assert [each["name"] for each in selected(ITEMS, text) if isinstance(each, dict)] == names


@pytest.mark.parametrize(
    "text",
    [
        "state",
        "state eq Failed",
        "state eq 'Failed",
        "state eq 'Failed' or state eq 'Passed'",
        "state eq 'Failed' and",
        "contains(state, 'Fail')",
        "(state eq 'Failed')",
        "failedControls gt 12345678901",
        " and ".join(["state eq 'Failed'"] * (MAXIMUM_CONDITIONS + 1)),
    ],
)
def test_what_is_not_read_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidError, match="joined by and"):
        selected(ITEMS, text)


def test_an_unknown_field_is_named_beside_the_known_ones() -> None:
    with pytest.raises(InvalidError, match="asks for colour; there are name, state, failedControls"):
        selected(ITEMS, "colour eq 'red'")
