"""Messages of devices as they arrive, of those devices that the reader may see, a JSON line each."""

import base64
from collections.abc import Sequence
from functools import partial

import msgspec
from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.api.streams import lines_of
from holdfast.devices.device import DEVICE
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.log.port import PARTITIONS, Position, Record

READ = Permission.DEVICE_RAW_DATA
BATCH = 500
"""Messages of one look: a stream shows what happens, and is no way to take everything out."""


def _live(request: ApiRequest) -> Response:
    device = request.query.get("device", "")
    if device:
        visible(request, DEVICE, device, READ)
    positions = {number: Position(number, 0) for number in range(PARTITIONS)} | request.services.log.ends()
    return lines_of(request, READ, partial(_news, device, positions))


def _news(device: str, positions: dict[int, Position], request: ApiRequest) -> Sequence[JsonObject]:
    chunk = request.services.log.poll(positions, BATCH, "telemetry")
    positions.update(chunk.positions)
    wanted = [record for record in chunk.records if not device or record.device == device]
    seen = {id_ for id_ in {record.device for record in wanted} if _may_see(request, id_)}
    return [shown(record) for record in wanted if record.device in seen]


def _may_see(request: ApiRequest, device: str) -> bool:
    found = request.services.store.get(DEVICE, device)
    return found is not None and request.principal.allows(READ, found.organization)


def shown(record: Record) -> JsonObject:
    """A message: its body as JSON, or in base64 when it is none."""
    try:
        body: JsonValue = msgspec.json.decode(record.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = {"$base64": base64.b64encode(record.body).decode()}
    return {
        "device": record.device,
        "module": record.module,
        "time": isoformat(record.time),
        "properties": record.properties,
        "body": body,
    }


ROUTES = [Route("GET", "/api/telemetry/live", READ, _live, "Messages of devices, while they arrive")]
