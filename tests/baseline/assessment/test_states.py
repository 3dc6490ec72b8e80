"""Two numbers, and nothing of nothing is not everything."""

import pytest

from holdfast.baseline.assessment.states import State, count, percent, worst


def test_compliance_is_over_what_was_assessed_and_coverage_over_what_applies() -> None:
    numbers = count(
        [
            *[State.SATISFIED] * 3,
            State.NOT_SATISFIED,
            State.ERROR,
            *[State.NOT_ASSESSED] * 2,
            *[State.ATTESTATION_DUE] * 3,
            *[State.EXEMPT] * 4,
            *[State.NOT_APPLICABLE] * 5,
        ]
    )
    assert (numbers.satisfied, numbers.assessed, numbers.applicable, numbers.exempt) == (3, 5, 10, 4)
    assert (numbers.compliance, numbers.coverage) == (0.6, 0.5)


@pytest.mark.parametrize("states", [[], [State.NOT_APPLICABLE], [State.EXEMPT]])
def test_nothing_of_nothing_is_no_number(states: list[State]) -> None:
    assert (count(states).compliance, count(states).coverage) == (None, None)
    assert percent(count(states).compliance) == "–"


def test_a_whole_percentage_is_not_reached_by_rounding() -> None:
    assert percent(0.9999) == "99.9 %"
    assert percent(1.0) == "100 %"
    assert percent(0.0) == "0 %"


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([State.SATISFIED, State.NOT_SATISFIED, State.ERROR], State.NOT_SATISFIED),
        ([State.SATISFIED, State.ERROR, State.NOT_ASSESSED], State.ERROR),
        ([State.SATISFIED, State.NOT_ASSESSED], State.NOT_ASSESSED),
        ([State.SATISFIED, State.EXEMPT, State.NOT_APPLICABLE], State.SATISFIED),
        ([State.EXEMPT, State.NOT_APPLICABLE], State.EXEMPT),
        ([State.NOT_APPLICABLE], State.NOT_APPLICABLE),
        ([], State.NOT_ASSESSED),
    ],
)
def test_a_whole_is_as_good_as_its_worst_part(states: list[State], expected: State) -> None:
    assert worst(states) is expected
