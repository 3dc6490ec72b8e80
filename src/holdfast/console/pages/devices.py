"""Devices: the list, a new one, and the page of one with its live telemetry, properties and credentials."""

import base64
import io
from urllib.parse import quote

import msgspec
import segno
from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.devices.attestation import ATTESTATION
from holdfast.devices.device import DEVICE
from holdfast.devices.enrollment_group import DEFAULT_SAS_GROUP, ENROLLMENT_GROUP, read_group
from holdfast.devices.messages import desired_change
from holdfast.kernel.errors import ConflictError, HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.protocol.sas import derive_key
from holdfast.resources.model import Action, Change, Resource
from holdfast.telemetry.history import HistoryQuery, RawMessage, query_history, raw_messages

READ, UPDATE = Permission.DEVICE_READ, Permission.DEVICE_UPDATE
LIVE_SECONDS = 900.0
LIVE_BUCKET = 5.0
RAW_SECONDS = 7 * 86_400.0


def address_of(device: str) -> str:
    """The page of a device."""
    return f"/devices/{quote(device, safe='')}"


def state_of(device: Resource) -> Cell:
    """The state in the words of the hosted service's own client: blocked, unassociated, registered, …"""
    body = device.body
    if not body["enabled"]:
        waiting = not body["provisioned"]
        return Cell(
            "waiting for approval" if waiting else "blocked", "state", "", "waiting" if waiting else "bad"
        )
    if not body["provisioned"]:
        return Cell("registered", "state")
    if not body["template"]:
        return Cell("unassigned", "state", "", "waiting")
    return Cell("provisioned", "state", "", "good")


TABLE = ResourceTable(
    id="devices",
    title="Devices",
    kind=DEVICE,
    permission=READ,
    columns=(
        Column("name", "Name", lambda d: Cell(d.body["displayName"], link=address_of(d.id)), "displayName"),
        Column("id", "Id", lambda d: Cell(d.id, "id"), "@id"),
        Column("state", "State", state_of),
        Column("template", "Template", lambda d: Cell(d.body["template"]), "template"),
        Column("organization", "Organization", lambda d: Cell(d.organization), "@organization"),
        Column("modified", "Changed", lambda d: Cell(d.modified, "moment"), "@modified"),
    ),
    search=("displayName", "key"),
    empty="There is no device here yet. Let one register itself, or create one.",
)


def _list(request: ApiRequest) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(request, "devices.html", table=TABLE.show(request))


def _new(request: ApiRequest) -> Response:
    return page(request, "device_new.html", problem="", id="", name="")


def _create(request: ApiRequest) -> Response:
    fields = read_form(request)
    id, name = fields.get("id", "").strip(), fields.get("name", "").strip()
    try:
        change = Change(Action.CREATE, DEVICE, id, {"displayName": name})
        request.services.changes.apply(request.principal, change)
    except (InvalidError, ConflictError) as error:
        return page(request, "device_new.html", status=error.status, problem=str(error), id=id, name=name)
    return redirect(address_of(id))


def _device(request: ApiRequest, permission: Permission = READ) -> Resource:
    return visible(request, DEVICE, request.path["device"], permission)


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    device, services = _device(request), request.services
    twin = services.state.twin(device.id)
    now = services.clock.now()
    messages: tuple[RawMessage, ...] = ()
    if request.principal.allows(Permission.DEVICE_RAW_DATA, device.organization):
        messages = raw_messages(services.log, [device.id], now - RAW_SECONDS, now + 60, 20)
    allows = request.principal.allows
    return page(
        request,
        "device.html",
        status=status,
        problem=problem,
        device=device,
        address=address_of(device.id),
        state=state_of(device),
        connected=services.wait(services.cluster.sessions.owner(device.id)),
        twin=twin,
        properties=_properties(twin.desired, twin.reported),
        values=services.last_values.all(device.id),
        messages=messages,
        may_update=allows(UPDATE, device.organization),
        may_command=allows(Permission.DEVICE_COMMAND, device.organization),
        may_delete=allows(Permission.DEVICE_DELETE, device.organization),
        may_see_credentials=allows(Permission.DEVICE_CREDENTIALS, device.organization),
    )


def _properties(desired: JsonObject, reported: JsonObject) -> list[tuple[str, JsonValue, JsonValue, str]]:
    """Name, desired and reported value, and whether the device acknowledged what was asked of it."""
    rows: list[tuple[str, JsonValue, JsonValue, str]] = []
    for name in sorted((desired.keys() | reported.keys()) - {"$version"}):
        wanted, said = desired.get(name), reported.get(name)
        acknowledged = said.get("value") if isinstance(said, dict) and "ac" in said else said
        pending = name in desired and wanted != acknowledged
        rows.append((name, wanted, acknowledged, "pending" if pending else "acknowledged"))
    return rows


