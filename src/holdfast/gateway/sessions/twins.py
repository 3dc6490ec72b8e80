"""A device's requests about its twin. Each is answered on the topic of responses, with the request's id."""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from holdfast.gateway.sessions.acknowledgements import Group
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.log import operations
from holdfast.log.port import Twin
from holdfast.log.view import StateView
from holdfast.protocol.hub import Subscription, twin_response_topic
from holdfast.protocol.twin import check_size, decode_patch, encode_twin

if TYPE_CHECKING:
    from holdfast.gateway.sessions.hub import HubSession


_BUSY = msgspec.json.encode({"errorCode": 429_001, "message": "Too many requests wait; ask again later."})


async def answer_get(session: "HubSession", request: str) -> None:
    """Send the device its twin."""
    try:
        twin = await asyncio.wrap_future(
            session.services.log.submit(operations.twin_of, session.device, session.module)
        )
    except HoldfastError as error:
        _respond(session, _status(error), request, _explanation(error))
        return
    versions = (twin.desired_version, twin.reported_version)
    _respond(session, 200, request, encode_twin(twin.desired, twin.reported, versions))


async def apply_patch(session: "HubSession", request: str, body: bytes, group: Group | None) -> None:
    """Change the reported properties and tell the device the new version; `group` is the message's PUBACK.

    A patch that breaks a rule is answered with 400 and acknowledged: sent again it would be no better.
    """
    services = session.services
    try:
        patch = decode_patch(body)
        now = services.clock.now()
        twin = await asyncio.wrap_future(
            session.write(patch_reported, session.device, session.module, patch, now)
        )
    except InvalidError as error:
        _respond(session, 400, request, _explanation(error))
    except HoldfastError as error:
        _respond(session, _status(error), request, _explanation(error))
        session.upstream.not_durable(error)
        return
    else:
        _respond(session, 204, request, b"", twin.reported_version)
    if group is not None:
        group.durable()


def patch_reported(view: StateView, device: str, module: str, patch: JsonObject, now: float) -> Twin:
    """`operations.patch_reported` within the protocol's bound for the section."""
    twin = operations.patch_reported(view, device, module, patch, now)
    check_size(twin.reported)
    return twin


def patch_desired(
    view: StateView, device: str, module: str, patch: JsonObject, event: str, now: float
) -> Twin:
    """`operations.patch_desired` within the protocol's bound for the section."""
    twin = operations.patch_desired(view, device, module, patch, event, now)
    check_size(twin.desired)
    return twin


def respond_busy(session: "HubSession", request: str) -> None:
    """Refuse a request that would wait behind too many."""
    _respond(session, 429, request, _BUSY)


def _respond(
    session: "HubSession", status: int, request: str, body: bytes, version: int | None = None
) -> None:
    if session.subscriptions.qos(Subscription.TWIN_RESPONSES) is not None:
        session.connection.publish(twin_response_topic(status, request, version), body)


def _status(error: HoldfastError) -> int:
    return error.status if error.status in (400, 429, 503) else 500


def _explanation(error: HoldfastError) -> bytes:
    return msgspec.json.encode({"errorCode": error.status * 1000, "message": str(error)})
