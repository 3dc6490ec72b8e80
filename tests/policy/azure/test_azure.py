"""The shapes of Azure: resources, records of compliance, the summary."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Grant, Principal, PrincipalKind
from holdfast.policy.azure.resources import PolicyResources
from holdfast.policy.azure.states import history, query_results, summary
from holdfast.policy.builtin.catalog import BASELINE, entries
from holdfast.policy.compliance.reading import EVERYWHERE, Filter
from holdfast.policy.kinds.names import ASSIGNMENT, DEFINITION, INITIATIVE, full_id
from tests.policy.compliance.samples import Watched, open_watched
from tests.policy.engine.samples import DEVICES

_NORTH = OrganizationPath("/north/")
_RULE: JsonObject = {
    "if": {
        "allOf": [
            {"field": "type", "equals": DEVICES},
            {"field": f"{DEVICES}/simulated", "equals": True},
        ]
    },
    "then": {"effect": "audit"},
}


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with open_watched(tmp_path) as opened:
        yield opened


def resources(watched: Watched) -> PolicyResources:
    return PolicyResources(watched.world.store, watched.world.changes)


def test_a_definition_is_put_read_listed_and_deleted(watched: Watched) -> None:
    policies = resources(watched)
    document: JsonObject = {"name": "ignored", "properties": {"displayName": "Own", "policyRule": _RULE}}
    made, is_new = policies.put(SYSTEM, DEFINITION, "Own", document)
    again, is_new_again = policies.put(SYSTEM, DEFINITION, "own", document)
    assert (is_new, is_new_again) == (True, False)
    assert made["id"] == full_id(DEFINITION, "own")
    assert made["type"] == "Microsoft.Authorization/policyDefinitions"
    assert policies.get(SYSTEM, DEFINITION, "OWN") == again
    listed, _ = policies.list(SYSTEM, DEFINITION)
    assert [each["name"] for each in listed] == [*(each.name for each in entries()), "own"]
    policies.delete(SYSTEM, DEFINITION, "own")
    with pytest.raises(NotFoundError):
        policies.get(SYSTEM, DEFINITION, "own")


def test_what_is_built_in_is_read_like_the_rest(watched: Watched) -> None:
    shown = resources(watched).get(SYSTEM, INITIATIVE, BASELINE)
    assert shown["type"] == "Microsoft.Authorization/policySetDefinitions"


def test_a_document_without_properties_is_refused(watched: Watched) -> None:
    with pytest.raises(InvalidError) as caught:
        resources(watched).put(SYSTEM, DEFINITION, "own", {"policyRule": _RULE})
    assert caught.value.field == "/properties"


def test_what_lies_beyond_the_reach_is_not_there(watched: Watched) -> None:
    policies = resources(watched)
    watched.world.put("organization", "north", {"displayName": "North"}, organization=_NORTH)
    body: JsonObject = {"properties": {"policyDefinitionId": full_id(INITIATIVE, BASELINE)}}
    here, _ = policies.put(SYSTEM, ASSIGNMENT, "here", body, _NORTH)
    policies.put(SYSTEM, ASSIGNMENT, "top", body)
    assert str(here["id"]).startswith("/organizations/north/providers/")
    grant = Grant(_NORTH, frozenset({Permission.POLICY_READ}))
    reader = Principal("r", PrincipalKind.USER, "Reader", (grant,))
    listed, _ = policies.list(reader, ASSIGNMENT)
    assert [each["name"] for each in listed] == ["here"]
    with pytest.raises(NotFoundError):
        policies.get(reader, ASSIGNMENT, "top")


def test_compliance_is_told_resource_by_resource_and_in_numbers(watched: Watched) -> None:
    watched.world.put("device", "pump", {"simulated": True})
    watched.world.put("device", "fan", {})
    condition = _RULE["if"]
    assert isinstance(condition, dict)
    watched.world.enforce(condition, "audit")
    watched.catch_up()
    first = query_results(watched.reading, Filter(EVERYWHERE), 1)
    second = query_results(watched.reading, Filter(EVERYWHERE), 1, str(first["@odata.nextToken"]))
    records = [each["value"][0] for each in (first, second)]  # type: ignore[index]  # lists
    assert [(each["resourceId"], each["isCompliant"]) for each in records] == [  # type: ignore[index, call-overload]  # objects
        (f"/providers/{DEVICES}/fan", True),
        (f"/providers/{DEVICES}/pump", False),
    ]
    whole = summary(watched.reading, Filter(EVERYWHERE))["value"]
    assert isinstance(whole, list)
    assert isinstance(whole[0], dict)
    assert whole[0]["results"] == {
        "nonCompliantResources": 1,
        "nonCompliantPolicies": 1,
        "resourceDetails": [
            {"complianceState": "compliant", "count": 1},
            {"complianceState": "noncompliant", "count": 1},
        ],
        "compliancePercentage": 50.0,
    }
    changes = history(watched.reading.transitions(Filter(EVERYWHERE)))["value"]
    assert isinstance(changes, list)
    assert len(changes) == 2
