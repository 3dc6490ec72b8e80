"""Remediation: what does not comply is set right, or it is said why not."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Grant, Principal, PrincipalKind
from holdfast.policy.compliance.inventory import Inventory
from holdfast.policy.kinds.names import REMEDIATION
from holdfast.policy.remediation.engine import BATCH, RemediationEngine
from holdfast.policy.remediation.model import Difference, Task, read_task
from holdfast.policy.remediation.undo import undone
from holdfast.resources.model import Action, Change
from holdfast.runtime.kinds import KINDS
from tests.policy.compliance.samples import Watched, open_watched
from tests.policy.engine.samples import APPLICATIONS, DEVICES, modifying

_ENABLED: JsonObject = {
    "allOf": [
        {"field": "type", "equals": DEVICES},
        {"field": f"{DEVICES}/enabled", "equals": True},
    ]
}
_APPLICATION: JsonObject = {"field": "type", "equals": APPLICATIONS}
_CONNECTIONS = f"{APPLICATIONS}/privateEndpointConnections"


def person(name: str) -> Principal:
    """Somebody who may remediate, and nothing else."""
    grant = Grant(ROOT, frozenset({Permission.POLICY_REMEDIATE, Permission.POLICY_READ}))
    return Principal(name, PrincipalKind.USER, name.title(), (grant,))


ADA, GRACE = person("ada"), person("grace")


@dataclass(frozen=True)
class Repaired:
    """An instance, what watches it, and what sets it right."""

    watched: Watched
    engine: RemediationEngine

    def ask(self, assignment: str, name: str = "task", **more: object) -> Task:
        """Ask for a remediation and let everything happen."""
        self.watched.catch_up()
        body: JsonObject = {"policyAssignmentId": assignment, **more}  # type: ignore[dict-item]  # JSON by name
        self.watched.world.put(REMEDIATION, name, body, ADA)
        self.engine.step()
        self.watched.catch_up()
        return self.task(name)

    def task(self, name: str = "task") -> Task:
        stored = self.watched.world.store.get(REMEDIATION, name)
        assert stored is not None
        return read_task(stored)

    def decide(self, decision: str, who: Principal = GRACE) -> None:
        body: JsonObject = {"decision": decision}
        self.watched.world.change(Action.MERGE, REMEDIATION, "task", body, who)

    def disabled(self) -> list[str]:
        """The devices that are switched off."""
        names = self.watched.world.store.census(ROOT)
        assert names["device"]
        found = (self.watched.world.store.get("device", f"d{number}") for number in range(names["device"]))
        return [each.id for each in found if each is not None and each.body["enabled"] is False]


@pytest.fixture
def repaired(tmp_path: Path) -> Iterator[Repaired]:
    with open_watched(tmp_path) as watched:
        world = watched.world
        inventory = Inventory(world.store, KINDS)
        engine = RemediationEngine(world.store, world.changes, KINDS, inventory, watched.reading, world.clock)
        for number in range(3):
            world.put("device", f"d{number}", {"displayName": f"Device {number}"})
        yield Repaired(watched, engine)


def switching_off(repaired: Repaired, **more: object) -> str:
    """An assignment that wants devices off."""
    details = modifying(f"{DEVICES}/enabled", False)
    return repaired.watched.world.enforce(
        _ENABLED,
        "modify",
        details=details,
        enforcementMode="DoNotEnforce",
        **more,  # type: ignore[arg-type]  # JSON by name
    )


def test_every_resource_that_does_not_comply_is_changed(repaired: Repaired) -> None:
    task = repaired.ask(switching_off(repaired))
    assert task.provisioning_state == "Succeeded"
    assert task.deployment_summary.successful_deployments == 3
    assert repaired.disabled() == ["d0", "d1", "d2"]
    assert set(repaired.watched.found().values()) == {"Compliant"}


def test_what_was_before_is_kept(repaired: Repaired) -> None:
    task = repaired.ask(switching_off(repaired))
    change = task.deployments[0].changes[0]
    assert (change.pointer, change.before, change.after) == ("/enabled", True, False)
    event = repaired.watched.world.feed.search(kind="device")[0]
    assert (event.actor_name, event.on_behalf_of) == ("Policy remediation", "ada")


def test_a_dry_run_shows_the_changes_and_makes_none(repaired: Repaired) -> None:
    task = repaired.ask(switching_off(repaired), dryRun=True)
    assert task.provisioning_state == "Succeeded"
    assert {each.status for each in task.deployments} == {"Planned"}
    assert task.deployments[0].changes
    assert repaired.disabled() == []


@pytest.mark.parametrize(
    ("newest", "status", "message"),
    [("2021-06-01", "Succeeded", ""), ("2999-01-01", "Failed", "changes nothing")],
)
def test_operations_know_the_newest_version_of_the_surface(
    repaired: Repaired, newest: str, status: str, message: str
) -> None:
    condition = f"[greater(requestContext().apiVersion, '{newest}')]"
    operation: JsonObject = {"operation": "addOrReplace", "field": f"{DEVICES}/enabled", "value": False}
    details: JsonObject = {"roleDefinitionIds": [], "operations": [{**operation, "condition": condition}]}
    world = repaired.watched.world
    assignment = world.enforce(_ENABLED, "modify", details=details, enforcementMode="DoNotEnforce")
    task = repaired.ask(assignment)
    assert {each.status for each in task.deployments} == {status}
    assert all(message in each.message for each in task.deployments)
    assert len(repaired.disabled()) == (3 if status == "Succeeded" else 0)


def test_filters_and_count_bound_the_resources(repaired: Repaired) -> None:
    assignment = switching_off(repaired)
    repaired.ask(assignment, filters={"resourceIds": [f"/providers/{DEVICES}/D1"]})
    assert repaired.disabled() == ["d1"]
    repaired.ask(assignment, "more", resourceCount=1)
    assert len(repaired.disabled()) == 2


def test_resources_can_be_found_by_judging_anew(repaired: Repaired) -> None:
    assignment = switching_off(repaired)
    body: JsonObject = {
        "policyAssignmentId": assignment,
        "resourceDiscoveryMode": "ReEvaluateCompliance",
    }
    repaired.watched.world.put(REMEDIATION, "task", body, ADA)
    repaired.engine.step()
    assert len(repaired.disabled()) == 3


def test_a_task_waits_for_a_second_person_when_the_assignment_says_so(repaired: Repaired) -> None:
    task = repaired.ask(switching_off(repaired, metadata={"remediationApproval": "required"}))
    assert (task.provisioning_state, repaired.disabled()) == ("AwaitingApproval", [])
    with pytest.raises(ForbiddenError):
        repaired.decide("approve", ADA)
    repaired.decide("approve")
    repaired.engine.step()
    assert repaired.task().provisioning_state == "Succeeded"
    assert repaired.task().approved_by == "Grace"
    with pytest.raises(ConflictError):
        repaired.decide("approve")


def test_a_dry_run_needs_no_approval(repaired: Repaired) -> None:
    assignment = switching_off(repaired, metadata={"remediationApproval": "required"})
    assert repaired.ask(assignment, dryRun=True).provisioning_state == "Succeeded"


def test_a_cancelled_task_does_nothing_more(repaired: Repaired) -> None:
    repaired.ask(switching_off(repaired, metadata={"remediationApproval": "required"}))
    repaired.decide("cancel")
    repaired.engine.step()
    assert (repaired.task().provisioning_state, repaired.disabled()) == ("Canceled", [])
    with pytest.raises(ConflictError):
        repaired.decide("cancel")


def test_an_engine_goes_on_where_another_was_killed(repaired: Repaired) -> None:
    world = repaired.watched.world
    made = [Change(Action.PUT, "device", f"d{n}", {"displayName": f"{n}"}) for n in range(BATCH + 5)]
    world.changes.apply_all(SYSTEM, made)
    assignment = switching_off(repaired)
    repaired.watched.catch_up()
    world.put(REMEDIATION, "task", {"policyAssignmentId": assignment}, ADA)
    looks = count()
    repaired.engine.step(lambda: next(looks) > 0)
    assert repaired.task().provisioning_state == "Running"
    assert len(repaired.task().deployments) == BATCH
    with pytest.raises(ConflictError):
        world.change(Action.DELETE, REMEDIATION, "task")
    repaired.engine.step()
    task = repaired.task()
    assert task.provisioning_state == "Succeeded"
    assert len({each.resource_id for each in task.deployments}) == len(task.deployments) == BATCH + 5
    assert len(repaired.disabled()) == BATCH + 5


def test_a_task_gives_up_when_too_much_fails(repaired: Repaired) -> None:
    repaired.watched.world.enforce({"field": "type", "equals": DEVICES}, "deny", "lock")
    assignment = switching_off(repaired)
    task = repaired.ask(assignment, failureThreshold={"percentage": 0.5})
    assert task.provisioning_state == "Failed"
    assert task.deployment_summary.failed_deployments == 3
    assert "“About lock”" in task.deployments[0].message


def test_an_effect_that_changes_nothing_says_so(repaired: Repaired) -> None:
    task = repaired.ask(repaired.watched.world.enforce(_ENABLED, "audit"))
    assert task.provisioning_state == "Failed"
    assert "changes nothing" in task.status_message


def deploying(repaired: Repaired, related: str, network: str) -> str:
    """An assignment that wants something to exist beside the application."""
    details: JsonObject = {
        "type": related,
        "roleDefinitionIds": [],
        "deployment": {"properties": {"mode": "incremental", "template": {}}},
    }
    world = repaired.watched.world
    definition = world.define(
        "own",
        _APPLICATION,
        "deployIfNotExists",
        details=details,
        parameters={"subnet": {"type": "String"}},
    )
    return world.assign(definition, parameters={"subnet": {"value": network}})


def test_a_private_endpoint_is_a_private_network_here(repaired: Repaired) -> None:
    task = repaired.ask(deploying(repaired, _CONNECTIONS, "10.4.0.0/16"))
    assert task.provisioning_state == "Succeeded"
    stored = repaired.watched.world.store.get("application", "application")
    assert stored is not None
    assert stored.body["privateNetworks"] == ["10.4.0.0/16"]


@pytest.mark.parametrize("network", ["/subscriptions/1/subnets/default", "0.0.0.0/0", "8.8.8.0/24"])
def test_a_private_endpoint_needs_a_private_network(repaired: Repaired, network: str) -> None:
    task = repaired.ask(deploying(repaired, _CONNECTIONS, network))
    assert task.provisioning_state == "Failed"
    assert "10.4.0.0/16" in task.deployments[0].message


def test_what_cannot_be_deployed_here_is_refused_with_the_reason(repaired: Repaired) -> None:
    task = repaired.ask(deploying(repaired, "Holdfast.Defender/sensors", "10.4.0.0/16"))
    assert task.provisioning_state == "Failed"
    assert "Holdfast.Defender/sensors" in task.status_message


def test_a_policy_over_what_does_not_exist_here_has_nothing_to_set_right(repaired: Repaired) -> None:
    hub: JsonObject = {"field": "type", "equals": "Microsoft.Devices/IotHubs"}
    field = "Microsoft.Devices/IotHubs/publicNetworkAccess"
    details = modifying(field, "Disabled")
    task = repaired.ask(repaired.watched.world.enforce(hub, "modify", details=details))
    assert task.provisioning_state == "Failed"
    assert "no resource that exists here" in task.status_message


def test_secrets_survive_a_remediation(repaired: Repaired) -> None:
    world, groups = repaired.watched.world, "Holdfast.Devices/enrollmentGroups"
    keys: JsonObject = {
        "primaryKey": "cHJpbWFyeSBrZXkgb2YgcHVtcHM=",
        "secondaryKey": "c2Vjb25kYXJ5IGtleSBvZiBwdW1wcw==",
    }
    attestation: JsonObject = {"type": "symmetricKey", "symmetricKey": keys}
    world.put("enrollmentGroup", "pumps", {"displayName": "P", "type": "iot", "attestation": attestation})
    condition: JsonObject = {
        "allOf": [{"field": "type", "equals": groups}, {"field": f"{groups}/enabled", "equals": True}]
    }
    details = modifying(f"{groups}/enabled", False)
    task = repaired.ask(world.enforce(condition, "modify", details=details, enforcementMode="DoNotEnforce"))
    stored = world.store.get("enrollmentGroup", "pumps")
    assert stored is not None
    assert (stored.body["enabled"], stored.body["attestation"]) == (False, attestation)
    assert str(keys["primaryKey"]) not in str(task)


def test_nobody_but_the_engine_says_how_far_a_task_is(repaired: Repaired) -> None:
    assignment = switching_off(repaired, metadata={"remediationApproval": "required"})
    task = repaired.ask(assignment, provisioningState="Accepted", approvedBy="Grace", createdById="grace")
    assert (task.provisioning_state, task.approved_by) == ("AwaitingApproval", "")
    with pytest.raises(ConflictError):
        repaired.watched.world.put(REMEDIATION, "task", {"policyAssignmentId": assignment}, ADA)
    body: JsonObject = {"provisioningState": "Accepted"}
    with pytest.raises(ConflictError):
        repaired.watched.world.change(Action.MERGE, REMEDIATION, "task", body, ADA)


def test_requests_name_an_assignment_and_a_policy_of_it(repaired: Repaired) -> None:
    world = repaired.watched.world
    wrong: list[tuple[JsonObject, str]] = [
        ({"policyAssignmentId": "absent"}, "/policyAssignmentId"),
        (
            {"policyAssignmentId": switching_off(repaired), "policyDefinitionReferenceId": "x"},
            "/policyDefinitionReferenceId",
        ),
        ({"policyAssignmentId": "own", "colour": "red"}, "/"),
        ({"policyAssignmentId": "own", "resourceCount": 501}, "/resourceCount"),
    ]
    for body, pointer in wrong:
        with pytest.raises(InvalidError) as caught:
            world.put(REMEDIATION, "task", body, ADA)
        assert caught.value.field == pointer


def test_what_a_remediation_changed_is_taken_back(repaired: Repaired) -> None:
    assignment = switching_off(repaired)
    repaired.ask(assignment)
    repaired.watched.world.put("device", "d1", {"displayName": "Device 1", "enabled": True})
    task = repaired.ask(assignment, "back", undoes="task")
    assert repaired.disabled() == []
    assert {each.resource_id.rpartition("/")[2]: each.status.value for each in task.deployments} == {
        "d0": "Succeeded",
        "d1": "Failed",
        "d2": "Succeeded",
    }
    assert (task.deployments[0].changes[0].before, task.deployments[0].changes[0].after) == (False, True)
    assert "was changed since" in task.deployments[1].message


def test_only_what_changed_something_is_taken_back(repaired: Repaired) -> None:
    assignment = switching_off(repaired)
    with pytest.raises(InvalidError):
        repaired.ask(assignment, "back", undoes="task")
    repaired.ask(assignment, dryRun=True)
    with pytest.raises(ConflictError):
        repaired.ask(assignment, "back", undoes="task")


def test_what_an_enforced_policy_sets_again_is_said(repaired: Repaired) -> None:
    assignment = switching_off(repaired)
    repaired.ask(assignment)
    repaired.watched.world.enforce(_ENABLED, "modify", details=modifying(f"{DEVICES}/enabled", False))
    task = repaired.ask(assignment, "back", undoes="task")
    assert {each.status.value for each in task.deployments} == {"Failed"}
    assert "changed it again at once" in task.deployments[0].message


def test_values_that_were_not_there_go_again_and_deep_ones_come_back() -> None:
    body: JsonObject = {"a": {"b/c": 2, "d": 3}, "new": True}
    changes = [Difference("/a/b~1c", 1, 2), Difference("/new", None, True)]
    plan = undone(body, changes)
    assert plan.body == {"a": {"b/c": 1, "d": 3}}
    with pytest.raises(ConflictError):
        undone(plan.body, changes)
