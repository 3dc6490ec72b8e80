"""Certificates and keys: what ends when, and who renews it."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.api.access.keys import held_keys
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.lists import ListTable, Pick
from holdfast.console.rendering import page
from holdfast.console.tables import Cell, Column
from holdfast.kernel.permissions import Permission
from holdfast.vault.validity import Held, Renewal

HERE = "/access/keys"
TITLES = {
    "listenerCertificate": "certificate",
    "authority": "certificate authority",
    "enrollmentCertificate": "devices' authority",
    "issuerKey": "signing key",
    "rootKey": "root key",
    "key": "key",
}


class Shown(NamedTuple):
    """One row, judged now."""

    held: Held
    state: str
    mood: str


def _judged(held: Held, now: float) -> Shown:
    if held.until and held.until <= now:
        return Shown(held, "over", "bad")
    if held.since > now:
        return Shown(held, "published, signs later", "")
    return Shown(held, "ends soon", "waiting") if held.ends_soon(now) else Shown(held, "good", "good")


def _renewal(held: Held) -> str:
    if not held.until:
        return "holdfast keys rotate"
    return "itself" if held.renewal is Renewal.ITSELF else "you"


TABLE: ListTable[Shown] = ListTable(
    id="keys",
    title="Certificates and keys",
    columns=(
        Column("name", "Name", lambda s: Cell(s.held.name)),
        Column("kind", "What", lambda s: Cell(TITLES[s.held.kind])),
        Column("detail", "Known by", lambda s: Cell(s.held.detail)),
        Column("state", "State", lambda s: Cell(s.state, "state", mood=s.mood)),
        Column("since", "Since", lambda s: Cell(s.held.since, "moment")),
        Column("until", "Until", lambda s: Cell(s.held.until or None, "moment")),
        Column("renewal", "Renewed by", lambda s: Cell(_renewal(s.held))),
    ),
    empty="There is none.",
    search=lambda s: (s.held.name, s.held.detail),
    key=lambda s: s.held.name,
    picks=(Pick("state", "State", lambda s: s.state), Pick("kind", "What", lambda s: TITLES[s.held.kind])),
)


def _page(request: ApiRequest) -> Response:
    now = request.services.clock.now()
    found = [_judged(held, now) for held in held_keys(request)]
    if request.query.get("format") == "csv":
        return TABLE.csv(request, found)
    return page(
        request,
        "access/keys.html",
        table=TABLE.show(request, found),
        soon=[shown.held for shown in found if shown.mood in ("waiting", "bad")],
    )


ROUTES = [Route("GET", HERE, Permission.KEY_READ, _page, "Certificates and keys", is_page=True)]
