"""The two benchmarks as facts, and what changed between them."""

from collections import Counter

from holdfast.baseline.data.catalog import EARLIER, LATER, benchmark, feature_by_name, features
from holdfast.baseline.model.benchmark import Benchmark, crosswalk
from holdfast.baseline.model.vocabulary import DesiredState


def mapped(known: Benchmark) -> Counter[str]:
    return Counter(
        standard
        for control in known.controls
        for standard, targets in control.mappings.items()
        for _ in targets
    )


def test_every_control_and_mapping_is_there() -> None:
    assert len(benchmark(EARLIER).controls) == 85
    assert len(benchmark(LATER).controls) == 86
    expected = {"cis-v8": 162, "cis-v7.1": 169, "nist-800-53-r4": 267, "pci-dss-3.2.1": 196}
    assert mapped(benchmark(LATER)) == expected
    assert mapped(benchmark(EARLIER)) == expected | {"pci-dss-3.2.1": 199}


def test_domains_have_the_numbers_of_controls_that_are_published() -> None:
    counts = Counter(control.domain_code for control in benchmark(LATER).controls)
    expected = {"NS": 10, "IM": 9, "PA": 8, "DP": 8, "AM": 5, "LT": 7, "IR": 7, "PV": 7, "ES": 3, "BR": 4}
    assert counts == expected | {"DS": 7, "GS": 11}


def test_the_crosswalk_names_what_changed() -> None:
    changed = {
        row.control: row.changes for row in crosswalk(benchmark(EARLIER), benchmark(LATER)) if row.changes
    }
    assert changed == {
        "NS-2": ("title", "pages print another title"),
        "PA-6": ("title",),
        "LT-1": ("pci-dss-3.2.1: 10.6, 10.8, A3.5 dropped, nothing added",),
        "LT-4": ("pages print another title",),
        "IR-2": ("title",),
        "GS-11": ("new",),
    }


def test_pages_print_the_title_of_another_control() -> None:
    """The slip of the published pages: LT-4 is headed with LT-3's title."""
    controls = benchmark(LATER).control_by_id
    assert controls["LT-4"].published_title == controls["LT-3"].title


def test_every_feature_has_a_home_in_both_benchmarks() -> None:
    assert len(features()) == 35
    for feature in features():
        assert feature.control in benchmark(EARLIER).control_by_id
        assert feature.control in benchmark(LATER).control_by_id


def test_features_are_known_by_later_names() -> None:
    later = feature_by_name()["Microsoft Entra Authentication Required for Data Plane Access"]
    assert later.key == "central-identity"


def test_local_credentials_are_safest_absent() -> None:
    absent = {feature.key for feature in features() if feature.desired is DesiredState.ABSENT}
    assert absent == {"local-authentication", "local-admin-accounts"}