def _series(request: ApiRequest) -> Reply:
    """The last quarter of an hour of every numeric value, for the chart."""
    device, services = _device(request), request.services
    now = services.clock.now()
    names = tuple(v.name for v in services.last_values.all(device.id) if isinstance(v.value, int | float))
    if not names:
        return Reply(200, {"series": [], "columns": [[]]})
    query = HistoryQuery(frozenset({device.id}), names, now - LIVE_SECONDS, now + LIVE_BUCKET, LIVE_BUCKET)
    found = query_history(services.log, query).series
    moments = sorted({point.time for series in found for point in series.points})
    columns: list[JsonValue] = [list(moments)]
    for series in found:
        values = dict(series.points)
        columns.append([values.get(moment) for moment in moments])
    return Reply(200, {"series": [series.name for series in found], "columns": columns})


def _change(request: ApiRequest) -> Response:
    device, fields = _device(request, UPDATE), read_form(request)
    actions: dict[str, JsonObject] = {
        "block": {"enabled": False},
        "approve": {"enabled": True},
        "rename": {"displayName": fields.get("name", "")},
    }
    patch = actions.get(fields.get("action", ""))
    if patch is None:
        raise InvalidError("The page does not know this action; load it again.")
    try:
        request.services.changes.apply(request.principal, Change(Action.MERGE, DEVICE, device.id, patch))
    except HoldfastError as error:
        return _page(request, str(error), error.status)
    return redirect(address_of(device.id))


def _set_property(request: ApiRequest) -> Response:
    device, fields = _device(request, UPDATE), read_form(request)
    try:
        value = msgspec.json.decode(fields.get("value", "").encode())
    except msgspec.DecodeError:
        value = fields.get("value", "")
    name = fields.get("name", "").strip()
    if not name:
        return _page(request, "Say which property.", 400)
    try:
        request.services.changes.apply(request.principal, desired_change(device.id, {name: value}))
    except HoldfastError as error:
        return _page(request, str(error), error.status)
    return redirect(address_of(device.id))


def _delete(request: ApiRequest) -> Response:
    read_form(request)
    device = _device(request, Permission.DEVICE_DELETE)
    changes = [Change(Action.DELETE, DEVICE, device.id)]
    if request.services.store.get(ATTESTATION, device.id) is not None:
        changes.insert(0, Change(Action.DELETE, ATTESTATION, device.id))
    request.services.changes.apply_all(request.principal, changes)
    return redirect("/devices")


def _credentials(request: ApiRequest) -> Response:
    device, services = _device(request, Permission.DEVICE_CREDENTIALS), request.services
    services.changes.record(request.principal, "device.credentials-read", resource=device.id)
    group = services.store.get(ENROLLMENT_GROUP, str(device.body.get("group") or DEFAULT_SAS_GROUP))
    keys = read_group(group).keys if group is not None else ()
    primary = base64.b64encode(derive_key(keys[0], device.id)).decode() if keys else ""
    individual = services.store.get(ATTESTATION, device.id)
    connection: JsonObject = {
        "host": services.host,
        "idScope": services.id_scope,
        "registrationId": device.id,
    }
    return page(
        request,
        "device_credentials.html",
        device=device,
        address=address_of(device.id),
        connection={**connection, "symmetricKey": primary} if individual is None and primary else connection,
        individual=individual is not None,
        qr=_qr_code({**connection, "symmetricKey": primary}),
    )


def _qr_code(value: JsonObject) -> str:
    out = io.BytesIO()
    text = msgspec.json.encode(value).decode()
    segno.make(text).save(out, kind="svg", xmldecl=False, scale=3, title="Onboarding")
    return out.getvalue().decode()


_DEVICE = "/devices/{device}"

ROUTES = [
    Route("GET", "/devices", READ, _list, "Devices", is_page=True),
    Route("GET", "/devices/new", Permission.DEVICE_CREATE, _new, "New device", is_page=True),
    Route(
        "POST", "/devices/new", Permission.DEVICE_CREATE, _create, "Create", content_types=FORM, is_page=True
    ),
    Route("GET", _DEVICE, READ, _page, "Device", is_page=True),
    Route("POST", _DEVICE, UPDATE, _change, "Change a device", content_types=FORM, is_page=True),
    Route("GET", _DEVICE + "/series", READ, _series, "Live values of a device"),
    Route("POST", _DEVICE + "/properties", UPDATE, _set_property, "Set", content_types=FORM, is_page=True),
    Route(
        "POST",
        _DEVICE + "/delete",
        Permission.DEVICE_DELETE,
        _delete,
        "Delete",
        content_types=FORM,
        is_page=True,
    ),
    Route(
        "GET",
        _DEVICE + "/credentials",
        Permission.DEVICE_CREDENTIALS,
        _credentials,
        "What the device connects with",
        is_page=True,
    ),
]
