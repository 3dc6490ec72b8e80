"""Policies at the addresses that the published clients use: below a subscription, with filters and pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from holdfast.api.routes import ROUTES
from holdfast.console.pages.policies.overview import ROUTES as PAGES
from holdfast.policy.compliance.inventory import Inventory
from holdfast.policy.compliance.monitor import Monitor
from holdfast.policy.compliance.reading import PolicyStates
from holdfast.policy.compliance.states import open_states
from holdfast.runtime.kinds import KINDS
from tests.api.in_memory import InMemory, open_api
from tests.policy.engine.samples import DEVICES

_SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
_AUTHORIZATION = f"{_SUBSCRIPTION}/providers/Microsoft.Authorization"
_STATES = "providers/Microsoft.PolicyInsights/policyStates/latest"
_REMEDIATIONS = f"{_SUBSCRIPTION}/providers/Microsoft.PolicyInsights/remediations"
_PUMP = f"/providers/{DEVICES}/pump"


@dataclass(frozen=True)
class Azure:
    """The API, and who keeps the states behind it."""

    api: InMemory
    monitor: Monitor

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.api.client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def catch_up(self) -> None:
        while self.monitor.step():
            continue


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Azure]:
    extensions: dict[type, object] = {}
    with open_api(tmp_path, extensions=extensions, routes=[*ROUTES, *PAGES]) as api:
        world = api.world
        states = open_states(tmp_path, world.ring)
        states.prepare()
        extensions[PolicyStates] = PolicyStates(states.database)
        inventory = Inventory(world.store, KINDS)
        monitor = Monitor(world.store, KINDS, inventory, states, world.feed, world.clock)
        try:
            yield Azure(api, monitor)
        finally:
            states.close()


def define(azure: Azure) -> str:
    """A definition about simulated devices; its id."""
    named = [{"field": "type", "equals": DEVICES}, {"field": f"{DEVICES}/simulated", "equals": True}]
    rule = {"if": {"allOf": named}, "then": {"effect": "audit"}}
    body = {"properties": {"displayName": "Real devices only", "policyRule": rule}}
    return str(azure.ok("PUT", f"{_AUTHORIZATION}/policyDefinitions/real", body)["id"])


def assign(azure: Azure) -> None:
    """Two devices, and an assignment about them that was looked at."""
    for name, simulated in (("pump", True), ("fan", False)):
        azure.api.world.put("device", name, {"simulated": simulated})
    body = {"properties": {"policyDefinitionId": define(azure)}}
    azure.ok("PUT", f"{_AUTHORIZATION}/policyAssignments/here", body)
    azure.catch_up()


@pytest.mark.parametrize("scope", ["", _SUBSCRIPTION, f"{_SUBSCRIPTION}/resourceGroups/any"])
def test_what_is_stored_below_a_subscription_is_the_applications(azure: Azure, scope: str) -> None:
    assign(azure)
    address = f"{scope}/providers/Microsoft.Authorization/policyAssignments"
    assert [each["name"] for each in azure.ok("GET", address)["value"]] == ["here"]
    assert azure.ok("GET", f"{address}/here")["properties"]["scope"] == "/"


def test_lists_tell_what_is_built_in_from_what_is_not(azure: Azure) -> None:
    assign(azure)
    definitions = f"{_AUTHORIZATION}/policyDefinitions"
    own = azure.ok("GET", f"{definitions}?$filter=policyType eq 'Custom'")["value"]
    built = azure.ok("GET", f"{definitions}?$filter=policyType eq 'BuiltIn'")["value"]
    assert [each["name"] for each in own] == ["real"]
    assert {each["properties"]["policyType"] for each in built} == {"BuiltIn"}
    assert len(azure.ok("GET", definitions)["value"]) == len(own) + len(built)
    assert azure.ok("GET", f"{_AUTHORIZATION}/policyAssignments?$filter=atScope()")["value"]
    assert azure.api.client.get(f"{definitions}?$filter=category eq 'x'").status_code == 400


def test_an_assignment_is_patched(azure: Azure) -> None:
    assign(azure)
    address = f"{_AUTHORIZATION}/policyAssignments/here"
    unchanged = azure.ok("PATCH", address, {"location": "westeurope"})
    assert unchanged["properties"]["enforcementMode"] == "Default"
    changed = azure.ok("PATCH", address, {"properties": {"enforcementMode": "DoNotEnforce"}})
    assert changed["properties"]["enforcementMode"] == "DoNotEnforce"
    assert changed["properties"]["policyDefinitionId"] == unchanged["properties"]["policyDefinitionId"]


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ("", {"fan", "pump"}),
        (_SUBSCRIPTION, {"fan", "pump"}),
        (f"{_SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/here", {"fan", "pump"}),
        (f"{_SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/other", set()),
        (_PUMP, {"pump"}),
        ("/organizations/north", set()),
    ],
)
def test_states_are_asked_for_at_a_scope(azure: Azure, scope: str, found: set[str]) -> None:
    assign(azure)
    answer = azure.ok("POST", f"{scope}/{_STATES}/queryResults")
    assert {each["resourceId"].rpartition("/")[2] for each in answer["value"]} == found


def test_states_are_filtered_paged_and_explained(azure: Azure) -> None:
    assign(azure)
    address = f"{_SUBSCRIPTION}/{_STATES}/queryResults"
    (record,) = azure.ok("POST", f"{address}?$filter=complianceState eq 'NonCompliant'")["value"]
    assert record["resourceId"] == _PUMP
    compared = record["policyEvaluationDetails"]["evaluatedExpressions"]
    assert [(each["path"], each["expressionValue"]) for each in compared] == [
        ("type", DEVICES),
        ("simulated", True),
    ]
    only = azure.ok(
        "POST", f"{address}?api-version=2024-10-01&$top=1&$orderby=resourceId asc&$select=resourceId"
    )
    assert only["value"] == [{"resourceId": f"/providers/{DEVICES}/fan"}]
    assert "@odata.nextLink" not in only
    counted = azure.ok("POST", f"{address}?$apply=groupby((isCompliant),aggregate($count as n))&$orderby=n")
    assert [each["n"] for each in counted["value"]] == [1, 1]
    changed = azure.ok("POST", address.replace("policyStates/latest", "policyEvents/default"))
    assert {each["isCompliant"] for each in changed["value"]} == {True, False}
    for query in ("$filter=colour eq 'red'", "$apply=concat()", "$orderby=colour"):
        assert azure.api.client.post(f"{address}?{query}").status_code == 400
    refused = azure.api.client.post(address.replace("/latest/", "/default/"))
    assert "policyStates/latest" in refused.json()["error"]["message"]


def test_states_come_in_pages(azure: Azure) -> None:
    assign(azure)
    for number in range(100):
        azure.api.world.put("device", f"pump-{number}", {"simulated": True})
    azure.catch_up()
    first = azure.ok("POST", f"{_SUBSCRIPTION}/{_STATES}/queryResults?policyAssignmentName=here")
    second = azure.ok("POST", first["@odata.nextLink"])
    assert [len(each["value"]) for each in (first, second)] == [100, 2]
    assert "@odata.nextLink" not in second


def test_an_evaluation_is_asked_for_and_waited_for(azure: Azure) -> None:
    assign(azure)
    azure.api.world.clock.advance(60)
    asked = azure.api.client.post(f"{_SUBSCRIPTION}/{_STATES}/triggerEvaluation?api-version=2024-10-01")
    assert asked.status_code == 202
    assert azure.api.client.get(asked.headers["location"]).status_code == 202
    azure.catch_up()
    assert azure.api.client.get(asked.headers["location"]).status_code == 200
    nowhere = f"{_SUBSCRIPTION}/providers/Microsoft.PolicyInsights/asyncOperationResults/soon"
    assert azure.api.client.get(nowhere).status_code == 404


def test_counts_in_counts_without_end_are_refused_with_their_pointer(azure: Azure) -> None:
    condition: Any = {"field": "name", "equals": "x"}
    for _ in range(40):
        condition = {"count": {"value": [1], "where": condition}, "greater": 0}
    body = {"properties": {"policyRule": {"if": condition, "then": {"effect": "audit"}}}}
    refused = azure.api.client.put(f"{_AUTHORIZATION}/policyDefinitions/deep", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["target"].startswith("/properties/policyRule/if/count/where/count/where")


def test_a_remediation_of_too_much_is_refused(azure: Azure) -> None:
    assign(azure)
    asked = {"policyAssignmentId": f"{_AUTHORIZATION}/policyAssignments/here", "resourceCount": 50_000}
    refused = azure.api.client.put(f"{_REMEDIATIONS}/all", json={"properties": asked})
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "/resourceCount")


def test_a_remediation_reads_as_published(azure: Azure) -> None:
    assign(azure)
    properties = {
        "policyAssignmentId": f"{_AUTHORIZATION}/policyAssignments/here",
        "failureThreshold": {"percentage": 0.5},
    }
    made = azure.ok("PUT", f"{_REMEDIATIONS}/fix", {"properties": properties})["properties"]
    assert made["provisioningState"] == "Accepted"
    assert made["deploymentStatus"] == {
        "totalDeployments": 0,
        "successfulDeployments": 0,
        "failedDeployments": 0,
    }
    assert azure.ok("POST", f"{_REMEDIATIONS}/fix/listDeployments") == {"value": []}
    assert azure.ok("POST", f"{_REMEDIATIONS}/fix/cancel")["properties"]["provisioningState"] == "Canceled"
