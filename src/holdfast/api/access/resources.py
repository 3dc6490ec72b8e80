"""`/api/access/<collection>`: listing, reading, putting, changing and deleting access control's resources.

A collection is one row of the table: its kind, what it takes to read and to change it, and where a new one
lives. The rules are the kinds' own; nothing is decided here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from holdfast.access.kinds import ACCESS_KINDS
from holdfast.access.settings import APPLICATION
from holdfast.api.access.common import place, shown, text
from holdfast.api.central.common import MERGE, listing, visible
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.kernel.json import JsonObject, merge_patch
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources.model import Action, Change, Kind, Resource

KINDS = {kind.name: kind for kind in ACCESS_KINDS}
_READ_ONLY = ("id", "etag", "organizationPath")

Place = Callable[[ApiRequest, str, JsonObject], OrganizationPath | None]


def _application(_request: ApiRequest, _id: str, _body: JsonObject) -> OrganizationPath:
    return ROOT


def _named_in_the_body(request: ApiRequest, _id: str, body: JsonObject) -> OrganizationPath:
    return place(request, text(body, "organization", ""))


def _named_by_its_id(request: ApiRequest, identity: str, _body: JsonObject) -> OrganizationPath:
    return ROOT if identity == APPLICATION else place(request, identity)


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection."""

    name: str
    kind: Kind
    what: str
    """In words, for the reference."""
    place: Place = _application
    writable: bool = True


COLLECTIONS = (
    Collection("conditionalAccessPolicies", KINDS["conditionalAccessPolicy"], "a conditional access policy"),
    Collection("identityProviders", KINDS["identityProvider"], "an identity provider"),
    Collection("managedIdentities", KINDS["managedIdentity"], "a managed identity"),
    Collection(
        "eligibleAssignments", KINDS["eligibleAssignment"], "an eligible assignment", _named_in_the_body
    ),
    Collection("riskSignals", KINDS["riskSignal"], "a risk signal"),
    Collection("roles", KINDS["role"], "a custom role"),
    Collection("settings", KINDS["accessSettings"], "access settings", _named_by_its_id),
    Collection("elevations", KINDS["elevation"], "an elevation", writable=False),
    Collection("supportRequests", KINDS["supportRequest"], "a support request", writable=False),
    Collection("reviews", KINDS["accessReview"], "an access review", writable=False),
    Collection("sessions", KINDS["session"], "a session", writable=False),
)
"""Those that are not writable have operations of their own beside listing and reading."""


def _list(collection: Collection, request: ApiRequest) -> Reply:
    kind = collection.kind
    return listing(request, kind.name, kind.read, lambda resource: shown(resource, kind))


def _get(collection: Collection, request: ApiRequest) -> Reply:
    kind = collection.kind
    return Reply(200, shown(visible(request, kind.name, request.path["id"], kind.read), kind))


def _put(collection: Collection, request: ApiRequest) -> Reply:
    given = {key: value for key, value in request.object().items() if key not in _READ_ONLY}
    return _store(collection, request, given, request.if_match)


def _patch(collection: Collection, request: ApiRequest) -> Reply:
    kind = collection.kind
    before = visible(request, kind.name, request.path["id"], kind.read)
    patch = {key: value for key, value in request.object().items() if key not in _READ_ONLY}
    merged = merge_patch(before.body, patch)
    assert isinstance(merged, dict)
    return _store(collection, request, merged, request.if_match or before.etag)


def _delete(collection: Collection, request: ApiRequest) -> Reply:
    change = Change(Action.DELETE, collection.kind.name, request.path["id"], if_match=request.if_match)
    request.services.changes.apply(request.principal, change)
    return Reply(204)


def _store(collection: Collection, request: ApiRequest, body: JsonObject, condition: str | None) -> Reply:
    identity, kind = request.path["id"], collection.kind
    before = request.services.store.get(kind.name, identity)
    change = Change(
        Action.PUT,
        kind.name,
        identity,
        _with_kept_secrets(body, before, kind),
        organization=collection.place(request, identity, body),
        if_match=condition,
    )
    stored = request.services.changes.apply(request.principal, change).resource
    assert stored is not None
    return Reply(200, shown(stored, kind))


def _with_kept_secrets(body: JsonObject, before: Resource | None, kind: Kind) -> JsonObject:
    """A secret that is not shown cannot be sent back; left out, it stays what it is."""
    kept = {} if before is None else {k: before.body[k] for k in kind.secrets if k in before.body}
    return {**kept, **body}


def _routes(collection: Collection) -> list[Route]:
    base, kind, what = f"/api/access/{collection.name}", collection.kind, collection.what
    one = base + "/{id}"
    routes = [
        Route("GET", base, kind.read, partial(_list, collection), f"List: {what}"),
        Route("GET", one, kind.read, partial(_get, collection), f"Read {what}"),
    ]
    if collection.writable:
        routes += [
            Route("PUT", one, kind.update, partial(_put, collection), f"Make or replace {what}"),
            Route(
                "PATCH",
                one,
                kind.update,
                partial(_patch, collection),
                f"Change {what}",
                content_types=MERGE,
            ),
            Route("DELETE", one, kind.delete, partial(_delete, collection), f"Delete {what}"),
        ]
    return routes


ROUTES = [route for collection in COLLECTIONS for route in _routes(collection)]
