"""Identifiers tell when they were made, and sort by it."""

import pytest

from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.kernel.ids import moment_of, new_id


def test_an_id_tells_its_moment_and_sorts_by_it() -> None:
    made = [new_id(ManualClock(moment), SystemRandomness()) for moment in (0.0, 1.5, 1_800_000_000.123)]
    assert made == sorted(made)
    assert [moment_of(id) for id in made] == pytest.approx([0.0, 1.5, 1_800_000_000.123], abs=0.001)


@pytest.mark.parametrize("text", ["", "x", "u" * 26, "A" * 26, "0" * 27])
def test_another_text_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        moment_of(text)
