"""The provisioning port over the bus: the gateway's end, and the control role's."""

import asyncio
import base64
from dataclasses import asdict, replace
from typing import Any, cast

from holdfast.cluster.port import Bus
from holdfast.devices.directory import Attempt, Registration
from holdfast.devices.provisioning import ProvisioningService
from holdfast.kernel.json import JsonObject

REGISTER = "provisioning.register"
DEADLINE = 20.0
"""Seconds; the SDKs give up after 30 and try again."""


class RemoteProvisioning:
    """`directory.Provisioning` in a process that has no change path."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def register(self, attempt: Attempt) -> Registration:
        """See `Provisioning.register`."""
        body: JsonObject = {
            **asdict(replace(attempt, chain=())),
            "chain": [base64.b64encode(der).decode() for der in attempt.chain],
        }
        answer = await self._bus.request("control", REGISTER, body, DEADLINE)
        return Registration(**cast(dict[str, Any], answer))  # the fields that `serve_provisioning` wrote


def serve_provisioning(bus: Bus, service: ProvisioningService, at_once: int = 8) -> None:
    """Answer the gateways' registrations; `at_once` of them run in threads, the others wait."""
    slots = asyncio.Semaphore(at_once)

    async def register(body: JsonObject) -> JsonObject:
        fields = cast(dict[str, Any], dict(body))  # the fields that `RemoteProvisioning` wrote
        fields["chain"] = tuple(base64.b64decode(text) for text in fields["chain"])
        async with slots:
            return asdict(await asyncio.to_thread(service.register, Attempt(**fields)))

    bus.serve(REGISTER, register)
