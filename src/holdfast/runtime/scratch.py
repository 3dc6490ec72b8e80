"""Instances for drills: started beside the assessed one with its settings, on an address of their own.

What must not be done to an instance that serves a plant (shutting a network out, taking a key away) is done
to one of these. As a module it is the process that runs such an instance, and ends with its parent.
"""

import asyncio
import contextlib
import ctypes
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import httpx

from holdfast.access.application import APPLICATION
from holdfast.baseline.probes.context import Endpoint, Persona, ProbeContext, Surface
from holdfast.baseline.probes.http import ask
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action, Change
from holdfast.runtime import logs
from holdfast.runtime.instance import ROOT_CA_FILE, prepare
from holdfast.runtime.launch import Announcement, launch
from holdfast.runtime.settings import Settings

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1


def loopback_address(randomness: Randomness) -> str:
    """An address of this machine that nothing else uses, most probably: 127.x.y.z with x of 64 and more."""
    first, second, third = randomness.bytes(3)
    return f"127.{64 + first % 190}.{second}.{1 + third % 254}"


def endpoints_of(settings: Settings) -> dict[Surface, Endpoint]:
    """Where an instance listens: the first address of each listener, IPv4 before IPv6."""
    name = settings.host_names[0]

    def endpoint(addresses: list[str], port: int) -> Endpoint:
        return Endpoint(min(addresses, key=lambda address: ":" in address), port, name)

    found = {
        Surface.DEVICE_MQTT: endpoint(settings.devices.addresses, settings.devices.mqtt_port),
        Surface.DEVICE_HTTPS: endpoint(settings.devices.addresses, settings.devices.https_port),
        Surface.PEOPLE: endpoint(settings.people.addresses, settings.people.port),
    }
    if settings.sensors.addresses:
        found[Surface.SENSOR_MQTT] = endpoint(settings.sensors.addresses, settings.sensors.mqtt_port)
    return found


class _Order(NamedTuple):
    """What the process of an instance is told on its standard input."""

    settings: Settings
    application: JsonObject
    """Merged into the application resource before anything listens."""

    def as_text(self) -> str:
        return json.dumps([self.settings.model_dump(mode="json"), self.application])

    @classmethod
    def from_text(cls, text: str) -> "_Order":
        settings, application = json.loads(text)
        return cls(Settings.model_validate(settings), application)


@dataclass
class ScratchInstances:
    """Starts them, and ends those that still run when the role stops."""

    settings: Settings
    """Of the assessed instance."""
    clock: Clock
    randomness: Randomness
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def __call__(self, application: Callable[[str], JsonObject]) -> Iterator[ProbeContext]:
        """See `probes.context.Scratch`. UnavailableError when it does not start."""
        with tempfile.TemporaryDirectory(prefix="holdfast-drill-") as folder:
            settings = self._settings(Path(folder) / "data")
            order = _Order(settings, application(settings.host_names[0]))
            with self._process(order) as process:
                yield self._context(settings, process)

    def end_all(self) -> None:
        """End what runs."""
        with self._lock:
            for process in self._running:
                process.terminate()

    def _settings(self, data: Path) -> Settings:
        """Those of the assessed instance, on another address and in another folder."""
        address, ours = loopback_address(self.randomness), self.settings
        sensors = [address] if ours.sensors.addresses else []
        return ours.model_copy(
            update={
                "data": data,
                "database": "",
                "host_names": [address],
                "key_file": None,
                "gateways": 1,
                "workers": 1,
                "devices": ours.devices.model_copy(update={"addresses": [address]}),
                "people": ours.people.model_copy(update={"addresses": [address]}),
                "sensors": ours.sensors.model_copy(update={"addresses": sensors}),
                "tls": type(ours.tls)(),
                "logging": ours.logging.model_copy(update={"level": "error"}),
                "baseline": ours.baseline.model_copy(update={"automatic": False}),
            }
        )

    @contextlib.contextmanager
    def _process(self, order: _Order) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [sys.executable, "-m", "holdfast.runtime.scratch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            with self._lock:
                self._running.add(process)
            try:
                assert process.stdin is not None
                process.stdin.write(order.as_text())
                process.stdin.close()
                yield process
            finally:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_SECONDS)
                process.kill()
                with self._lock:
                    self._running.discard(process)

    def _context(self, settings: Settings, process: "subprocess.Popen[str]") -> ProbeContext:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise UnavailableError("The instance for the drill ended before it was ready.")
        context = ProbeContext(
            clock=self.clock,
            randomness=self.randomness,
            source=settings.host_names[0],
            endpoints=endpoints_of(settings),
            authority=settings.data / ROOT_CA_FILE,
            data=settings.data,
            tokens={Persona.KEEPER: str(json.loads(line)["token"])},
        )
        self._wait_until_ready(context)
        return context

    def _wait_until_ready(self, context: ProbeContext) -> None:
        """From the instance's own address, because the rules may admit no other."""
        end = self.clock.monotonic() + READY_SECONDS
        while self.clock.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                if ask(context, "GET", "/readyz").status == 200:
                    return
            time.sleep(0.1)
        raise UnavailableError(f"The instance for the drill is not ready after {READY_SECONDS:g} seconds.")


def _configure(order: _Order) -> None:
    """Make the instance, and change its application resource as the drill wants it."""
    with prepare(order.settings) as (prepared, instance):
        changes = instance.change_path()
        try:
            changes.apply(SYSTEM, Change(Action.MERGE, APPLICATION, APPLICATION, order.application))
        finally:
            changes.close()
    prepared.folder.release()


def _main() -> None:
    """Run the instance that is ordered on standard input; prints one line that says how it is reached."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    order = _Order.from_text(sys.stdin.read())
    logs.configure(order.settings.logging, "drill")
    _configure(order)

    def tell(news: Announcement) -> None:
        print(news.json(), flush=True)  # noqa: T201 - to the parent

    asyncio.run(launch(order.settings, tell))


if __name__ == "__main__":
    _main()
