"""The first page of a device: what it says now, where it stands, what can be done with it."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from holdfast.alerts.model import Alert, Status
from holdfast.alerts.store.reading import AlertFilter
from holdfast.api.defender.common import alert_reader, network
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.console.addresses import page_of
from holdfast.console.pages.devices.frame import (
    DEVICE_PATH,
    READ,
    UPDATE,
    device_of,
    device_page,
    is_connected,
    state_of,
)
from holdfast.console.pages.devices.gateway import neighbours
from holdfast.console.rendering import FORM, fragment, read_form, redirect
from holdfast.console.series import as_columns
from holdfast.defender.network.filters import AssetFilter
from holdfast.devices.attestation import ATTESTATION
from holdfast.devices.device import DEVICE
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.telemetry.history import HistoryQuery, query_history

LIVE_SECONDS = 900.0
LIVE_BUCKET = 5.0
MAXIMUM_LINES = 12
SHOWN_ALERTS = 20


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    device, services = device_of(request), request.services
    assets = _assets(request, device)
    template = TEMPLATES.get(services.store, str(device.body.get("template") or ""))
    return device_page(
        request,
        "device.html",
        device,
        status=status,
        problem=problem,
        template_name=template.display_name if template else "",
        template_page=page_of("templates", template.id) if template else "",
        model=services.state.twin(device.id).model,
        values=services.last_values.all(device.id),
        assets=[(str(a["name"] or a["address"]), page_of("network/assets", str(a["id"]))) for a in assets],
        alerts=_alerts(request, device, assets),
        neighbours=neighbours(request, device),
        may_delete=request.principal.allows(Permission.DEVICE_DELETE, device.organization),
    )


def _assets(request: ApiRequest, device: Resource) -> Sequence[JsonObject]:
    """The assets on the network that the device is."""
    reach = request.principal.reach(Permission.ASSET_READ)
    return network(request).assets(reach, AssetFilter(device=device.id)).items if reach else ()


def _alerts(request: ApiRequest, device: Resource, assets: Sequence[JsonObject]) -> list[Alert]:
    """The open alerts about the device and about its assets on the network, the newest first."""
    reach = request.principal.reach(Permission.ALERT_READ)
    if not reach:
        return []
    wanted = AlertFilter(reach, statuses=frozenset({Status.NEW, Status.ACTIVE}))
    about = [replace(wanted, party=device.id)]
    about += [
        replace(wanted, party=str(asset["address"]), organization=str(asset["organization"]))
        for asset in assets
    ]
    found = {
        each.alert.id: each.alert for one in about for each in alert_reader(request).find(one, SHOWN_ALERTS)
    }
    return sorted(found.values(), key=lambda alert: alert.last, reverse=True)[:SHOWN_ALERTS]


def _standing(request: ApiRequest) -> Response:
    """Its state and whether it is connected, beside its name."""
    device = device_of(request)
    return fragment("device_standing.html", state=state_of(device), connected=is_connected(request, device))


def _values(request: ApiRequest) -> Response:
    device = device_of(request)
    return fragment("device_values.html", values=request.services.last_values.all(device.id))


def _series(request: ApiRequest) -> Reply:
    """The last quarter of an hour of every numeric value, for the chart."""
    device, services = device_of(request), request.services
    now = services.clock.now()
    numbers = (v.name for v in services.last_values.all(device.id) if isinstance(v.value, int | float))
    names = tuple(numbers)[:MAXIMUM_LINES]
    if not names:
        return Reply(200, {"series": [], "columns": [[]]})
    query = HistoryQuery(frozenset({device.id}), names, now - LIVE_SECONDS, now + LIVE_BUCKET, LIVE_BUCKET)
    found = query_history(services.log, query).series
    columns = as_columns(found)
    return Reply(
        200, {"series": [s.name for s in found], "columns": columns, "from": now - LIVE_SECONDS, "to": now}
    )


def _change(request: ApiRequest) -> Response:
    device, fields = device_of(request, UPDATE), read_form(request)
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
    return redirect(page_of("devices", device.id))


def deletion(request: ApiRequest, device: Resource) -> list[Change]:
    """The changes that delete a device with its credentials."""
    changes = [Change(Action.DELETE, DEVICE, device.id)]
    if request.services.store.get(ATTESTATION, device.id) is not None:
        changes.insert(0, Change(Action.DELETE, ATTESTATION, device.id))
    return changes


def _delete(request: ApiRequest) -> Response:
    read_form(request)
    device = device_of(request, Permission.DEVICE_DELETE)
    request.services.changes.apply_all(request.principal, deletion(request, device))
    return redirect("/devices")


_DELETE = Permission.DEVICE_DELETE
ROUTES = [
    Route("GET", DEVICE_PATH, READ, _page, "Device", is_page=True),
    Route("POST", DEVICE_PATH, UPDATE, _change, "Change a device", content_types=FORM, is_page=True),
    Route("GET", DEVICE_PATH + "/standing", READ, _standing, "How a device stands", is_page=True),
    Route("GET", DEVICE_PATH + "/values", READ, _values, "Last values of a device", is_page=True),
    Route("GET", DEVICE_PATH + "/series", READ, _series, "Live values of a device"),
    Route("POST", DEVICE_PATH + "/delete", _DELETE, _delete, "Delete", content_types=FORM, is_page=True),
]
