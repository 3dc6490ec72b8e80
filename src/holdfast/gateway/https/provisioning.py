"""The device provisioning service over HTTPS: the same decisions as over MQTT, one request each.

A registration is decided before its answer, but is told as `assigning`, as devices expect; the operation then
says how it ended. Any gateway process can be asked for that: what it answers is how the device's registration
stands, and only to whom proves to be the device.
"""

import re

from holdfast.devices.directory import Attempt, Registration
from holdfast.gateway.https.exchange import Reply, Request
from holdfast.gateway.https.surfaces import Refused
from holdfast.gateway.services import Services
from holdfast.gateway.sessions.provisioning import RETRY_DECIDED, assignment
from holdfast.kernel.errors import TooManyRequestsError
from holdfast.kernel.json import JsonObject
from holdfast.protocol import dps

MAXIMUM_LOOK_UP = 4096
"""Bytes of the body of a look-up, in which nothing but the registration id stands; and of a poll's, which one
SDK sends without need."""

_OPERATION = re.compile(r"5\.[0-9a-f]{32}")


async def register(services: Services, request: Request, path: dict[str, str]) -> Reply:
    """Register: 202 with the operation that a device polls."""
    _check(services, request, path)
    body = await request.body.whole(dps.MAXIMUM_BODY)
    payload = dps.decode_registration(body, path["registration"])
    force = request.head.query.get("forceRegistration", "").lower() == "true"
    await _decided(services, request, _attempt(request, path, payload, force=force))
    operation = services.registrations.begin(path["registration"])
    headers = [
        ("Retry-After", str(RETRY_DECIDED)),
        ("Location", f"https://{request.host}{_operation_path(request, operation)}"),
    ]
    return Reply(202, headers, dps.encode_accepted(operation))


async def poll(services: Services, request: Request, path: dict[str, str]) -> Reply:
    """How the registration ended."""
    _check(services, request, path)
    operation = path["operation"]
    if _OPERATION.fullmatch(operation) is None:
        raise Refused(404, "NotFound", "There is no such operation.", dps.Code.UNKNOWN_REGISTRATION)
    await request.body.whole(MAXIMUM_LOOK_UP)
    result = await _decided(services, request, _attempt(request, path, {}, look_up=True))
    return Reply(200, body=dps.encode_assignment(operation, assignment(result)))


async def look_up(services: Services, request: Request, path: dict[str, str]) -> Reply:
    """How the device is registered."""
    _check(services, request, path)
    dps.decode_registration(await request.body.whole(MAXIMUM_LOOK_UP), path["registration"])
    result = await _decided(services, request, _attempt(request, path, {}, look_up=True))
    return Reply(200, body=dps.encode_state(assignment(result)))


def _check(services: Services, request: Request, path: dict[str, str]) -> None:
    """What needs no proof: the form of the id, and that its address is not locked out."""
    dps.check_registration(path["registration"])
    if wait := services.lockouts.wait(request.link.address, path["registration"]):
        raise TooManyRequestsError("Too many registrations failed to authenticate; wait.", wait)


def _attempt(
    request: Request, path: dict[str, str], payload: JsonObject, *, force: bool = False, look_up: bool = False
) -> Attempt:
    token = request.authorization
    return Attempt(
        registration=path["registration"],
        scope=path["scope"],
        payload=payload,
        address=request.link.address,
        sas=token,
        chain=() if token else request.link.peer_chain(),
        force=force,
        look_up=look_up,
    )


async def _decided(services: Services, request: Request, attempt: Attempt) -> Registration:
    """The decision; Refused with the service's code when it is no."""
    result = await services.provisioning.register(attempt)
    if result.error_code:
        address = request.link.address
        services.refusals.add(address, "a registration was refused", attempt.registration)
        if result.error_code == dps.Code.UNAUTHORIZED:
            await services.lockouts.failed(address, attempt.registration)
        raise Refused(result.error_code // 1000, "", result.error_message, result.error_code)
    return result


def _operation_path(request: Request, operation: str) -> str:
    return f"{request.head.path.rpartition('/')[0]}/operations/{operation}"
