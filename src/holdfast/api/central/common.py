"""What the operations of the 2022-07-31 surface share: versions, visibility, etags, lists in pages.

Paging parameters of every published version are accepted in every version: `$top` and `maxpagesize`,
`$filter` and `filter`, `$orderby` and `orderby`, `$skiptoken` as `nextLink` carries it.
"""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from holdfast.access.people.organizations import path_of
from holdfast.api.frame import ApiRequest, Reply
from holdfast.devices.query.expression import Fields
from holdfast.devices.query.fields import TableFields
from holdfast.devices.query.odata import parse_filter, parse_order
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath, name
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import All, Condition, Order, Query

VERSIONS = frozenset(
    {
        "1.0",
        "2022-05-31",
        "2022-07-31",
        "preview",
        "1.1-preview",
        "1.2-preview",
        "2022-06-30-preview",
        "2022-10-31-preview",
    }
)
"""Values of `api-version` that are served; all alike, what a later one added is in all of them."""

FIRST_PREVIEW = "preview"
"""The version of 2020, which has other words for two fields of devices."""

PREVIEW = frozenset({"2022-10-31-preview"})
"""Operations that only the last preview published."""

ORDERS = {"displayName": "displayName", "id": "@id"}
"""What lists can be ordered by."""

MERGE = ("application/json", "application/merge-patch+json")

DEFAULT_PAGE = 25
MAXIMUM_PAGE = 100
"""Both as in the published previews."""

_OWN = ("id", "etag", "organizations")
"""Fields of answers that are not in a body."""

BY_ID = TableFields({"id": "@id"})
"""The filter of lists that have no other."""

Form = Callable[[Resource], JsonObject]
"""A resource as the API shows it."""


def etag(resource: Resource) -> str:
    """The etag as the body's field carries it: quoted, like the header's."""
    return f'"{resource.etag}"'


def visible(request: ApiRequest, kind: str, id: str, permission: Permission) -> Resource:
    """The resource, when it exists where the principal holds `permission`; NotFoundError otherwise."""
    found = request.services.store.get(kind, id)
    if found is None or not request.principal.allows(permission, found.organization):
        raise NotFoundError(f"There is no {kind} {id}, or you may not see it.")
    return found


def parameter(request: ApiRequest, *names: str) -> str:
    """The first of the query parameters that is there; empty when none is."""
    return next((request.query[n] for n in names if n in request.query), "")


def page_size(request: ApiRequest) -> int:
    """How many items a page may have. InvalidError unless 1 to 100."""
    text = parameter(request, "$top", "maxpagesize")
    if not text:
        return DEFAULT_PAGE
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAXIMUM_PAGE:
        raise InvalidError(f"$top and maxpagesize must be 1 to {MAXIMUM_PAGE}.", "$top")
    return int(text)


def listing(
    request: ApiRequest,
    kind: str,
    permission: Permission,
    form: Form,
    fields: Fields = BY_ID,
    where: Condition | None = None,
    order: Order | None = None,
) -> Reply:
    """One page of the resources that the principal may see and that fulfil `where`, as the request asks."""
    query = Query(kind=kind, reach=request.principal.reach(permission), where=where, order=order)
    return paged(request, query, form, fields)


def paged(request: ApiRequest, query: Query, form: Form, fields: Fields) -> Reply:
    """The page of a query that the request asks for; `fields` are what it may filter by."""
    text, order = parameter(request, "$filter", "filter"), parameter(request, "$orderby", "orderby")
    if text:
        asked = parse_filter(text, fields)
        query = replace(query, where=asked if query.where is None else All((query.where, asked)))
    if order:
        query = replace(query, order=parse_order(order, ORDERS))
    asked_page = replace(query, limit=page_size(request), after=parameter(request, "$skiptoken"))
    page = request.services.store.find(asked_page)
    body: dict[str, JsonValue] = {"value": [form(item) for item in page.items]}
    if page.next:
        body["nextLink"] = next_link(request, page.next)
    return Reply(200, body)


def next_link(request: ApiRequest, token: str) -> str:
    """The absolute address of the next page: the present one with another `$skiptoken`."""
    parts = urlsplit(request.url)
    kept = [(key, value) for key, value in parse_qsl(parts.query) if key != "$skiptoken"]
    return urlunsplit(parts._replace(query=urlencode([*kept, ("$skiptoken", token)])))


def organizations_of(path: OrganizationPath) -> list[JsonValue]:
    """The `organizations` field: the id of the node, nothing for the application."""
    return [name(path)] if path != ROOT else []


def organization_from(request: ApiRequest, body: JsonObject) -> OrganizationPath | None:
    """Where the body wants the resource to live; None when it does not say. Null removes, as in any patch.

    InvalidError when it names more than one, or one that does not exist.
    """
    if "organizations" not in body:
        return None
    given = [] if body["organizations"] is None else body["organizations"]
    if not isinstance(given, list) or len(given) > 1 or not all(isinstance(item, str) for item in given):
        raise InvalidError(
            "organizations must be a list with the id of at most one organization.", "/organizations"
        )
    return path_of(request.services.store, str(given[0])) if given else ROOT


def written(
    request: ApiRequest, action: Action, kind: str, id: str, form: Form, read_only: tuple[str, ...] = _OWN
) -> Reply:
    """Put or merge the body as a resource, without the fields that are not the caller's to say."""
    given = request.object()
    change = Change(
        action,
        kind,
        id,
        without(given, *read_only),
        organization=organization_from(request, given),
        if_match=request.if_match,
    )
    return Reply(200, form(applied(request, change)))


def applied(request: ApiRequest, change: Change) -> Resource:
    """Make a change that leaves a resource, and give the resource."""
    stored = request.services.changes.apply(request.principal, change).resource
    assert stored is not None
    return stored


def removed(request: ApiRequest, kind: str, id: str, permission: Permission) -> Reply:
    """Delete a resource that the principal may see; 204."""
    found = visible(request, kind, id, permission)
    change = Change(Action.DELETE, kind, found.id, if_match=request.if_match)
    request.services.changes.apply(request.principal, change)
    return Reply(204)


def without(body: JsonObject, *names: str) -> JsonObject:
    """The body without fields that are not the caller's to say."""
    return {key: value for key, value in body.items() if key not in names}


def text_field(body: JsonObject, name: str, default: str = "") -> str:
    """A text of the body. InvalidError when it is something else."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise InvalidError(f"{name} must be a text.", f"/{name}")
    return value
