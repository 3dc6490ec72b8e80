"""Refusals at the listeners, for the auditor: the gateways tell them counted, control writes them."""

import asyncio
from dataclasses import replace

from holdfast.gateway.refusals import REFUSED
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import ANONYMOUS
from holdfast.resources.port import ChangePath
from holdfast.runtime.process import Role


def record_refusal(changes: ChangePath, address: str, device: str, reason: str, count: int = 1) -> None:
    """Audit refused connections of one source; the change path aggregates them once more."""
    times = f" ({count} times)" if count > 1 else ""
    changes.record(
        replace(ANONYMOUS, address=address),
        "connection.refused",
        resource=device,
        outcome="refused",
        detail=f"{reason}{times}",
    )


def follow_refusals(role: Role, changes: ChangePath) -> None:
    """Write what the gateways refuse."""

    async def write(message: JsonObject) -> None:
        address, device = str(message.get("address", "")), str(message.get("device", ""))
        reason, count = str(message.get("reason", "")), int(str(message.get("count", 1)))
        await asyncio.to_thread(record_refusal, changes, address, device, reason, count)

    role.cluster.bus.subscribe(REFUSED, lambda _topic, message: role.spawn(write(message)))
