"""The index of reported properties in the control role: it follows the log, and forgets deleted devices."""

import asyncio

from holdfast.api.services import Services
from holdfast.cluster.port import INVALIDATE
from holdfast.devices.device import DEVICE
from holdfast.devices.reported import ReportedIndex
from holdfast.kernel.json import JsonObject
from holdfast.runtime.instance import Instance
from holdfast.runtime.process import Role

POSITIONS = "reported.positions"


async def index_reported(role: Role, instance: Instance, services: Services) -> None:
    """Start it; it ends with the role."""
    file = role.settings.data / "consumers" / POSITIONS
    index = await asyncio.to_thread(ReportedIndex, instance.database, services.log, file)

    def listen(_topic: str, message: JsonObject) -> None:
        if message.get("event") == f"{DEVICE}.deleted":
            role.spawn(asyncio.to_thread(index.forget, str(message["id"])))

    role.cluster.bus.subscribe(f"{INVALIDATE}{DEVICE}", listen)
    role.spawn(index.run(role.stopping))
