"""Conditional access: who, from where, how signed in, at what risk; felt by who is in already."""

from collections.abc import Iterator
from dataclasses import replace

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import demand
from holdfast.baseline.probes.http import Answer, ask
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.people import (
    ADMINISTRATOR,
    OPERATOR,
    Browser,
    Person,
    listed,
    new_person,
    next_request,
    status_sight,
)
from holdfast.baseline.probes.provider import entered_provider
from holdfast.kernel.json import JsonObject

_POLICIES = "/api/access/conditionalAccessPolicies"
_BLOCK: JsonObject = {"action": "block"}


def condition_refuses(context: ProbeContext) -> Iterator[Sight]:
    """Sign in on an instance of its own, then let policies come that concern the session."""
    in_force = any(policy["state"] == "enabled" for policy in listed(context, _POLICIES))
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill, entered_provider(drill) as provider:
        new_person(drill, provider, ADMINISTRATOR).signed_in()  # somebody is certain to get in
        person = new_person(drill, provider, OPERATOR)
        session = person.signed_in(("pwd",))
        yield status_sight("a session without a policy", 200, session.status())._replace(in_force=in_force)
        _put(drill, person, _BLOCK, state="reportOnly")
        yield status_sight("with a policy that only reports", 200, session.status())
        _put(drill, person, _BLOCK)
        yield next_request(context, "after the policy was enforced", session.status, 403)
        yield status_sight("a sign-in under the policy", 403, person.comes_back().status)
        yield from _circumstances(context, person, session)
        _delete(drill, person)
        yield next_request(context, "after the policy was taken away", session.status, 200)
        everybody = _put_body(
            drill, "everybody", {"displayName": "Nobody", "state": "enabled", "control": _BLOCK}
        )
        yield status_sight("a policy that would lock everybody out", 409, everybody.status)


def _circumstances(context: ProbeContext, person: Person, session: Browser) -> Iterator[Sight]:
    drill = person.drill
    _put(drill, person, {"action": "require", "strength": "mfa"})
    yield next_request(context, "one factor where two are asked for", session.status, 403)
    yield status_sight("a sign-in with two factors", 200, person.signed_in().status())
    elsewhere = Browser(replace(drill, source=context.source), session.cookies)
    _put(drill, person, _BLOCK, networks={"exclude": [drill.source]})
    yield next_request(context, "from the network that is allowed", session.status, 200)
    yield status_sight("from another network", 403, elsewhere.status())
    _put(drill, person, _BLOCK, risk="high")
    yield next_request(context, "at no risk", session.status, 200)
    signal: JsonObject = {"level": "high", "reason": "a drill", "until": drill.clock.now() + 600}
    path = f"/api/access/riskSignals/principal:{person.id}"
    demand(ask(drill, "PUT", path, Persona.KEEPER, signal), "a risk signal")
    yield next_request(context, "at a high risk", session.status, 403)


def _put(
    drill: ProbeContext, person: Person, control: JsonObject, state: str = "enabled", **conditions: object
) -> None:
    about: JsonObject = {"principals": {"include": [person.id]}, **conditions}  # type: ignore[dict-item]  # JSON
    body: JsonObject = {"displayName": "A probe's", "state": state, "conditions": about, "control": control}
    demand(_put_body(drill, person.id, body), "a policy")


def _put_body(drill: ProbeContext, id_: str, body: JsonObject) -> Answer:
    return ask(drill, "PUT", f"{_POLICIES}/{id_}", Persona.KEEPER, body)


def _delete(drill: ProbeContext, person: Person) -> None:
    ask(drill, "DELETE", f"{_POLICIES}/{person.id}", Persona.KEEPER)
