"""Orders, chosen members and groups of states."""

from collections.abc import Iterator

import pytest

from holdfast.devices.query.odata import parse_filter
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.policy.azure.filters import StateFields
from holdfast.policy.azure.queries import grouped, orders, selected, sorted_groups
from holdfast.policy.azure.states import events, query_results
from holdfast.policy.compliance.reading import EVERYWHERE, Filter
from holdfast.policy.kinds.names import ASSIGNMENT, full_id
from holdfast.resources.query import Condition, Order
from tests.policy.compliance.samples import Watched, open_watched
from tests.policy.engine.samples import DEVICES

ALL = Filter(EVERYWHERE)


def read(text: str) -> Condition:
    return parse_filter(text, StateFields())


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Three devices, two of them simulated; a policy against that, and one that all fulfil."""
    with open_watched(tmp_path_factory.mktemp("queries")) as opened:
        for name, simulated in (("a", False), ("b", True), ("c", True)):
            opened.world.put("device", name, {"simulated": simulated})
        is_device: JsonObject = {"field": "type", "equals": DEVICES}
        simulated_ones: JsonObject = {"field": f"{DEVICES}/simulated", "equals": True}
        off: JsonObject = {"field": f"{DEVICES}/enabled", "equals": False}
        opened.world.enforce({"allOf": [is_device, simulated_ones]}, "Audit", "real")
        opened.world.enforce({"allOf": [is_device, off]}, "Audit", "enabled")
        opened.catch_up()
        yield opened


def names(watched: Watched, **asked: object) -> list[str]:
    """The devices that a query gives, with the assignments."""
    answer = query_results(watched.reading, asked.pop("wanted", ALL), 10, **asked)  # type: ignore[arg-type]  # by name
    return [
        f"{each['policyAssignmentName']} {str(each['resourceId'])[-1]}"  # type: ignore[index, call-overload]  # objects
        for each in answer["value"]  # type: ignore[union-attr]  # a list
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("isCompliant eq false", ["real b", "real c"]),
        ("isCompliant eq true and policyAssignmentName ne 'enabled'", ["real a"]),
        ("resourceId eq '/providers/holdfast.devices/DEVICES/a' or complianceState eq 'Exempt'",
         ["enabled a", "real a"]),
        ("not (policyDefinitionAction eq 'AUDIT')", []),
        ("policyAssignmentName in ('real') and endswith(resourceId, '/C')", ["real c"]),
        ("timestamp ge '2000-01-01T00:00:00Z' and startswith(policyAssignmentName, 'ena')",
         ["enabled a", "enabled b", "enabled c"]),
    ],
)  # fmt: skip
def test_filters_narrow(watched: Watched, text: str, found: list[str]) -> None:
    assert names(watched, wanted=Filter(EVERYWHERE, where=read(text))) == found


def test_orders_are_descending_unless_they_say_otherwise(watched: Watched) -> None:
    assert orders("resourceId, timestamp asc") == [Order("resource", True), Order("evaluated", False)]
    assert names(watched, order=orders("resourceId desc, policyAssignmentName asc")) == [
        "enabled c", "real c", "enabled b", "real b", "enabled a", "real a",
    ]  # fmt: skip


def test_pages_of_an_order_follow_one_another(watched: Watched) -> None:
    order = orders("resourceId asc")
    first = query_results(watched.reading, ALL, 4, "", order)
    last = query_results(watched.reading, ALL, 4, str(first["@odata.nextToken"]), order)
    assert (first["@odata.count"], last["@odata.count"]) == (4, 2)
    assert "@odata.nextToken" not in last


def test_members_are_chosen_without_case() -> None:
    record: JsonObject = {"resourceId": "a", "complianceState": "Error", "reason": None}
    assert list(selected([record], "ResourceId, complianceState")) == [
        {"resourceId": "a", "complianceState": "Error"}
    ]
    assert list(selected([record], "")) == [record]


_REAL, _ENABLED = full_id(ASSIGNMENT, "real"), full_id(ASSIGNMENT, "enabled")


@pytest.mark.parametrize(
    ("apply", "found"),
    [
        ("aggregate($count as Number)", [{"Number": 6}]),
        ("filter(isCompliant eq false)/aggregate($count as n)", [{"n": 2}]),
        ("groupby((complianceState), aggregate($count as n))",
         [{"complianceState": "Compliant", "n": 4}, {"complianceState": "NonCompliant", "n": 2}]),
        ("groupby((policyAssignmentId, isCompliant))",
         [{"policyAssignmentId": _ENABLED, "isCompliant": True},
          {"policyAssignmentId": _REAL, "isCompliant": True},
          {"policyAssignmentId": _REAL, "isCompliant": False}]),
        ("groupby((policyAssignmentId, resourceId))/groupby((policyAssignmentId), aggregate($count as n))",
         [{"policyAssignmentId": _ENABLED, "n": 3}, {"policyAssignmentId": _REAL, "n": 3}]),
        ("filter(resourceType eq 'a/b')/groupby((resourceId))", []),
    ],
)  # fmt: skip
def test_groups_are_counted(watched: Watched, apply: str, found: list[JsonObject]) -> None:
    groups = grouped(watched.reading, ALL, apply, read)
    assert sorted(groups, key=str) == sorted(found, key=str)


def test_groups_are_sorted_by_their_own_members(watched: Watched) -> None:
    apply = "groupby((complianceState), aggregate($count as n))"
    groups = sorted_groups(grouped(watched.reading, ALL, apply, read), "n asc")
    assert [group["n"] for group in groups] == [2, 4]


@pytest.mark.parametrize(
    "apply",
    [
        "groupby((colour))",
        "groupby(resourceId)",
        "groupby((resourceId), aggregate(timestamp with max as newest))",
        "groupby((resourceId))/groupby((complianceState))",
        "groupby((resourceId))/filter(isCompliant eq true)",
        "filter(isCompliant eq true)",
        "/".join(["groupby((resourceId))"] * 6),
    ],
)
def test_what_apply_does_not_know_is_refused(watched: Watched, apply: str) -> None:
    with pytest.raises(InvalidError):
        grouped(watched.reading, ALL, apply, read)


def test_events_are_what_policies_said_anew(watched: Watched) -> None:
    narrowed = Filter(EVERYWHERE, where=read("isCompliant eq false and policyAssignmentName eq 'real'"))
    answer = events(watched.reading.transitions(narrowed))
    assert answer["@odata.count"] == 2
    with pytest.raises(InvalidError):
        watched.reading.transitions(Filter(EVERYWHERE, where=read("resourceType eq 'x'")))
