"""From CONNECT to a session: who is it, may it come in, and is it the only one."""

import asyncio
from typing import TYPE_CHECKING

from holdfast.devices.directory import DeviceCredentials
from holdfast.gateway.authentication import judge, read_proof
from holdfast.gateway.errors import RefusedError
from holdfast.gateway.sessions.hub import HubSession
from holdfast.gateway.sessions.provisioning import ProvisioningSession
from holdfast.gateway.sessions.wills import check_will
from holdfast.kernel.errors import HoldfastError, UnavailableError
from holdfast.log import operations
from holdfast.protocol import dps, hub
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.mqtt.connect import Connect
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.server import is_persistent

if TYPE_CHECKING:
    from holdfast.gateway.services import Services
    from holdfast.gateway.sessions.connection import MqttConnection


async def admit(connection: "MqttConnection", connect: Connect) -> None:
    """Answer a CONNECT: open the session that it asks for, or refuse."""
    services, address = connection.services, connection.link.address
    device = connect.client_id.partition("/")[0]
    try:
        if services.lockouts.wait(address, device):
            raise RefusedError("too many failures; waiting", Reason.CONNECTION_RATE_EXCEEDED, guilty=False)
        user = _provisioning_user(connect)
        if user is not None:
            session = ProvisioningSession(connection, user, connect.password or b"")
            connection.accept(connect, session, session_present=False)
        else:
            await _open_hub_session(connection, connect)
    except RefusedError as refused:
        services.refusals.add(address, str(refused), device)
        if refused.guilty:
            await services.lockouts.failed(address, device)
        connection.refuse(refused.reason)
    except HoldfastError as error:
        services.refusals.add(address, f"a part of the platform does not answer: {error}", device)
        connection.refuse(Reason.SERVER_UNAVAILABLE)


def _provisioning_user(connect: Connect) -> dps.ProvisioningUser | None:
    try:
        user = dps.parse_user_name(connect.user_name or "")
    except dps.DpsError as error:
        raise RefusedError(str(error), Reason.CLIENT_IDENTIFIER_NOT_VALID) from None
    if user is not None and connect.client_id.lower() != user.registration.lower():
        raise RefusedError(
            "the client identifier is not the registration id", Reason.CLIENT_IDENTIFIER_NOT_VALID
        )
    return user


async def _open_hub_session(connection: "MqttConnection", connect: Connect) -> None:
    services = connection.services
    user = _hub_user(connect)
    if problem := services.log.healthy():
        raise UnavailableError(problem)
    proof = read_proof(connect.password, connection.link.peer_chain())
    since = services.clock.now()
    credentials = await look_up(services, user.device)
    expires = judge(user, proof, credentials, services.hub, services.clock.now())
    assert credentials is not None  # judge refuses what does not exist
    session = HubSession(connection, connect, user, proof, credentials, expires, since)
    if delay := services.connects.charge(session.key):
        await asyncio.sleep(min(delay, services.limits.handshake_seconds / 2))
    await session.claim()
    session_present = await _resume(services, session, connect)
    if not session.may_stay(await look_up(services, user.device)):  # changed while it was let in
        session.ended(publish_will=False)
        raise RefusedError("the device may not connect any more", guilty=False)
    connection.accept(connect, session, session_present)
    session.opened()


def _hub_user(connect: Connect) -> hub.HubUser:
    try:
        user = hub.parse_user_name(connect.user_name or "")
        if connect.client_id != hub.client_id(user.device, user.module):
            raise RefusedError(
                "the client identifier is not the device's id", Reason.CLIENT_IDENTIFIER_NOT_VALID
            )
        if connect.will is not None:
            check_will(connect.will, user)
    except ProtocolError as error:
        raise RefusedError(str(error), Reason.BAD_USER_NAME_OR_PASSWORD) from None
    return user


async def look_up(services: "Services", device: str) -> DeviceCredentials | None:
    """The device's credentials: from the cache while it can be trusted, else from the store in a thread."""
    cached = services.directory.cached(device)
    if cached is not None:
        return cached
    try:
        return await asyncio.to_thread(services.directory.credentials, device)
    except HoldfastError as error:
        raise UnavailableError(f"the device registry does not answer: {error}") from error


async def _resume(services: "Services", session: HubSession, connect: Connect) -> bool:
    """Take up the persistent session if there is one and it is wanted; whether there was."""
    stored = await asyncio.wrap_future(services.log.submit(operations.session_of, session.key))
    if connect.clean_start:
        if stored is not None:
            await asyncio.wrap_future(services.log.submit(operations.drop_session, session.key))
        session.persistent = is_persistent(connect)
        return False
    session.persistent = is_persistent(connect)
    if stored is None:
        return False
    session.resume(stored.subscriptions)
    return True
