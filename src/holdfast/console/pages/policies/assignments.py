"""Assignments: what is in force, and whether it acts or only judges."""

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.policies.common import (
    MANAGE,
    READ,
    SHOWN,
    address_of,
    assigned,
    policies_of,
    stored,
    title_of,
)
from holdfast.console.rendering import FORM, page, read_form
from holdfast.kernel.json import JsonObject
from holdfast.policy.kinds.names import ASSIGNMENT, DEFINITION, INITIATIVE

_MODES = ("Default", "DoNotEnforce")


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    policies, principal = policies_of(request), request.principal
    choices = [each for kind in (INITIATIVE, DEFINITION) for each in policies.list(principal, kind, SHOWN)[0]]
    return page(
        request,
        "policies/assignments.html",
        status=status,
        problem=problem,
        assignments=(found := assigned(request)),
        definitions={
            each.id: (address_of(identifier), title_of(request.services.store, identifier))
            for each in found
            for identifier in (str(each.body["policyDefinitionId"]),)
        },
        choices=[(str(each["id"]), _title(each)) for each in choices],
        may_manage=bool(principal.reach(MANAGE)),
    )


def _title(document: JsonObject) -> str:
    properties = document.get("properties")
    title = properties.get("displayName") if isinstance(properties, dict) else None
    kind = "initiative" if "SetDefinition" in str(document["type"]) else "definition"
    return f"{title or document['name']} ({kind})"


def _assign(request: ApiRequest) -> Response:
    fields = read_form(request)
    message = fields.get("message", "").strip()
    properties: JsonObject = {
        "displayName": fields.get("title", "").strip() or fields.get("name", ""),
        "policyDefinitionId": fields.get("definition", ""),
        "enforcementMode": _MODES[0] if fields.get("enforced") else _MODES[1],
        "nonComplianceMessages": [{"message": message}] if message else [],
    }
    return _put(request, fields.get("name", ""), properties)


def _switch(request: ApiRequest) -> Response:
    """Let an assignment act, or only judge."""
    fields = read_form(request)
    name = fields.get("name", "")
    document = policies_of(request).get(request.principal, ASSIGNMENT, name)
    properties = document["properties"]
    assert isinstance(properties, dict)
    mode = _MODES[1] if properties.get("enforcementMode") == _MODES[0] else _MODES[0]
    return _put(request, name, {**properties, "enforcementMode": mode})


def _put(request: ApiRequest, name: str, properties: JsonObject) -> Response:
    known = request.services.store.get(ASSIGNMENT, name)
    place = () if known is None else (known.organization,)
    return stored(
        lambda: policies_of(request).put(
            request.principal, ASSIGNMENT, name.strip().lower(), {"properties": properties}, *place
        ),
        "/policies/assignments",
        lambda problem, status: _page(request, problem, status),
    )


def _remove(request: ApiRequest) -> Response:
    name = read_form(request).get("name", "")
    return stored(
        lambda: policies_of(request).delete(request.principal, ASSIGNMENT, name),
        "/policies/assignments",
        lambda problem, status: _page(request, problem, status),
    )


ROUTES = [
    Route("GET", "/policies/assignments", READ, _page, "Policy assignments", is_page=True),
    *(
        Route("POST", path, MANAGE, handler, summary, content_types=FORM, is_page=True)
        for path, handler, summary in (
            ("/policies/assignments", _assign, "Put a policy in force"),
            ("/policies/assignments/switch", _switch, "Let an assignment act, or only judge"),
            ("/policies/assignments/remove", _remove, "Put a policy out of force"),
        )
    ),
]
