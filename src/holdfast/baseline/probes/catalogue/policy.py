"""Policies: what a policy forbids does not happen, at every way in."""

from collections.abc import Iterator

from holdfast.baseline.probes.context import Need, Persona, ProbeContext
from holdfast.baseline.probes.devices import VERSION, demand
from holdfast.baseline.probes.http import Answer, ask
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.people import listed
from holdfast.kernel.json import JsonObject

_AUTHORIZATION = "/providers/Microsoft.Authorization"
_DEVICES = "Holdfast.Devices/devices"
_DENIED = "RequestDisallowedByPolicy"


def deny_refuses_change(context: ProbeContext) -> Iterator[Sight]:
    """Assign a policy of each effect on an instance of its own, and make changes that concern them."""
    assert context.scratch is not None  # the probe needs it
    watched = _is_watched(context) if context.has(Need.PERSONAS) else None
    with context.scratch.shared() as drill:
        for sight in _judged(drill):
            yield sight._replace(in_force=watched)


def _is_watched(context: ProbeContext) -> bool:
    """Whether any policy is assigned on the assessed instance, be it enforced or only judging."""
    return bool(listed(context, f"{_AUTHORIZATION}/policyAssignments"))


def _judged(context: ProbeContext) -> Iterator[Sight]:
    _assign(context, "forbids-simulated", _named("forbidden"), {"effect": "deny"})
    change: JsonObject = {"operation": "addOrReplace", "field": f"{_DEVICES}/enabled", "value": False}
    details: JsonObject = {"roleDefinitionIds": [], "operations": [change]}
    _assign(context, "switches-off", _named("changed"), {"effect": "modify", "details": details})
    _assign(context, "notes", _named("noted"), {"effect": "audit"})

    yield _refused("a new device", _put(context, "one", "forbidden"))
    demand(_put(context, "two", "allowed"), "a device that no policy concerns")
    changed = ask(
        context, "PATCH", f"/api/devices/two?{VERSION}", Persona.KEEPER, {"displayName": "forbidden"}
    )
    yield _refused("a change of a device", changed)
    kept = demand(ask(context, "GET", f"/api/devices/two?{VERSION}", Persona.KEEPER), "the device")
    name = str(kept["displayName"])
    yield Sight("the device afterwards", "still named allowed", f"named {name}", name == "allowed")

    modified = demand(_put(context, "three", "changed"), "a device that a policy modifies")
    seen = f"enabled is {modified.get('enabled')}"
    yield Sight("a device that a policy modifies", "enabled is False", seen, modified.get("enabled") is False)

    noted = _put(context, "four", "noted").status
    yield Sight("a device that a policy only audits", "status 200", f"status {noted}", noted == 200)


def _named(name: str) -> JsonObject:
    return {
        "allOf": [
            {"field": "type", "equals": _DEVICES},
            {"field": f"{_DEVICES}/displayName", "equals": name},
        ]
    }


def _assign(context: ProbeContext, name: str, condition: JsonObject, then: JsonObject) -> None:
    definition = f"{_AUTHORIZATION}/policyDefinitions/{name}"
    rule: JsonObject = {"mode": "All", "policyRule": {"if": condition, "then": then}}
    demand(ask(context, "PUT", definition, Persona.KEEPER, {"properties": rule}), f"the definition {name}")
    assignment: JsonObject = {"properties": {"policyDefinitionId": definition}}
    path = f"{_AUTHORIZATION}/policyAssignments/{name}"
    demand(ask(context, "PUT", path, Persona.KEEPER, assignment), f"the assignment {name}")


def _put(context: ProbeContext, device: str, name: str) -> Answer:
    return ask(context, "PUT", f"/api/devices/{device}?{VERSION}", Persona.KEEPER, {"displayName": name})


def _refused(subject: str, answer: Answer) -> Sight:
    good = answer.status == 403 and _DENIED in answer.text
    seen = _DENIED if good else f"status {answer.status}"
    return Sight(f"{subject} that a policy denies", f"status 403, {_DENIED}", seen, good)
