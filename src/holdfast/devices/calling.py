"""Calls commands on devices that are connected, or that connect in time."""

import asyncio
from typing import NamedTuple

from holdfast.cluster.port import NotConnectedError, Router
from holdfast.devices.commands import Call
from holdfast.devices.messages import DEVICE_METHOD
from holdfast.kernel.errors import ConflictError
from holdfast.kernel.json import JsonValue
from holdfast.protocol.hub import client_id

LOOK_SECONDS = 0.5
"""How often it is tried again while the device is not connected."""
MARGIN_SECONDS = 2.0
"""What the way to the device's process may take beyond the device's own time."""


class CommandFailedError(ConflictError):
    """The device was asked and did not do it."""

    code = "CommandFailed"


class Answer(NamedTuple):
    """What a device answered."""

    status: int
    payload: JsonValue


async def call(router: Router, asked: Call) -> Answer:
    """Call a command and wait for the answer, at most once.

    NotConnectedError when the device is not there in time, UnavailableError when it does not answer in time.
    """
    body = {
        "device": asked.device,
        "module": asked.module,
        "name": asked.method,
        "payload": asked.request,
        "timeout": asked.response_timeout,
    }
    holder = client_id(asked.device, asked.module)
    deadline = asked.response_timeout + MARGIN_SECONDS
    tries = int(asked.connection_timeout / LOOK_SECONDS)
    while True:
        try:
            answer = await router.request(holder, DEVICE_METHOD, body, deadline)
        except NotConnectedError:
            if tries <= 0:
                raise
            tries -= 1
            await asyncio.sleep(LOOK_SECONDS)
            continue
        return Answer(int(str(answer["status"])), answer.get("payload"))
