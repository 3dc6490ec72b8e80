"""What is asked for and decided on: elevations, support access, access reviews."""

from functools import partial

from holdfast.access.bodies import read_body
from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.elevation.requests import KIND as ELEVATION
from holdfast.access.errors import AccessInvalidError
from holdfast.access.reviews.reviews import KIND as REVIEW
from holdfast.access.reviews.reviews import AccessReview
from holdfast.access.support.requests import KIND as SUPPORT
from holdfast.access.timeboxed import State
from holdfast.api.access.common import access, place, shown, text
from holdfast.api.access.resources import KINDS
from holdfast.api.central.common import visible
from holdfast.api.frame import SIGNED_IN, ApiRequest, Reply, Route
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change

DECISIONS = {"approve": State.ACTIVE, "deny": State.DENIED, "end": State.ENDED}


def _elevate(request: ApiRequest) -> Reply:
    body = request.object()
    eligible = request.services.store.get(ELIGIBLE, text(body, "eligible"))
    if eligible is None:
        raise AccessInvalidError("There is no such eligible assignment.", "/eligible")
    asked = _only(body, "eligible", "reason", "minutes", "until")
    return _ask(request, ELEVATION, asked, eligible.organization)


def _ask_for_support(request: ApiRequest) -> Reply:
    body = request.object()
    asked = _only(body, "role", "organization", "reason", "minutes", "until")
    return _ask(request, SUPPORT, asked, place(request, text(body, "organization", "")))


def _only(body: JsonObject, *names: str) -> JsonObject:
    """What a person fills in; the product fills in the rest."""
    return {name: body[name] for name in names if name in body}


def _ask(request: ApiRequest, kind: str, body: JsonObject, organization: OrganizationPath) -> Reply:
    identity = new_id(request.services.clock, request.services.randomness)
    change = Change(Action.CREATE, kind, identity, body, organization=organization)
    made = request.services.changes.apply(request.principal, change).resource
    assert made is not None
    return Reply(201, shown(made, KINDS[kind]))


def _decide(kind: str, state: State, request: ApiRequest) -> Reply:
    body = request.object() if request.body is not None else {}
    patch: JsonObject = {"state": state.value, "decision": text(body, "decision", "")}
    if "until" in body and state is State.ACTIVE:
        patch["until"] = text(body, "until")
    change = Change(Action.MERGE, kind, request.path["id"], patch, if_match=request.if_match)
    decided = request.services.changes.apply(request.principal, change).resource
    assert decided is not None
    return Reply(200, shown(decided, KINDS[kind]))


def _begin_review(request: ApiRequest) -> Reply:
    given = dict(request.object())
    identity = text(given, "id", "") or new_id(request.services.clock, request.services.randomness)
    given.pop("id", None)
    made = access(request).reviews.begin(request.principal, identity, read_body(given, AccessReview))
    return Reply(201, shown(made, KINDS[REVIEW]))


def _answer(request: ApiRequest) -> Reply:
    answer = text(request.object(), "decision")
    if answer not in ("keep", "remove"):
        raise InvalidError("decision must be keep or remove.", "/decision")
    number = request.path["item"]
    access(request).reviews.decide(
        request.principal,
        request.path["id"],
        int(number) if number.isascii() and number.isdigit() and len(number) < 7 else -1,
        keep=answer == "keep",
        remark=text(request.object(), "remark", ""),
    )
    return Reply(204)


def _close_review(request: ApiRequest) -> Reply:
    visible(request, REVIEW, request.path["id"], Permission.USER_READ)
    problems = access(request).reviews.close(request.principal, request.path["id"])
    return Reply(200, {"problems": list(problems)})


def _decision_routes(path: str, kind: str, what: str) -> list[Route]:
    why = "approvers are named by the assignment or the settings, whatever their roles"
    return [
        Route(
            "POST", f"{path}/{{id}}/{verb}", SIGNED_IN, partial(_decide, kind, state), f"{verb} {what}: {why}"
        )
        for verb, state in DECISIONS.items()
    ]


_ELEVATIONS = "/api/access/elevations"
_SUPPORT = "/api/access/supportRequests"
_REVIEWS = "/api/access/reviews"

ROUTES = [
    Route("POST", _ELEVATIONS, Permission.ELEVATION_REQUEST, _elevate, "Ask for an eligible role"),
    *_decision_routes(_ELEVATIONS, ELEVATION, "an elevation"),
    Route("POST", _SUPPORT, Permission.SUPPORT_REQUEST, _ask_for_support, "Ask for support access"),
    *_decision_routes(_SUPPORT, SUPPORT, "support access"),
    Route("POST", _REVIEWS, Permission.REVIEW_DECIDE, _begin_review, "Begin an access review"),
    Route(
        "POST", _REVIEWS + "/{id}/close", Permission.REVIEW_DECIDE, _close_review, "Close an access review"
    ),
    Route(
        "POST",
        _REVIEWS + "/{id}/items/{item}",
        SIGNED_IN,
        _answer,
        "Answer for one assignment: reviewers are named by the review, whatever their roles",
    ),
]
