"""What policies say of resources, in the shapes of Azure: `policyStates` and `policyEvents`."""

import re
from functools import partial
from urllib.parse import urlencode

from holdfast.api.azure.policies import READ, REMEDIATE, SCOPES, number, place
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.query.odata import parse_filter
from holdfast.kernel.errors import ForbiddenError, InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.policy.azure.filters import StateFields, filter_from
from holdfast.policy.azure.queries import grouped, orders, sorted_groups
from holdfast.policy.azure.resources import INSIGHTS
from holdfast.policy.azure.states import events, history, query_results, summary
from holdfast.policy.compliance.model import Transition
from holdfast.policy.compliance.monitor import EVALUATION_ASKED
from holdfast.policy.compliance.reading import Filter, PolicyStates


def _states(request: ApiRequest) -> PolicyStates:
    return request.services.extension(PolicyStates)


_read_condition = partial(parse_filter, fields=StateFields())


def _wanted(request: ApiRequest) -> Filter:
    reach = Filter(request.principal.reach(READ))
    return filter_from(request.query, reach, _read_condition, request.path.get("scope", ""))


def _query(request: ApiRequest) -> Reply:
    """States as records; a `$top` is all that is wanted, so no further page is offered then."""
    wanted, limit = _wanted(request), number(request, "$top", 100)
    order = request.query.get("$orderby", "")
    if apply := request.query.get("$apply", ""):
        groups = grouped(_states(request), wanted, apply, _read_condition)
        found = sorted_groups(groups, order)[: limit if "$top" in request.query else None]
        return Reply(200, {"@odata.count": len(found), "value": [*found]})
    token = request.query.get("$skiptoken", "")
    ordered = orders(order) if order else ()
    body = query_results(_states(request), wanted, limit, token, ordered, request.query.get("$select", ""))
    return Reply(200, _page(request, body))


def _page(request: ApiRequest, body: JsonObject) -> JsonObject:
    if "@odata.nextToken" not in body or "$top" in request.query:
        return body
    following = {**request.query, "$skiptoken": str(body["@odata.nextToken"])}
    return {**body, "@odata.nextLink": f"{request.url.partition('?')[0]}?{urlencode(following)}"}


def _only_latest(_request: ApiRequest) -> Reply:
    raise InvalidError(
        "The latest states are kept, and what became of them: ask policyStates/latest, or policyEvents.",
        "policyStates",
    )


def _summarize(request: ApiRequest) -> Reply:
    return Reply(200, summary(_states(request), _wanted(request)))


def _history(request: ApiRequest) -> Reply:
    return Reply(200, history(_transitions(request)))


def _events(request: ApiRequest) -> Reply:
    return Reply(200, _page(request, events(_transitions(request))))


def _transitions(request: ApiRequest) -> list[tuple[int, Transition]]:
    token = request.query.get("$skiptoken", "")
    before = int(token) if token.isascii() and token.isdigit() and len(token) < 19 else None
    return _states(request).transitions(_wanted(request), number(request, "$top", 100), before)


def _trigger(request: ApiRequest) -> Reply:
    """Everything is judged again; the answer says where to see when that is done. ForbiddenError at an
    organization where the caller may not ask for it."""
    if "organization" in request.path and not request.principal.allows(REMEDIATE, place(request)):
        raise ForbiddenError(f"To judge again takes {REMEDIATE} at {request.path['organization']}.")
    asked = request.services.clock.now()
    request.services.changes.record(request.principal, EVALUATION_ASKED)
    address = request.url.partition("?")[0].rpartition("/policyStates/")[0]
    version = f"?api-version={request.query['api-version']}" if "api-version" in request.query else ""
    moment = f"{asked * 1000:.0f}"
    return _running(moment, f"{address}/asyncOperationResults/{moment}{version}")


def _triggered(request: ApiRequest) -> Reply:
    moment = request.path["moment"]
    if _MOMENT.fullmatch(moment) is None:
        raise NotFoundError("There is no such evaluation.")
    if _states(request).judged_since(int(moment) / 1000):
        return Reply(200, {"name": moment, "status": "Succeeded"})
    return _running(moment, request.url)


def _running(moment: str, where: str) -> Reply:
    return Reply(202, {"name": moment, "status": "Running"}, {"location": where, "retry-after": "1"})


_MOMENT = re.compile("[0-9]{1,16}")
"""Milliseconds since 1970: when an evaluation was asked for."""


def _state_routes(scope: str) -> list[Route]:
    states, changes = f"{scope}{INSIGHTS}/policyStates", f"{scope}{INSIGHTS}/policyEvents"
    return [
        Route("POST", f"{states}/latest/queryResults", READ, _query, "Compliance, resource by resource"),
        Route("POST", f"{states}/default/queryResults", READ, _only_latest, "Refused: see latest"),
        Route("POST", f"{states}/latest/summarize", READ, _summarize, "Compliance in numbers"),
        Route("GET", f"{states}/history", READ, _history, "What changed when"),
        Route("POST", f"{changes}/default/queryResults", READ, _events, "What policies said anew when"),
    ]


def _evaluation_routes(scope: str) -> list[Route]:
    trigger = f"{scope}{INSIGHTS}/policyStates/latest/triggerEvaluation"
    result = f"{scope}{INSIGHTS}/asyncOperationResults/{{moment}}"
    return [
        Route("POST", trigger, REMEDIATE, _trigger, "Judge everything again now"),
        Route("GET", result, READ, _triggered, "Whether everything was judged again"),
    ]


ROUTES = [
    *(route for scope in SCOPES for route in _evaluation_routes(scope)),
    *(route for scope in ("", "/{scope:path}") for route in _state_routes(scope)),
]
