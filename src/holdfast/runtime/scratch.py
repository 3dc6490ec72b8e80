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
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.access.application import APPLICATION
from holdfast.access.first_start import FirstStart
from holdfast.api.client import Remote
from holdfast.baseline.probes.context import Endpoint, Persona, ProbeContext, Surface
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action, Change
from holdfast.runtime import logs
from holdfast.runtime.instance import Prepared, prepare
from holdfast.runtime.launch import launch
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
    def __call__(self, application: JsonObject, key_file: Path | None = None) -> Iterator[ProbeContext]:
        """See `probes.context.Scratch`. UnavailableError when it does not start."""
        with tempfile.TemporaryDirectory(prefix="holdfast-drill-") as folder:
            settings = self._settings(Path(folder) / "data", key_file)
            with prepare(settings) as (_prepared, instance):
                changes = instance.change_path()
                try:
                    merge = Change(Action.MERGE, APPLICATION, APPLICATION, application)
                    changes.apply(SYSTEM, merge)
                finally:
                    changes.close()
            with self._process(settings) as process:
                yield self._context(settings, process)

    def end_all(self) -> None:
        """End what runs."""
        with self._lock:
            for process in self._running:
                process.terminate()

    def _settings(self, data: Path, key_file: Path | None) -> Settings:
        """Those of the assessed instance, on another address and in another folder."""
        address, ours = loopback_address(self.randomness), self.settings
        sensors = [address] if ours.sensors.addresses else []
        return ours.model_copy(
            update={
                "data": data,
                "database": "",
                "host_names": [address],
                "key_file": key_file,
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
    def _process(self, settings: Settings) -> Iterator[subprocess.Popen[str]]:
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
                process.stdin.write(settings.model_dump_json())
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
        token, authority = str(json.loads(line)["token"]), settings.data / "root-ca.pem"
        endpoint = endpoints_of(settings)[Surface.PEOPLE]
        with Remote(f"https://{endpoint}", authority, token) as remote:
            remote.wait_until_ready(READY_SECONDS)
        return ProbeContext(
            clock=self.clock,
            randomness=self.randomness,
            source=endpoint.address,
            endpoints=endpoints_of(settings),
            authority=authority,
            data=settings.data,
            tokens={Persona.KEEPER: token},
        )


def _main() -> None:
    """Run the instance whose settings stand on standard input; prints one line with the token."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    settings = Settings.model_validate_json(sys.stdin.read())
    logs.configure(settings.logging, "drill")

    def started(_prepared: Prepared, first: FirstStart | None) -> None:
        print(json.dumps({"token": first.token if first else ""}), flush=True)  # noqa: T201 - a message to the parent

    asyncio.run(launch(settings, announce=lambda _text: None, started=started))


if __name__ == "__main__":
    _main()
