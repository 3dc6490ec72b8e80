"""Questions about kept states: counts, percentages, lists in pages, and nobody beyond their reach."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath
from holdfast.policy.compliance.judging import State
from holdfast.policy.compliance.model import Counts, counts
from holdfast.policy.compliance.reading import EVERYWHERE, Filter
from holdfast.policy.kinds.names import EXEMPTION
from tests.policy.compliance.samples import Watched, open_watched
from tests.policy.engine.samples import DEVICES

_NORTH = OrganizationPath("/north/")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Two policies; four devices: fine, simulated, nameless, exempt from one and fine with the other."""
    with open_watched(tmp_path) as opened:
        world = opened.world
        world.put("organization", "north", {"displayName": "North"}, organization=_NORTH)
        names = {"fine": {}, "simulated": {"simulated": True}, "off": {"enabled": False}}
        for name, body in names.items():
            world.put("device", name, dict(body))
        world.put("device", "exempt", {"simulated": True}, organization=_NORTH)
        is_device: JsonObject = {"field": "type", "equals": DEVICES}
        simulated: JsonObject = {"field": f"{DEVICES}/simulated", "equals": True}
        off: JsonObject = {"field": f"{DEVICES}/enabled", "equals": False}
        assignment = world.enforce({"allOf": [is_device, simulated]}, "audit", "real")
        world.enforce({"allOf": [is_device, off]}, "audit", "on")
        exemption: JsonObject = {
            "policyAssignmentId": assignment,
            "exemptionCategory": "Waiver",
            "scope": "/organizations/north",
        }
        world.put(EXEMPTION, "north", exemption)
        opened.catch_up()
        yield opened


def test_of_several_policies_the_worst_answer_is_the_resources(watched: Watched) -> None:
    assert watched.reading.by_resource(Filter(EVERYWHERE)) == Counts(compliant=2, non_compliant=2)


def test_exempt_ones_are_apart_from_the_percentage(watched: Watched) -> None:
    found = watched.reading.by_resource(Filter(EVERYWHERE, assignment="real"))
    assert found == Counts(compliant=2, non_compliant=1, exempt=1)
    assert found.percentage == pytest.approx(66.67, abs=0.01)


def test_counts_come_by_policy(watched: Watched) -> None:
    found = watched.reading.by_policy(Filter(EVERYWHERE))
    assert found["on", ""] == Counts(compliant=3, non_compliant=1)
    assert found["real", ""].exempt == 1


def test_nobody_sees_beyond_their_reach(watched: Watched) -> None:
    north = watched.reading.find(Filter((_NORTH,)))
    assert {each.name for each in north} == {"exempt"}
    assert watched.reading.find(Filter(())) == []
    assert watched.reading.by_resource(Filter(())) == Counts()
    assert all(each.organization == _NORTH for _, each in watched.reading.transitions(Filter((_NORTH,))))


def test_filters_narrow_and_pages_follow_one_another(watched: Watched) -> None:
    everything = watched.reading.find(Filter(EVERYWHERE))
    pages = []
    after = None
    while page := watched.reading.find(Filter(EVERYWHERE), 3, after):
        pages += page
        after = page[-1][:3]
    assert pages == everything
    assert len(everything) == 8
    against = watched.reading.find(Filter(EVERYWHERE, state=State.NON_COMPLIANT))
    assert {(each.assignment, each.name) for each in against} == {("real", "simulated"), ("on", "off")}
    below = watched.reading.find(Filter(EVERYWHERE, resource="/organizations/north", assignment="on"))
    assert [each.name for each in below] == ["exempt"]


def test_percentages_of_nothing_are_none() -> None:
    assert counts([]).percentage is None
    assert counts([("Exempt", 3), ("Unknown", 1)]).percentage is None
    assert counts([("Compliant", 3), ("Error", 1)]).percentage == 75.0
    assert counts([("Compliant", 3), ("Error", 1)]) + counts([("Error", 2)]) == Counts(compliant=3, error=3)
