"""What every page of a device has: its head, its state, its tabs."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest
from holdfast.console.addresses import page_of
from holdfast.console.rendering import page
from holdfast.console.tables import Cell
from holdfast.devices.device import DEVICE
from holdfast.devices.properties import Subject
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource

READ, UPDATE = Permission.DEVICE_READ, Permission.DEVICE_UPDATE
DEVICE_PATH = "/devices/{device}"


class Tab(NamedTuple):
    """One page of a device."""

    title: str
    path: str
    """Behind the device's address."""
    permission: Permission


TABS = (
    Tab("Overview", "", READ),
    Tab("Properties", "/properties", READ),
    Tab("Commands", "/commands", READ),
    Tab("Raw data", "/raw", Permission.DEVICE_RAW_DATA),
    Tab("Files", "/files", Permission.DEVICE_FILES_READ),
    Tab("History", "/history", READ),
    Tab("Credentials", "/credentials", Permission.DEVICE_CREDENTIALS),
)


def device_of(request: ApiRequest, permission: Permission = READ) -> Resource:
    """The device of the address. NotFoundError where it may not be seen."""
    return visible(request, DEVICE, request.path["device"], permission)


def subject_of(request: ApiRequest, device: Resource) -> Subject:
    """The device with its twin and template."""
    template = TEMPLATES.get(request.services.store, str(device.body.get("template") or ""))
    return Subject(device, request.services.state.twin(device.id), template)


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


def is_connected(request: ApiRequest, device: Resource) -> bool:
    """Whether a gateway holds a session of the device now."""
    return bool(connected_of(request, [device]))


def connected_of(request: ApiRequest, devices: Sequence[Resource]) -> frozenset[str]:
    """The ids of those devices whose session a gateway holds now."""
    services = request.services

    async def owners() -> list[str]:
        return await asyncio.gather(*(services.cluster.sessions.owner(device.id) for device in devices))

    return frozenset(
        device.id for device, owner in zip(devices, services.wait(owners()), strict=True) if owner
    )


def device_page(
    request: ApiRequest,
    template: str,
    device: Resource,
    *,
    status: int = 200,
    problem: str = "",
    **values: object,
) -> Response:
    """A tab of a device's page."""
    address = page_of("devices", device.id)
    allows = request.principal.allows
    return page(
        request,
        template,
        status=status,
        problem=problem,
        device=device,
        address=address,
        state=state_of(device),
        connected=is_connected(request, device),
        tabs=[(t.title, address + t.path) for t in TABS if allows(t.permission, device.organization)],
        may_update=allows(UPDATE, device.organization),
        **values,
    )
