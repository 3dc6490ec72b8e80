"""The inventory of the network, and the page of an asset: what it is, how one knows, what is wrong."""

from functools import partial
from itertools import chain, takewhile
from typing import NamedTuple

from starlette.responses import Response

from holdfast.alerts.model import Status
from holdfast.alerts.store.reading import AlertFilter
from holdfast.api.defender.common import alert_reader, network
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.lists import ListTable, Part, Pick, page_number
from holdfast.console.moments import seconds_of
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.console.tables import CSV_ROWS, PAGE, Cell, Column
from holdfast.defender.inventory.model import AssetType
from holdfast.defender.network.filters import ASSET_ORDERS, AssetFilter, ConnectionFilter, EventFilter
from holdfast.defender.network.kinds import ASSET
from holdfast.defender.network.reading import MAXIMUM_PAGE
from holdfast.kernel.errors import HoldfastError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change

READ, MANAGE = Permission.ASSET_READ, Permission.ASSET_MANAGE
SHOWN = 50


def asset_page(number: JsonValue) -> str:
    """The page of an asset."""
    return page_of("network/assets", str(number))


def risk_cell(asset: JsonObject) -> Cell:
    """The score, 100 without any risk, coloured by its grade."""
    risk = asset.get("risk")
    score = risk.get("score") if isinstance(risk, dict) else None
    if not isinstance(score, int | float):
        return Cell(None)
    mood = "good" if score >= 80 else "waiting" if score >= 60 else "bad"
    return Cell(round(score), "state", mood=mood, order=float(score))


def _text(name: str, asset: JsonObject) -> Cell:
    return Cell(asset.get(name))


def _list_of(name: str, asset: JsonObject) -> Cell:
    values = asset.get(name)
    return Cell(", ".join(str(value) for value in values) if isinstance(values, list) else None)


def _protocols(asset: JsonObject) -> Cell:
    used = asset.get("protocols")
    names = [str(use.get("name")) for use in used if isinstance(use, dict)] if isinstance(used, list) else []
    return Cell(", ".join(names))


def _moment(name: str, asset: JsonObject) -> Cell:
    return Cell(seconds_of(asset.get(name)), "moment")


def _authorized(asset: JsonObject) -> Cell:
    if asset.get("authorized") is True:
        return Cell("authorized", "state", mood="good")
    return Cell("unauthorized", "state", mood="waiting")


TABLE: ListTable[JsonObject] = ListTable(
    id="assets",
    title="Assets",
    columns=(
        Column("name", "Name", lambda a: Cell(a["name"] or a["address"], link=asset_page(a["id"]))),
        Column("type", "Type", partial(_text, "type")),
        Column("addresses", "Addresses", partial(_list_of, "ip_addresses")),
        Column("vendor", "Vendor", partial(_text, "vendor")),
        Column("model", "Model", partial(_text, "model")),
        Column("firmware", "Firmware", partial(_text, "firmware")),
        Column("serial", "Serial number", partial(_text, "serial")),
        Column("system", "Operating system", partial(_text, "operating_system")),
        Column("mode", "Mode", partial(_text, "plc_mode")),
        Column("hardware", "Hardware addresses", partial(_list_of, "mac_addresses")),
        Column("vlans", "VLANs", partial(_list_of, "vlans")),
        Column("protocols", "Protocols", _protocols),
        Column("level", "Purdue level", lambda a: Cell(a.get("purdue_level"), "number")),
        Column("zone", "Zone", partial(_text, "zone")),
        Column("site", "Site", partial(_text, "site")),
        Column("authorized", "Authorization", _authorized),
        Column("risk", "Score", risk_cell),
        Column("device", "Device", partial(_text, "device")),
        Column("first", "First seen", partial(_moment, "first_seen")),
        Column("last", "Last seen", partial(_moment, "last_seen")),
    ),
    hidden=frozenset(
        {
            "serial",
            "system",
            "mode",
            "hardware",
            "vlans",
            "level",
            "site",
            "device",
            "first",
            "protocols",
            "model",
            "firmware",
        }
    ),
    empty="No asset was seen yet. Enroll a sensor, or upload a capture under Sensors.",
    search=lambda a: (
        str(a.get(name) or "") for name in ("name", "type", "vendor", "model", "address", "search")
    ),
    key=lambda a: str(a["id"]),
    picks=(
        Pick("type", "Type", lambda a: str(a.get("type") or "")),
        Pick("vendor", "Vendor", lambda a: str(a.get("vendor") or "")),
        Pick("zone", "Zone", lambda a: str(a.get("zone") or "")),
        Pick(
            "authorization",
            "Authorization",
            lambda a: "authorized" if a.get("authorized") else "unauthorized",
        ),
    ),
    sort="risk",
)


def _wanted(request: ApiRequest) -> AssetFilter:
    query = request.query
    authorized = {"authorized": True, "unauthorized": False}.get(query.get("authorization", ""))
    return AssetFilter(
        search=query.get("filter", "").strip(),
        type=query.get("type", ""),
        vendor=query.get("vendor", ""),
        zone=query.get("zone", ""),
        authorized=authorized,
    )


