"""A collection of configured things: described once, and listed, made, changed and deleted here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.responses import Response

from holdfast.access.people.organizations import KIND as ORGANIZATION
from holdfast.api.access.common import place
from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.organization import chosen
from holdfast.console.pages.access.forms import MAXIMUM_CHOICES, Fields, Page, store_or_delete, submitted
from holdfast.console.rendering import FORM, page
from holdfast.console.tables import Choice, ResourceTable
from holdfast.defender.network.kinds import NETWORK_KINDS
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, name
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Order, Query

NEW: Final = "-new"
"""Where the form of a new thing is; no id begins so."""
_KINDS: Final = {kind.name: kind for kind in NETWORK_KINDS}
_Values = Mapping[str, object]


def _nothing(_request: ApiRequest, _stored: Resource) -> _Values:
    return {}


def _any_id(request: ApiRequest, _fields: Fields) -> str:
    return new_id(request.services.clock, request.services.randomness)


@dataclass(frozen=True)
class Collection:
    """One kind of thing with its pages."""

    kind: str
    section: str
    """The part of the address behind `/network/`."""
    what: str
    """One of them, as people call it."""
    lead: str
    """What they are good for."""
    table: ResourceTable
    form: str
    """The template of the form's fields."""
    values: Callable[[ApiRequest, JsonObject], _Values]
    """What the form shows of a body; of an empty one what is usual."""
    body: Callable[[ApiRequest, Fields], JsonObject]
    """The body that the form describes. InvalidError."""
    title: Callable[[Resource], str]
    beside: Callable[[ApiRequest, Resource], _Values] = _nothing
    """What the page shows beside the form."""
    extra: str = "network_configured/nothing.html"
    """The template that shows it."""
    identity: Callable[[ApiRequest, Fields], str] = _any_id
    begin: tuple[Choice, ...] = (Choice("", ""),)
    """The forms that there are for new ones: what their address asks, and what they are called."""

    @property
    def here(self) -> str:
        """The address of the list."""
        return f"/network/{self.section}"

    def address(self, id: str) -> str:
        """The page of one."""
        return page_of(f"network/{self.section}", id)

    def stored(self, request: ApiRequest) -> Resource:
        """The one that the address names. NotFoundError."""
        return visible(request, self.kind, request.path[self.kind], _KINDS[self.kind].read)


def _may_make(collection: Collection, request: ApiRequest) -> bool:
    return bool(request.principal.reach(_KINDS[collection.kind].create))


def listed(collection: Collection, request: ApiRequest, others: Sequence[Choice] = ()) -> Response:
    """The list, with links to others that nobody made."""
    if request.query.get("format") == "csv":
        return collection.table.csv(request)
    return page(
        request,
        "network_configured/list.html",
        collection=collection,
        table=collection.table.show(request),
        new=f"{collection.here}/{NEW}",
        may_make=_may_make(collection, request),
        others=others,
    )


def _places(collection: Collection, request: ApiRequest) -> list[Choice]:
    """Where the principal may make one."""
    reach = request.principal.reach(_KINDS[collection.kind].create)
    query = Query(ORGANIZATION, reach, order=Order("@organization"), limit=MAXIMUM_CHOICES)
    found = [Choice(o.id, o.organization) for o in request.services.store.find(query).items]
    return [Choice("", "the application"), *found] if ROOT in reach else found


def _new(collection: Collection, request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    return page(
        request,
        "network_configured/new.html",
        status=status,
        problem=problem,
        collection=collection,
        address=f"{collection.here}/{NEW}?{request.url.partition('?')[2]}",
        places=_places(collection, request),
        place=name(chosen(request)),
        stored=None,
        **collection.values(request, {}),
    )


def shown(collection: Collection, request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    """The page of one."""
    stored = collection.stored(request)
    return page(
        request,
        "network_configured/one.html",
        status=status,
        problem=problem,
        collection=collection,
        stored=stored,
        title=collection.title(stored),
        address=collection.address(stored.id),
        may_manage=request.principal.allows(_KINDS[collection.kind].update, stored.organization),
        **collection.values(request, stored.body),
        **collection.beside(request, stored),
    )


def _create(collection: Collection, request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        identity, body = collection.identity(request, fields), collection.body(request, fields)
        where = place(request, fields.get("organization", ""))
        change = Change(Action.CREATE, collection.kind, identity, body, where)
        request.services.changes.apply(request.principal, change)
        return collection.address(identity)

    return submitted(request, partial(_new, collection), work)


def _change(collection: Collection, show: Page, request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        stored, is_over = collection.stored(request), fields.get("do") == "delete"
        store_or_delete(request, stored, None if is_over else collection.body(request, fields))
        return collection.here if is_over else collection.address(stored.id)

    return submitted(request, show, work)


def routes(
    collection: Collection, listing: Callable[[ApiRequest], Response] | None = None, one: Page | None = None
) -> list[Route]:
    """The collection's pages, with a list or a page of one that shows more."""
    kind, what = _KINDS[collection.kind], collection.what
    show = one or partial(shown, collection)
    new, single = f"{collection.here}/{NEW}", f"{collection.here}/{{{collection.kind}}}"
    create, change = partial(_create, collection), partial(_change, collection, show)
    return [
        Route(
            "GET",
            collection.here,
            kind.read,
            listing or partial(listed, collection),
            collection.table.title,
            is_page=True,
        ),
        Route("GET", new, kind.create, partial(_new, collection), f"New {what}", is_page=True),
        Route("POST", new, kind.create, create, f"Make: {what}", content_types=FORM, is_page=True),
        Route("GET", single, kind.read, show, f"Show: {what}", is_page=True),
        Route("POST", single, kind.update, change, f"Change: {what}", content_types=FORM, is_page=True),
    ]
