"""The first-run guide: from an empty instance to a device that is connected and sends, step by step."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.organization import chosen
from holdfast.console.pages.devices.credentials import connection_of
from holdfast.console.pages.devices.frame import device_of, is_connected
from holdfast.console.rendering import FORM, fragment, page, read_form, redirect
from holdfast.devices.device import DEVICE
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change

CREATE, CREDENTIALS = Permission.DEVICE_CREATE, Permission.DEVICE_CREDENTIALS


class Step(NamedTuple):
    """One step of a device's way in."""

    title: str
    done: bool


def _begin(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    return page(request, "guide.html", status=status, problem=problem)


def _create(request: ApiRequest) -> Response:
    id = read_form(request).get("id", "").strip()
    change = Change(Action.CREATE, DEVICE, id, {}, organization=chosen(request))
    try:
        request.services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _begin(request, str(error), error.status)
    return redirect(page_of("guide", id))


def _page(request: ApiRequest) -> Response:
    device = device_of(request, CREDENTIALS)
    request.services.changes.record(request.principal, "device.credentials-read", resource=device.id)
    return page(
        request,
        "guide_device.html",
        device=device,
        address=page_of("devices", device.id),
        progress=page_of("guide", device.id) + "/progress",
        connection=connection_of(request, device),
        steps=_steps(request),
    )


def _steps(request: ApiRequest) -> list[Step]:
    device = device_of(request)
    said = bool(request.services.last_values.last_times([device.id]))
    return [
        Step("The device exists", done=True),
        Step("It was provisioned", bool(device.body["provisioned"])),
        Step("It is connected", is_connected(request, device)),
        Step("Its first message arrived", said),
    ]


def _progress(request: ApiRequest) -> Response:
    steps = _steps(request)
    device = page_of("devices", request.path["device"])
    return fragment("guide_progress.html", steps=steps, address=device)


ROUTES = [
    Route("GET", "/guide", CREATE, _begin, "Connect a device", is_page=True),
    Route("POST", "/guide", CREATE, _create, "Make the device", content_types=FORM, is_page=True),
    Route("GET", "/guide/{device}", CREDENTIALS, _page, "Connect this device", is_page=True),
    Route(
        "GET", "/guide/{device}/progress", Permission.DEVICE_READ, _progress, "How far it is", is_page=True
    ),
]