def _list(request: ApiRequest) -> Response:
    seen, reach, wanted = network(request), request.principal.reach(READ), _wanted(request)
    sort = request.query.get("sort", "")
    order = sort if sort.removeprefix("-") in ASSET_ORDERS else TABLE.sort
    if request.query.get("format") == "csv":
        pages = (
            seen.assets(reach, wanted, MAXIMUM_PAGE, start, order).items
            for start in range(0, CSV_ROWS, MAXIMUM_PAGE)
        )
        return TABLE.csv_of(request, chain.from_iterable(takewhile(bool, pages)))
    found = seen.assets(reach, wanted, PAGE, (page_number(request) - 1) * PAGE, order)
    facets = seen.asset_facets(reach)
    values = [*(facets[name] for name in ("type", "vendor", "zone")), ("authorized", "unauthorized")]
    part = Part(found.items, found.total, wanted != AssetFilter(), values)
    return page(
        request, "network_assets.html", table=TABLE.show_part(request, part, ASSET_ORDERS.__contains__)
    )


def _asset(request: ApiRequest) -> JsonObject:
    text = request.path["asset"]
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise NotFoundError(f"There is no asset {text[:40]}.")
    found = network(request).asset(request.principal.reach(READ), int(text))
    said = request.services.store.get(ASSET, text)  # the sensors' database hears of it a moment later
    return {**found, **(said.body if said else {})}


class Peer(NamedTuple):
    """One conversation of the asset."""

    address: str
    link: str
    calls: bool
    """Whether the asset asks and the other answers."""
    what: str
    octets: int
    last: float | None


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    asset = _asset(request)
    number = int(str(asset["id"]))
    organization = OrganizationPath(str(asset["organization"]))
    return page(
        request,
        "network_asset.html",
        status=status,
        problem=problem,
        asset=asset,
        address=asset_page(number),
        score=risk_cell(asset),
        peers=_peers(request, asset),
        alerts=_alerts(request, asset),
        events=network(request).events((organization,), EventFilter(address=str(asset["address"])), 20).items
        if request.principal.allows(READ, organization)
        else [],
        types=sorted(AssetType),
        may_manage=request.principal.allows(MANAGE, organization),
        device_page=page_of("devices", str(asset.get("device") or "")),
    )


def _peers(request: ApiRequest, asset: JsonObject) -> list[Peer]:
    seen, reach = network(request), request.principal.reach(READ)
    own = {*_texts(asset["ip_addresses"]), *_texts(asset["mac_addresses"])}
    found = seen.connections(reach, ConnectionFilter(asset=int(str(asset["id"]))), SHOWN).items
    home = str(asset["organization"])
    known = seen.numbers_at(reach, [(home, str(one[end])) for one in found for end in ("client", "server")])
    peers = []
    for one in found:
        calls = one["client"] in own
        other = str(one["server"] if calls else one["client"])
        what = str(one["protocol"] or one["transport"]) + (f" ({one['port']})" if one["port"] else "")
        octets = int(str(one["client_octets"])) + int(str(one["server_octets"]))
        peers.append(
            Peer(
                other,
                asset_page(known[home, other]) if (home, other) in known else "",
                calls,
                what,
                octets,
                seconds_of(one["last_seen"]),
            )
        )
    return peers


def _texts(value: JsonValue) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _alerts(request: ApiRequest, asset: JsonObject) -> list[tuple[str, str, str, str, float]]:
    """Open alerts about the asset: title, link, severity, status, moment."""
    reach = request.principal.reach(Permission.ALERT_READ)
    if not reach:
        return []
    open_ones = frozenset({Status.NEW, Status.ACTIVE})
    found = {
        each.alert.id: each.alert
        for address in (*_texts(asset["ip_addresses"]), *_texts(asset["mac_addresses"]))
        for each in alert_reader(request).find(AlertFilter(reach, statuses=open_ones, party=address), SHOWN)
    }
    return [
        (a.type.title, page_of("network/alerts", a.id), a.severity.value, a.status.value, a.last)
        for a in found.values()
    ]


def _change(request: ApiRequest) -> Response:
    """What a person says of an asset wins over what is seen."""
    asset, fields = _asset(request), read_form(request)
    organization, number = OrganizationPath(str(asset["organization"])), str(asset["id"])
    said: dict[str, JsonObject] = {
        "authorize": {"authorized": True},
        "forbid": {"authorized": False},
        "important": {"important": not asset["important"]},
        "describe": {
            "name": fields.get("name", "") or str(asset["name"]),
            "type": fields.get("type", ""),
            "description": fields.get("description", ""),
            "location": fields.get("location", ""),
            "device": fields.get("device", ""),
        },
    }
    body = said.get(fields.get("action", ""), {})
    known = request.services.store.get(ASSET, number) is not None
    change = Change(Action.MERGE if known else Action.CREATE, ASSET, number, body, organization)
    try:
        request.services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _page(request, str(error), error.status)
    return redirect(asset_page(number))


_ONE = "/network/assets/{asset}"
ROUTES = [
    Route("GET", "/network/assets", READ, _list, "Assets", is_page=True),
    Route("GET", _ONE, READ, _page, "Asset", is_page=True),
    Route("POST", _ONE, MANAGE, _change, "Say what an asset is", content_types=FORM, is_page=True),
]
