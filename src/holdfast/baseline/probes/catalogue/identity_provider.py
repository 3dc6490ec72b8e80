"""Central identity: people and programs come in by the operator's provider, and by no imitation."""

from collections.abc import Iterator

from joserfc.jwk import ECKey

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import VERSION, demand
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.people import (
    DEVICES,
    OPERATOR,
    Person,
    listed,
    new_person,
    next_request,
    status_sight,
)
from holdfast.baseline.probes.provider import TENANT, ScratchProvider, entered_provider
from holdfast.kernel.json import JsonObject

HOUR = 3_600


def _status(drill: ProbeContext, token: str, path: str = DEVICES, method: str = "GET") -> int:
    body: JsonObject | None = {"displayName": "by a program"} if method == "PUT" else None
    return ask(drill, method, path, body=body, authorization=f"Bearer {token}").status


def provider_token_accepted(context: ProbeContext) -> Iterator[Sight]:
    """Be a provider for an instance of its own: sign somebody in, then try what a liar would."""
    in_force = any(provider["enabled"] for provider in listed(context, "/api/access/identityProviders"))
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill, entered_provider(drill) as provider:
        person = new_person(drill, provider, OPERATOR)
        status = _status(drill, provider.token(person.id))
        yield status_sight("API, a token of the provider", 200, status)._replace(in_force=in_force)
        for what, token in _lies(provider, person.id).items():
            yield status_sight(f"API, {what}", 401, _status(drill, token))
        yield from _sign_in(drill, person)


def _lies(provider: ScratchProvider, subject: str) -> dict[str, str]:
    now = int(provider.context.clock.now())
    return {
        "a token that somebody else signed": provider.token(subject, key=ECKey.generate_key("P-256")),
        "a token by the algorithm none": provider.unsigned(subject),
        "a token signed with the public key": provider.signed_with_the_public_key(subject),
        "an expired token": provider.token(subject, iat=now - 2 * HOUR, exp=now - HOUR),
        "a token without an end": provider.token(subject, exp=None),
        "a token of another issuer": provider.token(subject, iss="https://login.example"),
        "a token for another audience": provider.token(subject, aud="somebody-else"),
        "a token of another tenant": provider.token(subject, tid="foreign"),
        "an ID token": provider.token(subject, nonce="n"),
        "a token of nobody whom it knows": provider.token("nobody"),
    }


def _sign_in(drill: ProbeContext, person: Person) -> Iterator[Sight]:
    """The authorization code flow, then its answer once more, and in a browser that did not begin it."""
    yield status_sight("console, a sign-in through the provider", 200, person.signed_in().status())
    went = ask(drill, "GET", f"/sign-in/provider/{person.provider.id}", cookies={})
    back = person.provider.authorize(went.location, person.id)
    other = ask(drill, "GET", back, cookies={})
    yield status_sight("console, the answer in another browser", 401, other.status)
    forged = ask(drill, "GET", f"{back}x", cookies=went.cookies)
    yield status_sight("console, another state", 401, forged.status)
    again = ask(drill, "GET", back, cookies=went.cookies)
    yield status_sight("console, the ticket again", 401, again.status)


def service_principal_limited(context: ProbeContext) -> Iterator[Sight]:
    """Be a program with a token of the provider: it may do what its role says, and until it is gone."""
    users = listed(context, f"/api/users?{VERSION}")
    in_force = any(user.get("type") == "servicePrincipal" for user in users)
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill, entered_provider(drill) as provider:
        place, program = _program(drill)
        token = provider.token(program)
        for id_, organization in ((f"{program}-a", place), (f"{program}-b", "")):
            where: JsonObject = {"organizations": [organization]} if organization else {}
            made = ask(drill, "PUT", f"/api/devices/{id_}?{VERSION}", Persona.KEEPER, where)
            demand(made, "a device of the probes")
        own, other = (f"/api/devices/{program}-{which}?{VERSION}" for which in "ab")
        yield status_sight("API, its own devices", 200, _status(drill, token, own))._replace(
            in_force=in_force
        )
        yield status_sight("API, a device beside them", 404, _status(drill, token, other))
        yield status_sight("API, a change", 403, _status(drill, token, own, "PUT"))
        foreign = provider.token(program, tid="foreign")
        yield status_sight("API, its id in another tenant", 401, _status(drill, foreign, own))
        change = ask(drill, "PATCH", f"/api/access/users/{program}", Persona.KEEPER, {"enabled": False})
        demand(change, "disabling it")
        yield next_request(context, "API, after it was disabled", lambda: _status(drill, token, own), 401)


def _program(drill: ProbeContext) -> tuple[str, str]:
    """An organization, and a service principal that may look at its devices."""
    id_ = f"probe-{drill.randomness.bytes(4).hex()}"
    made = ask(drill, "PUT", f"/api/organizations/{id_}?{VERSION}", Persona.KEEPER, {"displayName": id_})
    demand(made, "an organization of the probes")
    viewer = "84cc62c1-dabe-49d3-b16e-8b291232b285"
    body: JsonObject = {
        "type": "servicePrincipal",
        "tenantId": TENANT,
        "objectId": id_,
        "roles": [{"role": viewer, "organization": id_}],
    }
    demand(ask(drill, "PUT", f"/api/access/users/{id_}", Persona.KEEPER, body), "a service principal")
    return id_, id_
