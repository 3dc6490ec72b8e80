"""Privileges for a while: support access that a customer approves, roles that come and go."""

from collections.abc import Iterator

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import demand
from holdfast.baseline.probes.http import Answer, ask
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.people import (
    ADMINISTRATOR,
    DEVICES,
    OPERATOR,
    Browser,
    becomes,
    listed,
    new_person,
    next_request,
    status_sight,
)
from holdfast.baseline.probes.provider import entered_provider
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject

GIVEN_SECONDS = 10.0
"""For so long access is given here, where a person gives hours."""
ENDS_SECONDS = 60.0
"""When the probe gives up waiting for the end."""
_SUPPORT = "/api/access/supportRequests"
_ELEVATIONS = "/api/access/elevations"
_PROVIDERS = "/api/access/identityProviders"
"""What an administrator may list, and an operator may not."""


def support_needs_approval(context: ProbeContext) -> Iterator[Sight]:
    """Ask for support access on an instance of its own: switched off, not approved, approved, over."""
    yield _nobody_approved_themselves(context)
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill, entered_provider(drill) as provider:
        approver = new_person(drill, provider, ADMINISTRATOR).signed_in()
        other = new_person(drill, provider, OPERATOR).signed_in()
        person = new_person(drill, provider, "support-engineer")
        engineer = person.signed_in()
        asked: JsonObject = {"role": OPERATOR, "reason": "a drill", "minutes": 60}
        yield status_sight("asking while it is off", 409, engineer.ask("POST", _SUPPORT, asked).status)
        rules: JsonObject = {"support": {"enabled": True, "approverRole": ADMINISTRATOR}}
        settings = ask(drill, "PUT", "/api/access/settings/application", Persona.KEEPER, rules)
        demand(settings, "switching support access on")
        request = str(demand(engineer.ask("POST", _SUPPORT, asked), "asking for support access")["id"])
        yield status_sight("before it is approved", 403, engineer.status())
        for who, browser in (("themselves", engineer), ("somebody without the role", other)):
            yield status_sight(f"approved by {who}", 403, _approve(browser, _SUPPORT, request).status)
        yield status_sight("approved by the named role", 200, _approve(approver, _SUPPORT, request).status)
        yield next_request(context, "while it is given", engineer.status, 200)
        yield _is_listed(drill, request)
        yield _is_recorded(drill, request)
        yield _ends_by_itself(engineer, DEVICES)


def elevation_ends(context: ProbeContext) -> Iterator[Sight]:
    """Hold no role, take one for a while with somebody's approval, and be without it again."""
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill, entered_provider(drill) as provider:
        approver = new_person(drill, provider, ADMINISTRATOR).signed_in()
        person = new_person(drill, provider, OPERATOR)
        browser = person.signed_in()
        eligible: JsonObject = {"user": person.id, "role": ADMINISTRATOR}
        path = f"/api/access/eligibleAssignments/{person.id}"
        demand(ask(drill, "PUT", path, Persona.KEEPER, eligible), "an eligible assignment")
        yield status_sight("eligible only", 403, browser.status(_PROVIDERS))
        asked: JsonObject = {"eligible": person.id, "reason": "a drill"}
        request = str(demand(browser.ask("POST", _ELEVATIONS, asked), "asking for the role")["id"])
        yield status_sight("asked for", 403, browser.status(_PROVIDERS))
        yield status_sight("approved by oneself", 403, _approve(browser, _ELEVATIONS, request).status)
        yield status_sight("approved by another", 200, _approve(approver, _ELEVATIONS, request).status)
        yield next_request(context, "while it is given", lambda: browser.status(_PROVIDERS), 200)
        yield _ends_by_itself(browser, _PROVIDERS)


def _approve(browser: Browser, collection: str, request: str) -> Answer:
    until = isoformat(browser.drill.clock.now() + GIVEN_SECONDS)
    return browser.ask("POST", f"{collection}/{request}/approve", {"decision": "a drill", "until": until})


def _ends_by_itself(browser: Browser, path: str) -> Sight:
    """Nobody ends it: the moment that was asked for comes."""
    seen, _ = becomes(browser.drill, lambda: browser.status(path), 403, ENDS_SECONDS)
    return status_sight("after its end", 403, seen)


def _is_listed(drill: ProbeContext, request: str) -> Sight:
    ids = [item["id"] for item in listed(drill, _SUPPORT)]
    seen = "listed" if request in ids else "not listed"
    return Sight("every administrator sees it", "listed", seen, request in ids)


def _is_recorded(drill: ProbeContext, request: str) -> Sight:
    """What the engineer did with it is in the audit log."""
    path = f"/audit?format=csv&resource={request}"
    seen, _ = becomes(
        drill, lambda: int("supportRequest.used" in ask(drill, "GET", path, Persona.KEEPER).text), 1, 5.0
    )
    return Sight("every request made with it", "recorded", "recorded" if seen else "no record", bool(seen))


def _nobody_approved_themselves(context: ProbeContext) -> Sight:
    """On the assessed instance itself: what is given now was approved by somebody else."""
    active = [item for item in listed(context, _SUPPORT) if item["state"] == "active"]
    wrong = [item for item in active if item.get("decidedBy") in ("", None, item.get("engineer"))]
    seen = f"{len(active)} approved, {len(wrong)} of them by nobody else"
    return Sight("support access that was given here", "approved by somebody else", seen, passed=not wrong)
