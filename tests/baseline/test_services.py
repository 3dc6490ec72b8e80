"""The service baselines that the product carries, and the store of the user."""

from pathlib import Path

import pytest

from holdfast.baseline.data.catalog import features
from holdfast.baseline.documents.completion import completed
from holdfast.baseline.documents.conversion import read_document
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.baseline.model.vocabulary import Answer, Combination
from holdfast.baseline.services import (
    carried_service,
    find_service,
    import_service,
    is_ours,
    known_services,
)
from holdfast.kernel.errors import NotFoundError
from tests.baseline.samples import page, shared_file

OURS = ("holdfast-platform", "holdfast-defender")


def answers(baseline: ServiceBaseline) -> dict[str, Combination]:
    return {
        entry.feature: entry.combination
        for entry in completed(baseline).entries
        if entry.supported is not Answer.NOT_APPLICABLE
    }


@pytest.mark.parametrize("key", [*OURS, "holdfast"])
def test_ours_answer_for_every_feature_and_attribute(key: str) -> None:
    baseline = carried_service(key)
    assert [entry.feature for entry in baseline.entries] == [feature.name for feature in features()]
    assert len(baseline.profile) == 4


@pytest.mark.parametrize("key", OURS)
def test_every_claim_of_ours_is_bound_to_probes_or_says_why_it_does_not_apply(key: str) -> None:
    baseline = carried_service(key)
    for entry in baseline.entries:
        assert entry.notes if entry.supported is Answer.NOT_APPLICABLE else entry.probes, entry.feature
    for line in baseline.profile:
        assert line.reason, line.attribute
        assert line.probes, line.attribute


def test_what_is_not_supported_is_shown_by_a_probe_of_its_absence() -> None:
    for key in OURS:
        for entry in carried_service(key).entries:
            if entry.supported is Answer.FALSE:
                assert all(probe.startswith("absence.") for probe in entry.probes), entry.feature


def test_what_the_operator_configures_has_guidance() -> None:
    for key in OURS:
        for entry in carried_service(key).entries:
            if entry.enabled_by_default is Answer.FALSE:
                assert entry.guidance, entry.feature


@pytest.mark.parametrize(
    ("key", "seed", "supported"),
    [
        ("iot-central", "iot-central-security-baseline.md", 9),
        ("microsoft-defender-for-iot", "microsoft-defender-for-iot-security-baseline.txt", 4),
    ],
)
def test_facts_of_the_published_services(key: str, seed: str, supported: int) -> None:
    carried = carried_service(key)
    assert sum(entry.supported is Answer.TRUE for entry in carried.entries) == supported
    assert not any(entry.notes or entry.guidance for entry in carried.entries)
    path = shared_file("seeds", seed)
    if path:
        published = read_document(path).baseline
        assert answers(carried) == answers(published)
        assert [line.value for line in carried.profile] == [line.value for line in published.profile]


def test_an_imported_page_comes_with_its_texts_and_before_the_carried_facts(tmp_path: Path) -> None:
    source = tmp_path / "page.md"
    source.write_bytes(page().replace(b"tide-gauge", b"iot-central"))
    store = tmp_path / "store"
    import_service(source, store)
    found = find_service("iot-central", store)
    assert found.name == "Tide Gauge"
    assert found.entries[0].guidance == "Anchor it well."
    assert find_service("iot-central").name == "IoT Central"


def test_an_unknown_service_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="holdfast, holdfast-defender, holdfast-platform, iot-central"):
        find_service("nowhere", tmp_path)
    with pytest.raises(NotFoundError):
        find_service("../secrets", tmp_path)


def test_the_store_adds_to_what_is_known(tmp_path: Path) -> None:
    source = tmp_path / "page.md"
    source.write_bytes(page())
    import_service(source, tmp_path / "store")
    assert set(known_services(tmp_path / "store")) - set(known_services()) == {"tide-gauge"}


def test_ours_are_told_from_others() -> None:
    assert [is_ours(key) for key in ("holdfast", *OURS, "iot-central")] == [True, True, True, False]
