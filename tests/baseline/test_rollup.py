"""The weakest part decides."""

import pytest

from holdfast.baseline.data.catalog import features, own_wording
from holdfast.baseline.model.service import Entry, ProfileAttribute, ServiceBaseline
from holdfast.baseline.model.vocabulary import Answer, Combination, Responsibility
from holdfast.baseline.rollup import roll_up

ON = Combination(Answer.TRUE, Answer.TRUE, Responsibility.HOLDFAST)
OPTION = Combination(Answer.TRUE, Answer.FALSE, Responsibility.OPERATOR)
SHARED = Combination(Answer.TRUE, Answer.FALSE, Responsibility.SHARED)
OFF = Combination(Answer.FALSE, Answer.NOT_APPLICABLE, Responsibility.NOT_APPLICABLE)
NEVER = Combination(Answer.NOT_APPLICABLE, Answer.NOT_APPLICABLE, Responsibility.NOT_APPLICABLE)


def part(key: str, feature: str, answers: Combination) -> ServiceBaseline:
    entry = Entry(feature=feature, **answers._asdict(), probes=(f"probe.{key}",))
    profile = (ProfileAttribute(attribute="Product Category", value=f"IoT, {key}", reason=f"Because {key}."),)
    return ServiceBaseline(
        key=key, name=key, profile=profile, entries=(entry,), leaves_out_not_applicable=True
    )


def rolled(feature: str, one: Combination, two: Combination) -> Entry:
    whole = roll_up("whole", "Whole", [part("a", feature, one), part("b", feature, two)])
    return next(entry for entry in whole.entries if entry.feature == feature)


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (ON, ON, ON),
        (ON, OPTION, SHARED),
        (OPTION, OPTION, OPTION),
        (ON, OFF, OFF),
        (ON, NEVER, ON),
        (NEVER, NEVER, NEVER),
    ],
)
def test_a_feature_that_is_safest_present(one: Combination, two: Combination, expected: Combination) -> None:
    entry = rolled("Data in Transit Encryption", one, two)
    assert (entry.supported, entry.enabled_by_default, entry.responsibility) == expected


@pytest.mark.parametrize(
    ("one", "two", "expected"), [(ON, OFF, ON), (OPTION, OFF, OPTION), (OFF, OFF, OFF), (OPTION, ON, ON)]
)
def test_a_feature_that_is_safest_absent(one: Combination, two: Combination, expected: Combination) -> None:
    entry = rolled("Local Admin Accounts", one, two)
    assert (entry.supported, entry.enabled_by_default, entry.responsibility) == expected


def test_that_nothing_is_to_do_is_said_only_where_it_is_so_in_every_part() -> None:
    both = roll_up("whole", "Whole", [part("a", "Azure Backup", ON), part("b", "Azure Backup", ON)])
    assert [e.guidance for e in both.entries if e.feature == "Azure Backup"] == [
        own_wording("mcsb-v1").enabled_by_default
    ]
    entries = (part("b", "Azure Backup", OPTION).entries[0].model_copy(update={"guidance": "Copy it."}),)
    other = part("b", "Azure Backup", ON).model_copy(update={"entries": entries})
    whole = roll_up("whole", "Whole", [part("a", "Azure Backup", ON), other])
    assert [e.guidance for e in whole.entries if e.feature == "Azure Backup"] == ["Copy it."]


def test_probes_reasons_and_categories_of_all_parts_count() -> None:
    whole = roll_up("whole", "Whole", [part("a", "Azure Backup", ON), part("b", "Azure Backup", ON)])
    entry = next(entry for entry in whole.entries if entry.feature == "Azure Backup")
    assert entry.probes == ("probe.a", "probe.b")
    assert (whole.profile[0].value, whole.profile[0].reason) == ("IoT, a, b", "Because a. Because b.")
    assert len(whole.entries) == len(features())
