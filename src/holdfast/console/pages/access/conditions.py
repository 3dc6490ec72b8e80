"""Conditional access: policies to read, write and try, and the question “would this person get in?”."""

from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from holdfast.access.bodies import read_body
from holdfast.access.conditional.evaluate import Verdict
from holdfast.access.conditional.kind import KIND
from holdfast.access.conditional.model import Client, Policy, Risk, State, Strength, Window
from holdfast.access.conditional.what_if import Question, what_if
from holdfast.access.local.passkeys import METHODS as PASSKEY
from holdfast.access.people.users import KIND as USER
from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import (
    Fields,
    control,
    lines,
    people,
    store_or_delete,
    submitted,
    whole,
)
from holdfast.console.rendering import FORM, page
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ, MANAGE = Permission.ACCESS_READ, Permission.ACCESS_MANAGE
HERE = "/access/conditions"
MOODS = {State.ENABLED: "good", State.REPORT_ONLY: "waiting", State.DISABLED: ""}
STATES = {State.ENABLED: "enforced", State.REPORT_ONLY: "only reports", State.DISABLED: "off"}
METHODS = {
    "pwd otp": "password and one-time code",
    " ".join(sorted(PASSKEY)): "passkey",
    "fed": "identity provider",
    "fed mfa": "identity provider with two factors",
}
"""Ways to sign in, by their methods, for the question what would be."""


def _address(id_: str) -> str:
    return f"{HERE}/{quote(id_, safe='')}"


def _policy(stored: Resource) -> Policy:
    return read_body(stored.body, Policy)


def _does(stored: Resource) -> Cell:
    rule = _policy(stored).control
    if rule.action == "block":
        return Cell("blocks", "state", mood="bad")
    wants = [rule.strength.value] if rule.strength is not Strength.ANY else []
    wants += [f"a sign-in of the last {rule.maximum_age_minutes} minutes"] if rule.maximum_age_minutes else []
    return Cell(f"asks for {', '.join([*wants, *rule.acr])}")


TABLE = ResourceTable(
    id="conditional-access",
    title="Conditional access policies",
    kind=KIND,
    permission=READ,
    columns=(
        Column("name", "Name", lambda p: Cell(_policy(p).display_name, link=_address(p.id)), "displayName"),
        Column(
            "state",
            "State",
            lambda p: Cell(STATES[_policy(p).state], "state", mood=MOODS[_policy(p).state]),
            "state",
        ),
        Column("does", "Does", _does),
        Column("modified", "Changed", lambda p: Cell(p.modified, "moment"), "@modified"),
    ),
    search=("displayName",),
    empty="There is no policy: whoever signs in with what their account has may come from anywhere, anytime.",
)


class Answer(NamedTuple):
    """What would be."""

    allowed: bool
    verdict: Verdict


def _list(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    answer = None
    if request.query.get("principal"):
        try:
            answer = _would(request)
        except HoldfastError as error:
            problem, status = str(error), error.status
    return page(
        request,
        "access/conditions.html",
        status=status,
        problem=problem,
        table=TABLE.show(request),
        asked={name: request.query.get(name, "") for name in ("principal", "address", "methods", "time")},
        answer=answer,
        people=people(request),
        methods=METHODS,
        **_form(request, Policy(display_name="")),
    )


def _would(request: ApiRequest) -> Answer:
    query, services = request.query, request.services
    visible(request, USER, query["principal"], Permission.USER_READ)
    try:
        now = parse_isoformat(query["time"]) if query.get("time") else services.clock.now()
    except ValueError:
        raise InvalidError("The time is not understood; write it as 2027-01-31T12:00:00Z.", "time") from None
    question = Question(
        principal=query["principal"],
        address=query.get("address", "").strip(),
        now=now,
        methods=frozenset(query.get("methods", "").split()),
    )
    verdict = what_if(services.store, control(request).directory.current(), question)
    return Answer(verdict.allowed, verdict)


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    stored = visible(request, KIND, request.path["policy"], READ)
    return page(
        request,
        "access/condition.html",
        status=status,
        problem=problem,
        address=_address(stored.id),
        **_form(request, _policy(stored)),
    )


def _form(request: ApiRequest, policy: Policy) -> dict[str, object]:
    times = policy.conditions.times
    return {
        "policy": policy,
        "hours": "\n".join(map(_window_text, times.include)),
        "other_hours": "\n".join(map(_window_text, times.exclude)),
        "states": list(State),
        "clients": list(Client),
        "risks": [risk.name.lower() for risk in Risk],
        "strengths": list(Strength),
        "may_manage": request.principal.allows(MANAGE),
    }


def _window_text(window: Window) -> str:
    return f"{','.join(window.days)} {window.start}-{window.end} {window.zone}"


def _windows(text: str) -> list[JsonValue]:
    """Lines like `mon,tue 08:00-18:00 Europe/Berlin`. InvalidError for others."""
    windows: list[JsonValue] = []
    for line in lines(text):
        parts = line.split()
        start, dash, end = parts[1].partition("-") if len(parts) > 1 else ("", "", "")
        if not dash or len(parts) > 3:
            raise InvalidError(f"“{line}”: write hours as mon,tue,wed 08:00-18:00 Europe/Berlin.", "hours")
        zone = parts[2] if len(parts) == 3 else "UTC"
        windows.append({"days": [*parts[0].split(",")], "start": start, "end": end, "zone": zone})
    return windows


def _body(fields: Fields, before: JsonObject) -> JsonObject:
    """What the form says; conditions that it does not have stay what they were."""
    conditions = before.get("conditions")
    kept: JsonObject = conditions if isinstance(conditions, dict) else {}
    rule: JsonObject = {"action": "block"}
    if fields.get("action") != "block":
        rule = {
            "action": "require",
            "strength": fields.get("strength", "any"),
            "maximumAgeMinutes": whole(fields, "age", 0),
            "acr": [*lines(fields.get("acr", ""))],
        }
    return {
        "displayName": fields.get("name", "").strip(),
        "state": fields.get("state", State.REPORT_ONLY.value),
        "conditions": {
            **kept,
            "principals": _both(fields, "principals"),
            "networks": _both(fields, "networks"),
            "times": {
                "include": _windows(fields.get("hours", "")),
                "exclude": _windows(fields.get("other-hours", "")),
            },
            "clients": [client.value for client in Client if f"client-{client.value}" in fields],
            "risk": fields.get("risk", "none"),
        },
        "control": rule,
    }


def _both(fields: Fields, name: str) -> JsonObject:
    return {which: [*lines(fields.get(f"{name}-{which}", ""))] for which in ("include", "exclude")}


def _create(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        id_ = new_id(request.services.clock, request.services.randomness)
        request.services.changes.apply(request.principal, Change(Action.CREATE, KIND, id_, _body(fields, {})))
        return _address(id_)

    return submitted(request, _list, work)


def _change(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        stored = visible(request, KIND, request.path["policy"], READ)
        is_over = fields.get("do") == "delete"
        store_or_delete(request, stored, None if is_over else _body(fields, stored.body))
        return HERE if is_over else _address(stored.id)

    return submitted(request, _page, work)


ROUTES = [
    Route("GET", HERE, READ, _list, "Conditional access", is_page=True),
    Route("POST", HERE, MANAGE, _create, "Make a policy", content_types=FORM, is_page=True),
    Route("GET", f"{HERE}/{{policy}}", READ, _page, "Conditional access policy", is_page=True),
    Route(
        "POST", f"{HERE}/{{policy}}", MANAGE, _change, "Change or delete it", content_types=FORM, is_page=True
    ),
]
