"""Where alerts and audit records go: how delivery stands, a test, dead letters, and the forms."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from holdfast.access.reading import pages
from holdfast.api.access.common import place
from holdfast.api.alerts import MANAGE, READ, emit
from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.lists import ListTable
from holdfast.console.pages.access.forms import Fields, identities, places, submitted
from holdfast.console.pages.destinations import forms
from holdfast.console.rendering import FORM, fragment, page
from holdfast.console.tables import Cell, Column, belongs
from holdfast.delivery.destinations import Syslog, Webhook
from holdfast.delivery.dispatcher import REVIVED
from holdfast.delivery.kind import DESTINATION, SECRETS, connection_of
from holdfast.delivery.service import Delivery
from holdfast.delivery.shelves.sql import Status
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, at_path
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Query
from holdfast.resources.secrets import places as secret_places

HERE = "/destinations"
_LETTERS = 50
"""Dead letters that a page shows; the API has all."""


class Listed(NamedTuple):
    """A destination with how things stand."""

    stored: Resource
    status: Status


def _address(identity: str) -> str:
    return f"{HERE}/{quote(identity, safe='')}"


def _kind(stored: Resource) -> str:
    return str(at_path(stored.body, "connection.type"))


def _where(stored: Resource) -> str:
    """Where it is, without what a credential could hide in."""
    connection = connection_of(stored.body)
    if isinstance(connection, Webhook):
        return connection.url.partition("?")[0]
    if isinstance(connection, Syslog):
        return (
            f"{connection.host}:{connection.port} ({connection.transport.value}, {connection.format.value})"
        )
    return f"{', '.join(connection.recipients)} by {connection.host}"


def _what(stored: Resource) -> str:
    minimum = at_path(stored.body, "alerts.minimumSeverity") or forms.SEVERITIES[0]
    alerts = f"alerts from {minimum} on" if isinstance(stored.body.get("alerts"), dict) else ""
    return ", ".join(part for part in (alerts, "audit log" if stored.body.get("audit") else "") if part)


def _state(listed: Listed) -> Cell:
    status = listed.status
    if not listed.stored.body.get("enabled", True):
        return Cell("off", "state")
    if status.error:
        return Cell("failing", "state", mood="bad")
    if status.waiting:
        return Cell("delivering", "state", mood="waiting")
    return Cell("delivered", "state", mood="good")


TABLE: ListTable[Listed] = ListTable(
    id="destinations",
    title="Destinations",
    columns=(
        Column(
            "name",
            "Name",
            lambda d: Cell(d.stored.body["displayName"], link=_address(d.stored.id)),
        ),
        Column("kind", "Kind", lambda d: Cell(forms.NAMES.get(_kind(d.stored), _kind(d.stored)))),
        Column("where", "Where", lambda d: Cell(_where(d.stored))),
        Column("what", "What", lambda d: Cell(_what(d.stored))),
        Column("place", "Organization", lambda d: belongs(d.stored.organization)),
        Column("state", "State", _state),
        Column("waiting", "Waiting", lambda d: Cell(d.status.waiting, "number")),
        Column("dead", "Given up", lambda d: Cell(d.status.dead, "number")),
    ),
    empty="Nothing is sent anywhere yet. Begin with a webhook, a syslog receiver or an e-mail address.",
    search=lambda d: (d.stored.id, str(d.stored.body["displayName"]), _where(d.stored)),
    key=lambda d: d.stored.id,
    sort="name",
)


def _delivery(request: ApiRequest) -> Delivery:
    return request.services.extension(Delivery)


def _list(request: ApiRequest) -> Response:
    shelf = _delivery(request).shelf
    found = [
        Listed(stored, shelf.status(stored.id))
        for stored in pages(request.services.store, Query(DESTINATION, request.principal.reach(READ)))
    ]
    if request.query.get("format") == "csv":
        return TABLE.csv(request, found)
    return page(
        request,
        "destinations/list.html",
        table=TABLE.show(request, found),
        kinds=forms.NAMES,
        may_manage=bool(request.principal.reach(MANAGE)),
    )


# One destination


def _stored(request: ApiRequest) -> Resource:
    return visible(request, DESTINATION, request.path["destination"], READ)


def _status(request: ApiRequest, stored: Resource) -> JsonObject:
    """How delivery stands, for the part of the page that follows it."""
    shelf = _delivery(request).shelf
    status = shelf.status(stored.id)
    return {
        "waiting": status.waiting,
        "oldest": status.oldest,
        "error": status.error,
        "dead": status.dead,
        "letters": [
            {
                "title": each.message.title,
                "time": each.message.time,
                "attempts": each.attempts,
                "error": each.error,
                "given_up": each.time,
            }
            for each in shelf.dead(stored.id, _LETTERS)
        ],
    }


def _page(request: ApiRequest, problem: str = "", status: int = 200, said: str = "") -> Response:
    stored = _stored(request)
    kind = _kind(stored)
    credentials = [".".join(map(str, found)) for found in secret_places(stored.body, SECRETS)]
    return page(
        request,
        "destinations/one.html",
        status=status,
        problem=problem,
        said=said,
        id=stored.id,
        address=_address(stored.id),
        where=_where(stored),
        what=_what(stored),
        enabled=stored.body.get("enabled", True),
        delivery=_status(request, stored),
        **_form(request, kind, stored.body, forms.kept(kind, credentials)),
        may_manage=request.principal.allows(MANAGE, stored.organization),
    )


def _form(
    request: ApiRequest, kind: str, body: JsonObject, kept: frozenset[str] = frozenset()
) -> dict[str, object]:
    return {
        "kind": kind,
        "kind_name": forms.NAMES[kind],
        "members": forms.MEMBERS[kind],
        "form": forms.shown(kind, body),
        "kept": kept,
        "severities": forms.SEVERITIES,
        "lists": forms.CHOSEN_BY,
        "identities": identities(request),
    }


def _follow(request: ApiRequest) -> Response:
    stored = _stored(request)
    return fragment("destinations/delivery.html", delivery=_status(request, stored))


def _new(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    kind = request.path["kind"]
    if kind not in forms.MEMBERS:
        raise InvalidError(f"A destination is one of {', '.join(forms.MEMBERS)}.", "kind")
    return page(
        request,
        "destinations/new.html",
        status=status,
        problem=problem,
        address=f"{HERE}/new/{kind}",
        id="",
        places=places(request),
        may_manage=True,
        **_form(request, kind, {}),
    )


def _create(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        kind, identity = request.path["kind"], fields.get("id", "").strip()
        if kind not in forms.MEMBERS:
            raise InvalidError(f"A destination is one of {', '.join(forms.MEMBERS)}.", "kind")
        body = forms.without_nothing(forms.body_from(kind, fields))
        where = place(request, fields.get("organization", ""))
        request.services.changes.apply(
            request.principal, Change(Action.CREATE, DESTINATION, identity, body, where)
        )
        return _address(identity)

    return submitted(request, _new, work)


def _change(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        stored = _stored(request)
        if fields.get("action") == "delete":
            request.services.changes.apply(request.principal, Change(Action.DELETE, DESTINATION, stored.id))
            return HERE
        body = forms.body_from(_kind(stored), fields)
        request.services.changes.apply(request.principal, Change(Action.MERGE, DESTINATION, stored.id, body))
        return _address(stored.id)

    return submitted(request, _page, work)


def _act(deed: Callable[[ApiRequest, Resource], None], said: str, request: ApiRequest) -> Response:
    """Do something that changes nothing of the form, and say on the same page how it went."""

    def work(_fields: Fields) -> str:
        deed(request, _stored(request))
        return f"{_address(request.path['destination'])}?said={said}"

    return submitted(request, _page, work)


def _test(request: ApiRequest, stored: Resource) -> None:
    emit(request, stored, "tested")
    _delivery(request).test(connection_of(stored.body), stored.id)


def _retry(request: ApiRequest, stored: Resource) -> None:
    emit(request, stored, REVIVED)


_SAID = {
    "tested": "The test message arrived.",
    "revived": "What was given up is tried again; below you see how it goes.",
}


def _get(request: ApiRequest) -> Response:
    return _page(request, said=_SAID.get(request.query.get("said", ""), ""))


_ONE = f"{HERE}/{{destination}}"
ROUTES = [
    Route("GET", HERE, READ, _list, "Destinations", is_page=True),
    Route("GET", f"{HERE}/new/{{kind}}", MANAGE, _new, "New destination", is_page=True),
    Route(
        "POST",
        f"{HERE}/new/{{kind}}",
        MANAGE,
        _create,
        "Make a destination",
        content_types=FORM,
        is_page=True,
    ),
    Route("GET", _ONE, READ, _get, "Destination", is_page=True),
    Route("GET", f"{_ONE}/delivery", READ, _follow, "How delivery stands", is_page=True),
    Route("POST", _ONE, MANAGE, _change, "Change or delete a destination", content_types=FORM, is_page=True),
    Route(
        "POST",
        f"{_ONE}/test",
        MANAGE,
        partial(_act, _test, "tested"),
        "Send a test message",
        content_types=FORM,
        is_page=True,
    ),
    Route(
        "POST",
        f"{_ONE}/retry",
        MANAGE,
        partial(_act, _retry, "revived"),
        "Try again what was given up",
        content_types=FORM,
        is_page=True,
    ),
]
