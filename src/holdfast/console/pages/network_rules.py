"""Network rules: who may connect from where, with a check against locking oneself out."""

from starlette.responses import Response

from holdfast.access.application import APPLICATION, Listener, network_rules
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.kernel.errors import HoldfastError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ, MANAGE = Permission.NETWORK_READ, Permission.NETWORK_MANAGE


def _application(request: ApiRequest) -> Resource:
    found = request.services.store.get(APPLICATION, APPLICATION)
    if found is None:
        raise NotFoundError("The application's configuration is not there.")
    return found


def _page(
    request: ApiRequest, problem: str = "", status: int = 200, body: JsonObject | None = None
) -> Response:
    application = _application(request)
    shown = body or application.body
    tried = request.query.get("address", "")
    verdicts: list[tuple[str, str]] = []
    if tried:
        try:
            rules = {listener.value: network_rules(application.body, listener) for listener in Listener}
            verdicts = [(name, r.verdict(tried) or "may connect") for name, r in rules.items()]
        except HoldfastError as error:
            problem = str(error)
    return page(
        request,
        "network_rules.html",
        status=status,
        problem=problem,
        body=shown,
        listeners=[_listener_form(shown, listener.value) for listener in Listener],
        private="\n".join(map(str, _list(shown.get("privateNetworks")))),
        tried=tried,
        verdicts=verdicts,
        own=request.principal.address,
        may_manage=request.principal.allows(MANAGE),
    )


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _listener_form(body: JsonObject, name: str) -> tuple[str, str, str]:
    """The listener's name, its default action, and its rules as lines `name network`."""
    listeners = body.get("listeners")
    rules = listeners.get(name) if isinstance(listeners, dict) else None
    rules = rules if isinstance(rules, dict) else {}
    lines = [f"{r['filterName']} {r['ipMask']}" for r in _list(rules.get("ipRules")) if isinstance(r, dict)]
    return name, str(rules.get("defaultAction", "Allow")), "\n".join(lines)


def _rules_of(text: str) -> list[JsonValue]:
    rules: list[JsonValue] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, network = line.rpartition(" ")
        rules.append({"filterName": name.strip() or network, "ipMask": network})
    return rules


def _change(request: ApiRequest) -> Response:
    fields, application = read_form(request), _application(request)
    patch: JsonObject = {
        "publicNetworkAccess": fields.get("public", "Enabled"),
        "privateNetworks": [*fields.get("private", "").split()],
        "listeners": {
            listener.value: {
                "defaultAction": fields.get(f"{listener.value}-default", "Allow"),
                "ipRules": _rules_of(fields.get(f"{listener.value}-rules", "")),
            }
            for listener in Listener
        },
    }
    change = Change(Action.MERGE, APPLICATION, APPLICATION, patch, if_match=application.etag)
    try:
        request.services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _page(request, str(error), error.status, {**application.body, **patch})
    return redirect("/network-rules")


ROUTES = [
    Route("GET", "/network-rules", READ, _page, "Network rules", is_page=True),
    Route("POST", "/network-rules", MANAGE, _change, "Change them", content_types=FORM, is_page=True),
]
