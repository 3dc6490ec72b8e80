"""Managed identities: what the instance calls other services as, who trusts whom, and which calls use it."""

from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from holdfast.access.issuer.identities import KIND, SYSTEM_ASSIGNED, ManagedIdentity, read_identity
from holdfast.access.oidc.providers import KIND as PROVIDER
from holdfast.access.oidc.providers import client_token_audience, read_provider
from holdfast.access.reading import pages
from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, control, lines, store_or_delete, submitted
from holdfast.console.rendering import FORM, page
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.delivery.destinations import Webhook
from holdfast.delivery.kind import DESTINATION, connection_of
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Query

READ, MANAGE = Permission.ACCESS_READ, Permission.ACCESS_MANAGE
HERE = "/access/identities"


class Call(NamedTuple):
    """A resource that calls with a managed identity."""

    kind: str
    id: str
    identity: str
    subject: str
    audience: str


def _address(id_: str) -> str:
    return f"{HERE}/{quote(id_, safe='')}"


def _state(identity: Resource) -> Cell:
    enabled = read_identity(identity).enabled
    return Cell("enabled" if enabled else "disabled", "state", mood="good" if enabled else "")


TABLE = ResourceTable(
    id="managed-identities",
    title="Managed identities",
    kind=KIND,
    permission=READ,
    columns=(
        Column("name", "Name", lambda i: Cell(read_identity(i).display_name, link=_address(i.id))),
        Column("subject", "Subject", lambda i: Cell(f"identity:{i.id}", "id")),
        Column("audiences", "May call", lambda i: Cell(", ".join(read_identity(i).audiences))),
        Column("state", "State", _state),
    ),
    search=("@id",),
    empty="There is none yet. A resource can also call as itself: choose “its own” there.",
)


def calls(request: ApiRequest) -> list[Call]:
    """The calls with managed identities of what the principal may see."""
    store, principal = request.services.store, request.principal
    found = []
    for stored in pages(store, Query(DESTINATION, principal.reach(Permission.ALERT_READ))):
        webhook = connection_of(stored.body)
        if isinstance(webhook, Webhook) and webhook.identity:
            found.append(_call(DESTINATION, stored.id, webhook.identity, webhook.token_audience))
    for stored in pages(store, Query(PROVIDER, principal.reach(READ))):
        provider = read_provider(stored)
        if provider.client_identity:
            audience = client_token_audience(provider)
            found.append(_call(PROVIDER, stored.id, provider.client_identity, audience))
    return found


def _call(kind: str, id_: str, identity: str, audience: str) -> Call:
    own = identity == SYSTEM_ASSIGNED
    subject = f"resource:{kind}/{id_}" if own else f"identity:{identity}"
    return Call(kind, id_, "its own" if own else identity, subject, audience)


def _list(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(
        request,
        "access/identities.html",
        status=status,
        problem=problem,
        table=TABLE.show(request),
        issuer=control(request).issuer.address,
        calls=calls(request),
        id="",
        identity=ManagedIdentity(""),
        may_manage=request.principal.allows(MANAGE),
    )


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    stored = visible(request, KIND, request.path["identity"], READ)
    return page(
        request,
        "access/identity.html",
        status=status,
        problem=problem,
        id=stored.id,
        address=_address(stored.id),
        identity=read_identity(stored),
        issuer=control(request).issuer.address,
        calls=[call for call in calls(request) if call.identity == stored.id],
        may_manage=request.principal.allows(MANAGE, stored.organization),
    )


def _body(fields: Fields) -> JsonObject:
    return {
        "displayName": fields.get("name", "").strip(),
        "audiences": [*lines(fields.get("audiences", ""))],
        "enabled": "enabled" in fields,
    }


def _create(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        id_ = fields.get("id", "").strip()
        request.services.changes.apply(request.principal, Change(Action.CREATE, KIND, id_, _body(fields)))
        return _address(id_)

    return submitted(request, _list, work)


def _change(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        stored = visible(request, KIND, request.path["identity"], READ)
        is_over = fields.get("action") == "delete"
        store_or_delete(request, stored, None if is_over else _body(fields))
        return HERE if is_over else _address(stored.id)

    return submitted(request, _page, work)


ROUTES = [
    Route("GET", HERE, READ, _list, "Managed identities", is_page=True),
    Route("POST", HERE, MANAGE, _create, "Make one", content_types=FORM, is_page=True),
    Route("GET", f"{HERE}/{{identity}}", READ, _page, "Managed identity", is_page=True),
    Route(
        "POST",
        f"{HERE}/{{identity}}",
        MANAGE,
        _change,
        "Change or delete one",
        content_types=FORM,
        is_page=True,
    ),
]
