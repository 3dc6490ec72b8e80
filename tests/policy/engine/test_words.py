"""What people read about the values that are to blame."""

import pytest

from holdfast.policy.engine.words import because
from holdfast.policy.language.evaluation.reasons import Reason
from holdfast.policy.language.values import UNDEFINED


def compared(operator: str, actual: object, expected: object) -> Reason:
    return Reason("field", True, "X/y/colour", operator, actual, expected)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (compared("equals", "", ""), "colour is empty (equals empty)"),
        (compared("equals", None, "red"), "colour is missing (equals red)"),
        (compared("greater", 3, 2), "colour is 3 (greater 2)"),
        (compared("exists", None, False), "colour is missing"),
        (compared("exists", UNDEFINED, "false"), "colour is missing"),
        (compared("exists", "red", True), "colour is there"),
    ],
)
def test_a_comparison_is_told_by_its_values(reason: Reason, words: str) -> None:
    assert because(reason) == words
