"""The API over a real store, log and device state, served in memory for one principal."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from starlette.testclient import TestClient

from holdfast.api.application import build
from holdfast.api.frame import Route
from holdfast.api.routes import ROUTES
from holdfast.api.services import Services
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.log.open import open_reader, open_state, open_writer
from holdfast.log.port import Entry, LogWriter
from holdfast.log.state import StoredDeviceState
from holdfast.runtime.kinds import KINDS
from holdfast.telemetry.open import open_last_values
from tests.support.world import World, open_world

EVERYTHING = Principal(
    "tester", PrincipalKind.USER, "Tester", (Grant(ROOT, frozenset(Permission)),), address="127.0.0.1"
)


@dataclass(frozen=True)
class InMemory:
    """The client, and the parts behind it."""

    client: TestClient
    world: World
    state: StoredDeviceState
    writer: LogWriter
    telemetry: Callable[[], object]
    """Brings last values up to what was said."""
    speaking: list[Principal]
    """For whom the client speaks: the last one."""

    def say(self, device: str, body: bytes, properties: str = "") -> None:
        """One durable message of a device."""
        done = threading.Event()
        entry = Entry(device, "", "telemetry", self.world.clock.now(), properties, body)
        self.writer.append([entry], lambda _error: done.set())
        assert done.wait(60)


@contextmanager
def open_api(
    folder: Path,
    principal: Principal = EVERYTHING,
    extensions: Mapping[type, object] | None = None,
    routes: Sequence[Route] = ROUTES,
) -> Iterator[InMemory]:
    """An instance in `folder`, and a client that speaks for `principal` and reaches `routes`."""
    speaking = [principal]
    with open_world(folder, KINDS.values()) as world:
        writer = open_writer(folder, world.ring, world.clock)
        log = open_reader(folder, world.ring, world.clock)
        last_values = open_last_values(folder, world.ring)
        last_values.prepare()
        state = open_state(folder, world.ring, world.clock, world.randomness, writer)
        services = SimpleNamespace(
            clock=world.clock,
            randomness=world.randomness,
            store=world.store,
            changes=world.changes,
            state=state,
            log=log,
            last_values=last_values,
            authenticate=lambda **_credentials: speaking[-1],
            extension=lambda kind: (extensions or {})[kind],
            host="app.example.org",
            id_scope="0ne00000001",
        )
        application = build(cast(Services, services), routes)
        try:
            with TestClient(
                application, base_url="https://app.example.org", headers={"authorization": "any"}
            ) as client:
                yield InMemory(client, world, state, writer, lambda: last_values.consume(log), speaking)
        finally:
            writer.close()
            log.close()
