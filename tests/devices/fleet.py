"""A small fleet in a real store: templates, devices, twins, and devices that answer commands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.cluster.port import NotConnectedError
from holdfast.devices.device import DEVICE
from holdfast.devices.properties import Subject
from holdfast.devices.templates.kind import DEVICE_TEMPLATE, TEMPLATES
from holdfast.kernel.json import JsonObject
from holdfast.log.open import open_state, open_writer
from holdfast.log.state import StoredDeviceState
from holdfast.runtime.kinds import KINDS
from tests.devices.templates.samples import PUMP_TEMPLATE, TEMPLATE_ID
from tests.support.world import World, open_world


class Pumps:
    """Devices that answer direct methods; a router that leads to them."""

    def __init__(self) -> None:
        self.connected: set[str] = set()
        self.called: list[tuple[str, str, object]] = []
        """(device, method, payload) in the order of the calls."""
        self.answer: Callable[[str], JsonObject] = lambda _device: {"status": 200, "payload": {"litres": 3}}

    async def request(self, device: str, method: str, body: JsonObject, deadline: float) -> JsonObject:
        """See `cluster.port.Router`."""
        assert (method, deadline) == ("device.method", 32.0)
        if device not in self.connected:
            raise NotConnectedError(f"{device} is not connected.")
        self.called.append((device, str(body["name"]), body["payload"]))
        return self.answer(device)


class Fleet:
    """The parts, and short ways to do what tests do all the time."""

    def __init__(self, world: World, state: StoredDeviceState) -> None:
        self.world = world
        self.state = state
        self.pumps = Pumps()

    def template(self, identifier: str = TEMPLATE_ID, body: JsonObject = PUMP_TEMPLATE) -> None:
        self.world.put(DEVICE_TEMPLATE, identifier, body)

    def device(self, identifier: str, template: str = TEMPLATE_ID, **fields: object) -> None:
        body = {"template": template, **fields}
        self.world.put(DEVICE, identifier, body)  # type: ignore[arg-type]  # fields are JSON

    def subject(self, identifier: str, module: str = "") -> Subject:
        device = self.world.store.get(DEVICE, identifier)
        assert device is not None
        template = TEMPLATES.get(self.world.store, str(device.body["template"]))
        return Subject(device, self.state.twin(identifier, module), template, module)

    def report(self, identifier: str, patch: JsonObject) -> None:
        self.state.patch_reported(identifier, "", patch, self.world.clock.now())


@contextmanager
def open_fleet(folder: Path) -> Iterator[Fleet]:
    with open_world(folder, KINDS.values()) as world:
        writer = open_writer(folder, world.ring, world.clock)
        try:
            yield Fleet(world, open_state(folder, world.ring, world.clock, world.randomness, writer))
        finally:
            writer.close()
