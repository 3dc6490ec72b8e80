"""What a device sent as it was received, and what happened to it: connections, changes, by whom."""

from starlette.responses import Response

from holdfast.api.files import files_of
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.devices.frame import DEVICE_PATH, READ, device_of, device_page
from holdfast.console.rendering import fragment
from holdfast.devices.file_uploads import FILE_UPLOAD, THE_SETTING
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.telemetry.connections import connections
from holdfast.telemetry.raw_data import RawPage, raw_data

RAW, FILES = Permission.DEVICE_RAW_DATA, Permission.DEVICE_FILES_READ
RAW_SECONDS = 7 * 86_400.0
SHOWN = 50


def _messages(request: ApiRequest, device: Resource) -> RawPage:
    """The newest messages with how each value fits the template."""
    now = request.services.clock.now()
    template = TEMPLATES.get(request.services.store, str(device.body.get("template") or ""))
    return raw_data(request.services.log, device.id, template, now - RAW_SECONDS, now + 60, SHOWN)


def _files(request: ApiRequest) -> Response:
    device = device_of(request, FILES)
    is_on = request.services.store.get(FILE_UPLOAD, THE_SETTING) is not None
    found = files_of(request, device.id)
    return device_page(request, "device_files.html", device, files=found, uploads_are_on=is_on)


def _raw(request: ApiRequest) -> Response:
    device = device_of(request, RAW)
    return device_page(request, "device_raw.html", device, raw=_messages(request, device))


def _raw_table(request: ApiRequest) -> Response:
    return fragment("device_raw_table.html", raw=_messages(request, device_of(request, RAW)))


def _history(request: ApiRequest) -> Response:
    device, reach = device_of(request), request.principal.reach(Permission.AUDIT_READ)
    changes = request.services.events.search(reach=reach, resource=device.id, limit=SHOWN)
    came_and_went = connections(request.services.log, device.id, SHOWN)
    return device_page(request, "device_history.html", device, connections=came_and_went, changes=changes)


ROUTES = [
    Route("GET", DEVICE_PATH + "/files", FILES, _files, "Files of a device", is_page=True),
    Route("GET", DEVICE_PATH + "/raw", RAW, _raw, "Raw data of a device", is_page=True),
    Route("GET", DEVICE_PATH + "/raw/table", RAW, _raw_table, "Raw data as it is now", is_page=True),
    Route("GET", DEVICE_PATH + "/history", READ, _history, "What happened to a device", is_page=True),
]
