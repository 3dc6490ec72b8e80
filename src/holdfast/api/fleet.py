"""`/api/fleet`: beside the published interface, what moves and inspects devices: CSV files, raw data."""

from collections.abc import Iterator

from starlette.responses import Response, StreamingResponse

from holdfast.access.people.organizations import path_of
from holdfast.api.central.common import parameter, visible
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.bulk.csv_files import read_devices, write_devices
from holdfast.devices.bulk.fleet import Placing, make_devices, rows_of
from holdfast.devices.device import DEVICE
from holdfast.devices.organizations import find_organization
from holdfast.devices.query.fields import device_filter_fields
from holdfast.devices.query.odata import parse_filter
from holdfast.devices.templates.judging import Judged
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.devices.templates.template import Template
from holdfast.kernel.clock import isoformat, parse_isoformat
from holdfast.kernel.errors import ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.telemetry.raw_data import OBSERVED, RawData, proposed_template, raw_data, reported_data

CSV = "text/csv"
MAXIMUM_FILE = 8 * 1024 * 1024
"""Bytes of one upload: some 40,000 devices with their keys. The command line sends a longer file in parts."""
MAXIMUM_MESSAGES = 1_000
DEFAULT_MESSAGES = 100

READ, SECRETS = Permission.DEVICE_READ, Permission.DEVICE_CREDENTIALS
RAW = Permission.DEVICE_RAW_DATA


# CSV files


def _export(request: ApiRequest) -> Response:
    credentials = parameter(request, "credentials") == "true"
    if credentials:
        _record_export(request)
    store, principal = request.services.store, request.principal
    text = parameter(request, "$filter", "filter")
    fields = device_filter_fields(lambda name: find_organization(store, name))
    where = parse_filter(text, fields) if text else None
    reach = principal.reach(SECRETS if credentials else READ)
    lines = write_devices(rows_of(store, reach, where, credentials=credentials), credentials=credentials)
    headers = {"content-disposition": 'attachment; filename="devices.csv"'}
    return StreamingResponse(_encoded(lines), media_type=CSV, headers=headers)


def _record_export(request: ApiRequest) -> None:
    if not request.principal.reach(SECRETS):
        raise ForbiddenError(f"{request.principal.name} lacks the permission {SECRETS.value}.")
    request.services.changes.record(request.principal, "device.credentials-exported")


def _encoded(lines: Iterator[str]) -> Iterator[bytes]:
    return (line.encode() for line in lines)


def _import(request: ApiRequest) -> Reply:
    store = request.services.store
    organization = parameter(request, "organization")
    placing = Placing(parameter(request, "template"), path_of(store, organization) if organization else None)
    rows = read_devices(request.raw)
    made = make_devices(store, request.services.changes, request.principal, rows, placing)
    return Reply(200, {**made._asdict()})


# Raw data


def _device(request: ApiRequest) -> tuple[Resource, Template | None]:
    device = visible(request, DEVICE, request.path["device"], RAW)
    return device, TEMPLATES.get(request.services.store, str(device.body.get("template") or ""))


def _raw_data(request: ApiRequest) -> Reply:
    device, template = _device(request)
    begins, ends = _moment(request, "begins", 0.0), _moment(request, "ends", float("inf"))
    limit = _limit(request)
    found = raw_data(request.services.log, device.id, template, begins, ends, limit)
    twin = request.services.state.twin(device.id)
    body: JsonObject = {
        "value": [_raw_shown(data) for data in found.found],
        "reported": [_judged_shown(judged) for judged in reported_data(twin, template)],
    }
    if found.cut_at is not None:
        body["readBackTo"] = isoformat(found.cut_at)
    return Reply(200, body)


def _moment(request: ApiRequest, name: str, default: float) -> float:
    text = parameter(request, name)
    try:
        return parse_isoformat(text) if text else default
    except ValueError:
        raise InvalidError(f"{name} is a moment such as 2026-01-31T12:00:00Z.", name) from None


def _limit(request: ApiRequest) -> int:
    text = parameter(request, "$top") or str(DEFAULT_MESSAGES)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAXIMUM_MESSAGES:
        raise InvalidError(f"$top is 1 to {MAXIMUM_MESSAGES}.", "$top")
    return int(text)


def _raw_shown(data: RawData) -> JsonObject:
    message = data.message
    values: list[JsonValue] = [_judged_shown(judged) for judged in data.values]
    shown: JsonObject = {
        "id": message.id,
        "time": isoformat(message.time),
        "body": data.body,
        "values": values,
    }
    beside: JsonObject = {
        "module": message.module,
        "component": message.component,
        "properties": data.properties,
    }
    return shown | {name: value for name, value in beside.items() if value}


def _judged_shown(judged: Judged) -> JsonObject:
    shown: JsonObject = {"name": judged.name, "value": judged.value, "fit": judged.fit.value}
    if judged.component:
        shown["component"] = judged.component
    if judged.reasons:
        shown["reasons"] = list(judged.reasons)
    return shown


def _proposal(request: ApiRequest) -> Reply:
    device, template = _device(request)
    given = request.object() if request.body is not None else {}
    identifier = given.get("@id") or f"dtmi:proposed:{_segment(device.id)};1"
    name = given.get("displayName") or str(device.body["displayName"])
    if not isinstance(identifier, str) or not isinstance(name, str):
        raise InvalidError("@id and displayName are texts.", "/@id")
    services = request.services
    seen = raw_data(services.log, device.id, template, 0.0, float("inf"), OBSERVED)
    body = proposed_template(identifier, name, seen.found, services.state.twin(device.id))
    return Reply(200, {"@id": identifier, **body})


def _segment(identifier: str) -> str:
    """A device id as a part of a DTMI: letters, digits and underscores, the first a letter."""
    return "d_" + "".join(c if c.isalnum() else "_" for c in identifier).strip("_")


_ONE = "/api/fleet/devices/{device}"
ROUTES = [
    Route("GET", "/api/fleet/devices.csv", READ, _export, "Export devices as CSV"),
    Route(
        "POST",
        "/api/fleet/devices.csv",
        Permission.DEVICE_CREATE,
        _import,
        "Make devices from a CSV file",
        content_types=(CSV,),
        maximum_body=MAXIMUM_FILE,
    ),
    Route("GET", f"{_ONE}/rawData", RAW, _raw_data, "Read messages as they came, and how they fit"),
    Route("POST", f"{_ONE}/templateProposal", RAW, _proposal, "Propose a template from what it said"),
]
