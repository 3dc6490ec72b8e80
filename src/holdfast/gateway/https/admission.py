"""Who sends a request: every one is judged by what it shows, as a CONNECT is."""

import asyncio
from typing import NamedTuple

from holdfast.devices.directory import DeviceCredentials
from holdfast.gateway.authentication import judge, read_proof
from holdfast.gateway.errors import RefusedError
from holdfast.gateway.https.exchange import Request
from holdfast.gateway.https.surfaces import Refused
from holdfast.gateway.services import Services
from holdfast.gateway.sessions.admission import look_up
from holdfast.kernel.errors import TooManyRequestsError, UnavailableError
from holdfast.protocol.hub import HubUser, client_id, is_device_id

PATIENCE_SECONDS = 5.0
"""For how long a request that comes too soon waits before it is answered with 429 instead."""


class Sender(NamedTuple):
    """The device or module behind a request, proven."""

    credentials: DeviceCredentials
    module: str

    @property
    def device(self) -> str:
        """The device's id as it is stored."""
        return self.credentials.device


async def admit(services: Services, request: Request, device: str, module: str = "") -> Sender:
    """The sender of a request for `device`. Refused with 401 for every cause; the audit says which it was.

    TooManyRequestsError while the address or the device is locked out, UnavailableError when nothing can be
    stored or judged now.
    """
    address = request.link.address
    if wait := services.lockouts.wait(address, device):
        raise TooManyRequestsError("Too many requests failed to authenticate; wait.", wait)
    if problem := services.log.healthy():
        raise UnavailableError(problem)
    try:
        credentials = await _judged(services, request, device, module)
    except RefusedError as refused:
        services.refusals.add(address, str(refused), device)
        if refused.guilty:
            await services.lockouts.failed(address, device)
        raise Refused(401, "IotHubUnauthorizedAccess", "Unauthorized", 401002) from None
    return Sender(credentials, module)


async def admit_still(services: Services, request: Request, sender: Sender) -> None:
    """A body may take its time: judge the sender again if its credentials changed meanwhile."""
    credentials = await look_up(services, sender.device)
    if credentials is None or credentials.epoch != sender.credentials.epoch:
        await admit(services, request, sender.device, sender.module)


async def _judged(services: Services, request: Request, device: str, module: str) -> DeviceCredentials:
    if not is_device_id(device) or (module and not is_device_id(module)):
        raise RefusedError("the path holds a device id with characters that none may have")
    user = HubUser(request.host, device, module)
    token = request.authorization
    proof = read_proof(token.encode() or None, () if token else request.link.peer_chain())
    credentials = await look_up(services, device)
    judge(user, proof, credentials, services.hub, services.clock.now())
    assert credentials is not None  # judge refuses what does not exist
    return credentials


async def keep_pace(services: Services, sender: Sender, messages: int) -> None:
    """Count messages, and wait while the device is ahead of its rate.

    TooManyRequestsError when that would take too long.
    """
    key = client_id(sender.device, sender.module).lower()
    wait = max(services.senders.charge(key, messages), services.total.charge(messages))
    if wait > PATIENCE_SECONDS:
        services.senders.charge(key, -messages)  # what is not taken does not count
        services.total.charge(-messages)
        raise TooManyRequestsError("The device sends faster than it may.", wait)
    if wait:
        await asyncio.sleep(wait)
