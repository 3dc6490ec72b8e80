"""Identity providers: who vouches for people and programs."""

from typing import get_args
from urllib.parse import quote

from starlette.responses import Response

from holdfast.access.oidc.flow import CALLBACK
from holdfast.access.oidc.providers import KIND, Algorithm, Provider, read_provider
from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import (
    Fields,
    identities,
    lines,
    store_or_delete,
    submitted,
    whole,
)
from holdfast.console.rendering import FORM, page
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ, MANAGE = Permission.ACCESS_READ, Permission.ACCESS_MANAGE
HERE = "/access/providers"
NEW = Provider(display_name="", issuer="https://", client_id="")


def _address(id_: str) -> str:
    return f"{HERE}/{quote(id_, safe='')}"


def _state(provider: Resource) -> Cell:
    enabled = read_provider(provider).enabled
    return Cell("enabled" if enabled else "disabled", "state", mood="good" if enabled else "")


TABLE = ResourceTable(
    id="identity-providers",
    title="Identity providers",
    kind=KIND,
    permission=READ,
    columns=(
        Column("name", "Name", lambda p: Cell(read_provider(p).display_name, link=_address(p.id))),
        Column("issuer", "Issuer", lambda p: Cell(read_provider(p).issuer)),
        Column("bearer", "Bearer tokens for", lambda p: Cell(", ".join(read_provider(p).audiences))),
        Column("state", "State", _state),
    ),
    search=(),
    empty="There is none yet: everybody signs in with a local account. Enter your own provider below.",
)


def _list(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(
        request,
        "access/providers.html",
        status=status,
        problem=problem,
        table=TABLE.show(request),
        **_form(request, "", NEW),
    )


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    stored = visible(request, KIND, request.path["provider"], READ)
    return page(
        request,
        "access/provider.html",
        status=status,
        problem=problem,
        address=_address(stored.id),
        **_form(request, stored.id, read_provider(stored)),
    )


def _form(request: ApiRequest, id_: str, provider: Provider) -> dict[str, object]:
    origin = request.url.partition(HERE)[0]
    return {
        "id": id_,
        "provider": provider,
        "algorithms": get_args(Algorithm),
        "callback": origin + CALLBACK,
        "logout": f"{origin}/sign-in/back-channel-logout",
        "identities": identities(request),
        "may_manage": request.principal.allows(MANAGE),
    }


def _body(fields: Fields, before: JsonObject) -> JsonObject:
    """What the form says over what was there; an empty secret is the one that is kept."""
    claims = {
        name: fields.get(f"claim-{name}", "").strip() for name in ("subject", "tenant", "email", "groups")
    }
    body: JsonObject = {
        **before,
        "displayName": fields.get("name", "").strip(),
        "issuer": fields.get("issuer", "").strip(),
        "clientId": fields.get("client", "").strip(),
        "clientIdentity": fields.get("identity", "").strip(),
        "clientAudience": fields.get("audience", "").strip(),
        "enabled": "enabled" in fields,
        "scopes": [*fields.get("scopes", "").split()],
        "audiences": [*lines(fields.get("audiences", ""))],
        "algorithms": [name for name in get_args(Algorithm) if f"algorithm-{name}" in fields],
        "claims": {name: value for name, value in claims.items() if value or name == "tenant"},
        "tenants": [*lines(fields.get("tenants", ""))],
        "matchEmail": fields.get("match", "verified"),
        "provision": "provision" in fields,
        "trustMethods": "trust" in fields,
        "clockSkewSeconds": whole(fields, "skew", 60),
    }
    if fields.get("secret") or body["clientIdentity"]:
        body["clientSecret"] = fields.get("secret", "")
    return body


def _create(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        id_ = fields.get("id", "").strip()
        request.services.changes.apply(request.principal, Change(Action.CREATE, KIND, id_, _body(fields, {})))
        return _address(id_)

    return submitted(request, _list, work)


def _change(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        stored = visible(request, KIND, request.path["provider"], READ)
        is_over = fields.get("action") == "delete"
        store_or_delete(request, stored, None if is_over else _body(fields, stored.body))
        return HERE if is_over else _address(stored.id)

    return submitted(request, _page, work)


ROUTES = [
    Route("GET", HERE, READ, _list, "Identity providers", is_page=True),
    Route("POST", HERE, MANAGE, _create, "Enter one", content_types=FORM, is_page=True),
    Route("GET", f"{HERE}/{{provider}}", READ, _page, "Identity provider", is_page=True),
    Route(
        "POST",
        f"{HERE}/{{provider}}",
        MANAGE,
        _change,
        "Change or delete one",
        content_types=FORM,
        is_page=True,
    ),
]
