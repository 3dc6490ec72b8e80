"""Which answers go together, and how they stand to the desired state."""

import itertools

import pytest

from holdfast.baseline.model.vocabulary import (
    REGULAR_COMBINATIONS,
    Answer,
    DesiredState,
    Responsibility,
    Standing,
    standing,
)


@pytest.mark.parametrize(
    ("supported", "enabled", "present", "absent"),
    [
        (Answer.TRUE, Answer.TRUE, Standing.MEETS, Standing.SHORT),
        (Answer.TRUE, Answer.FALSE, Standing.PARTLY, Standing.PARTLY),
        (Answer.FALSE, Answer.NOT_APPLICABLE, Standing.SHORT, Standing.MEETS),
        (Answer.NOT_APPLICABLE, Answer.NOT_APPLICABLE, Standing.NOT_APPLICABLE, Standing.NOT_APPLICABLE),
    ],
)
def test_more_is_not_always_better(
    supported: Answer, enabled: Answer, present: Standing, absent: Standing
) -> None:
    assert standing(supported, enabled, DesiredState.PRESENT) is present
    assert standing(supported, enabled, DesiredState.ABSENT) is absent


def test_five_combinations_describe_a_feature_and_two_a_control() -> None:
    about_control = {item for item in REGULAR_COMBINATIONS if item.supported is Answer.NO_RELATED_FEATURE}
    assert (len(REGULAR_COMBINATIONS - about_control), len(about_control)) == (5, 2)


def test_our_words_map_to_the_published_ones() -> None:
    published = {word: word.published for word in Responsibility}
    assert published[Responsibility.HOLDFAST] is Responsibility.MICROSOFT
    assert published[Responsibility.OPERATOR] is Responsibility.CUSTOMER
    assert all(word.published.published is word.published for word in Responsibility)


def test_a_feature_that_is_not_there_is_never_on() -> None:
    for supported, enabled in itertools.product(
        (Answer.FALSE, Answer.NOT_APPLICABLE), (Answer.TRUE, Answer.FALSE)
    ):
        assert not any(item[:2] == (supported, enabled) for item in REGULAR_COMBINATIONS)
