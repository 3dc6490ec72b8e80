"""Oneself, sessions, sign-in links, and why somebody may do something."""

from holdfast.access.conditional.model import Client
from holdfast.access.conditional.what_if import Question, what_if
from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.explain import effective, why
from holdfast.access.local.credentials import KIND as CREDENTIAL
from holdfast.access.people.removal import remove_user
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import user_change
from holdfast.access.reading import everything
from holdfast.access.tokens.kind import KIND as API_TOKEN
from holdfast.api.access.common import access, number, place, shown, text, texts
from holdfast.api.access.resources import KINDS
from holdfast.api.central.common import MERGE, visible
from holdfast.api.frame import SIGNED_IN, ApiRequest, Reply, Route
from holdfast.kernel.clock import isoformat, parse_isoformat
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change
from holdfast.resources.query import Compare, Operator

_READ_ONLY = ("id", "etag", "organizationPath", "administrator")


def _me(request: ApiRequest) -> Reply:
    principal = request.principal
    held: JsonObject = {}
    for grant in principal.grants:
        known = held.setdefault(grant.organization, [])
        assert isinstance(known, list)
        known.extend(permission.value for permission in sorted(grant.permissions))
    return Reply(
        200,
        {
            "id": principal.id,
            "kind": principal.kind.value,
            "name": principal.name,
            "permissions": held,
            "methods": [*sorted(principal.methods)],
            "session": principal.session,
            "onBehalfOf": principal.on_behalf_of,
        },
    )


def _my_sessions(request: ApiRequest) -> Reply:
    sessions = access(request).sessions.of(request.principal.id)
    return Reply(200, {"value": [shown(session, KINDS["session"]) for session in sessions]})


def _my_eligibilities(request: ApiRequest) -> Reply:
    own = Compare("user", Operator.EQUAL, request.principal.id)
    found = everything(request.services.store, ELIGIBLE, own)
    return Reply(200, {"value": [shown(stored, KINDS[ELIGIBLE]) for stored in found]})


def _end_session(request: ApiRequest) -> Reply:
    access(request).sessions.end(request.principal, request.path["id"])
    return Reply(204)


def _end_all_sessions(request: ApiRequest) -> Reply:
    user = visible(request, USER, request.path["user"], Permission.USER_READ)
    ended = access(request).sessions.end_all(request.principal, user.id)
    return Reply(200, {"ended": ended})


def _make_link(request: ApiRequest) -> Reply:
    user = visible(request, USER, request.path["user"], Permission.USER_READ)
    link = access(request).links.make(request.principal, user.id)
    origin, _, _ = request.url.partition("/api/")
    return Reply(201, {"link": f"{origin}/sign-in/link#{link}"})


def _reset_credential(request: ApiRequest) -> Reply:
    user = visible(request, USER, request.path["user"], Permission.USER_READ)
    request.services.changes.apply(
        request.principal,
        Change(Action.DELETE, CREDENTIAL, user.id, permission=Permission.CREDENTIAL_RESET),
    )
    access(request).sessions.end_all(request.principal, user.id)
    return Reply(204)


def _get_user(request: ApiRequest) -> Reply:
    return Reply(200, shown(visible(request, USER, request.path["user"], Permission.USER_READ), KINDS[USER]))


def _put_user(request: ApiRequest) -> Reply:
    return _store_user(request, Action.PUT)


def _patch_user(request: ApiRequest) -> Reply:
    visible(request, USER, request.path["user"], Permission.USER_READ)
    return _store_user(request, Action.MERGE)


def _store_user(request: ApiRequest, action: Action) -> Reply:
    """Other than over `/api/users`, with every member and without the need for a standing role.

    `home` names the organization where somebody without roles lives.
    """
    body = {name: value for name, value in request.object().items() if name not in _READ_ONLY}
    change = user_change(
        request.services.store,
        action,
        request.path["user"],
        {name: value for name, value in body.items() if name != "home"},
        organization=place(request, text(body, "home")) if "home" in body else None,
        if_match=request.if_match,
    )
    stored = request.services.changes.apply(request.principal, change).resource
    assert stored is not None
    return Reply(200, shown(stored, KINDS[USER]))


def _remove_user(request: ApiRequest) -> Reply:
    remove_user(access(request).ports, request.principal, request.path["user"], request.if_match)
    return Reply(204)


def _known(request: ApiRequest, identity: str) -> str:
    """A user or API token that the principal may see. NotFoundError for others."""
    store, principal = request.services.store, request.principal
    for kind, permission in ((USER, Permission.USER_READ), (API_TOKEN, Permission.API_TOKEN_READ)):
        stored = store.get(kind, identity)
        if stored is not None and principal.allows(permission, stored.organization):
            return identity
    raise NotFoundError(f"There is neither a user nor an API token “{identity}”, or you may not see it.")


def _permissions_of(request: ApiRequest) -> Reply:
    services, directory = request.services, access(request).directory
    identity = _known(request, request.path["principal"])
    held = effective(services.store, directory.current(), identity, services.clock.now())
    shown_as: JsonObject = {node: [p.value for p in permissions] for node, permissions in held.items()}
    return Reply(200, {"id": identity, "permissions": shown_as})


def _why(request: ApiRequest) -> Reply:
    body, services = request.object(), request.services
    identity = _known(request, text(body, "principal"))
    try:
        permission = Permission(text(body, "permission"))
    except ValueError:
        raise InvalidError(
            "There is no such permission; see /api/access/permissions.", "/permission"
        ) from None
    node = place(request, text(body, "organization", ""))
    snapshot = access(request).directory.current()
    found = why(services.store, snapshot, identity, permission, node, services.clock.now())
    return Reply(
        200,
        {
            "allowed": found.allowed,
            "sentence": found.sentence,
            "reasons": [_reason(*reason) for reason in found.reasons],
            "elsewhere": [_reason(*reason) for reason in found.elsewhere],
        },
    )


def _reason(role: str, organization: str, via: str, until: float) -> JsonObject:
    shown_as: JsonObject = {"role": role, "organization": organization, "via": via}
    return {**shown_as, "until": isoformat(until)} if until else shown_as


def _all_permissions(_request: ApiRequest) -> Reply:
    return Reply(200, {"value": [permission.value for permission in Permission]})


def _what_if(request: ApiRequest) -> Reply:
    body, services = request.object(), request.services
    drafts = body.get("policies", [])
    if not isinstance(drafts, list) or not all(isinstance(draft, dict) for draft in drafts):
        raise InvalidError("policies must be a list of policies.", "/policies")
    try:
        client = Client(text(body, "client", Client.BROWSER.value))
        now = parse_isoformat(text(body, "time", isoformat(services.clock.now())))
    except ValueError as error:
        raise InvalidError(f"client or time is not understood: {error}.", "/time") from None
    question = Question(
        principal=_known(request, text(body, "principal")),
        address=text(body, "address"),
        now=now,
        client=client,
        methods=frozenset(texts(body, "methods")),
        acr=text(body, "acr", ""),
        age_seconds=number(body, "ageSeconds", 0),
        groups=texts(body, "groups"),
        drafts=tuple(draft for draft in drafts[:100] if isinstance(draft, dict)),
    )
    verdict = what_if(services.store, access(request).directory.current(), question)
    return Reply(
        200,
        {
            "allowed": verdict.allowed,
            "refused": [_unmet(*unmet) for unmet in verdict.refused],
            "reported": [_unmet(*unmet) for unmet in verdict.reported],
            "applied": list(verdict.applied),
        },
    )


def _unmet(policy: str, name: str, needs: str) -> JsonObject:
    return {"policy": policy, "displayName": name, "needs": needs}


_USER = "/api/access/users/{user}"
_OWN = "what concerns oneself needs no role"

ROUTES = [
    Route("GET", "/api/access/me", SIGNED_IN, _me, f"Who one is: {_OWN}"),
    Route("GET", "/api/access/me/sessions", Permission.PROFILE_MANAGE, _my_sessions, "One's own sessions"),
    Route(
        "GET",
        "/api/access/me/eligibleAssignments",
        Permission.ELEVATION_REQUEST,
        _my_eligibilities,
        "The roles that one may ask for",
    ),
    Route("DELETE", "/api/access/sessions/{id}", SIGNED_IN, _end_session, f"End a session: {_OWN}"),
    Route("GET", _USER, Permission.USER_READ, _get_user, "Read all of a user"),
    Route("PUT", _USER, Permission.USER_CREATE, _put_user, "Make or replace a user, also without roles"),
    Route("PATCH", _USER, Permission.USER_UPDATE, _patch_user, "Change a user", content_types=MERGE),
    Route("DELETE", _USER, Permission.USER_DELETE, _remove_user, "Remove a user and all that was theirs"),
    Route(
        "DELETE",
        _USER + "/sessions",
        Permission.SESSION_MANAGE,
        _end_all_sessions,
        "End every session of a user",
    ),
    Route("POST", _USER + "/signInLink", Permission.CREDENTIAL_RESET, _make_link, "Make a sign-in link"),
    Route(
        "DELETE",
        _USER + "/credential",
        Permission.CREDENTIAL_RESET,
        _reset_credential,
        "Take away what a user signs in with",
    ),
    Route(
        "GET", "/api/access/permissions", SIGNED_IN, _all_permissions, "Every permission: public knowledge"
    ),
    Route(
        "GET",
        "/api/access/principals/{principal}/permissions",
        Permission.ROLE_READ,
        _permissions_of,
        "What somebody may do, and where",
    ),
    Route("POST", "/api/access/why", Permission.ROLE_READ, _why, "Why somebody may do something"),
    Route(
        "POST",
        "/api/access/conditionalAccessPolicies/whatIf",
        Permission.ACCESS_READ,
        _what_if,
        "Would this principal get in, from there, at that time?",
    ),
]
