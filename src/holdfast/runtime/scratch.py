"""Instances for drills: started beside the assessed one with its settings, on an address of their own.

What must not be done to an instance that serves a plant (shutting a network out, taking a key away) is done
to one of these. As a module it is the process that runs such an instance, and ends with its parent.
"""

import asyncio
import contextlib
import ctypes
import hashlib
import ipaddress
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import httpx

from holdfast.baseline.probes.context import DRILLS, Endpoint, Persona, ProbeContext, Surface
from holdfast.baseline.probes.http import ask
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import HoldfastError, UnavailableError
from holdfast.runtime import logs
from holdfast.runtime.instance import ROOT_CA_FILE
from holdfast.runtime.launch import Announcement, launch
from holdfast.runtime.settings import Settings

FOLDER_PREFIX = "holdfast-drill-"
"""Where drills live, below the system's folder for temporary files."""
READY_SECONDS = 120.0
STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1


def loopback_address(randomness: Randomness) -> str:
    """One of the addresses of `DRILLS` that nothing else uses, most probably."""
    network = ipaddress.ip_network(DRILLS)
    return str(network[1 + int.from_bytes(randomness.bytes(4)) % (network.num_addresses - 2)])


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


def drill_prefix(data: Path) -> str:
    """How the folders of the drills of one instance begin, which its data folder tells from others."""
    return f"{FOLDER_PREFIX}{hashlib.sha256(bytes(data.resolve())).hexdigest()[:12]}-"


def remove_left_drills(data: Path) -> None:
    """Remove what drills of this instance left behind when it was killed; nothing else runs on `data`."""
    for folder in Path(tempfile.gettempdir()).glob(f"{drill_prefix(data)}*"):
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class ScratchInstances:
    """Starts them, and ends those that still run when the role stops."""

    settings: Settings
    """Of the assessed instance."""
    clock: Clock
    randomness: Randomness
    _running: set["Drill"] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _shared: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _shared_drill: "Drill | None" = None
    _sharing: threading.Lock = field(default_factory=threading.Lock)
    _ended: bool = False

    @contextlib.contextmanager
    def __call__(self) -> Iterator["Drill"]:
        """See `probes.context.Scratch`. UnavailableError when it does not start."""
        prefix = drill_prefix(self.settings.data)
        with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
            drill = Drill(self._settings(Path(folder)), self.clock, self.randomness)
            with self._lock:
                if self._ended:
                    raise UnavailableError("The instance is stopping, so no drill begins.")
                self._running.add(drill)
            try:
                if problem := drill.start():
                    raise UnavailableError(f"The instance for the drill did not start: {problem}")
                yield drill
            finally:
                drill.stop()
                with self._lock:
                    self._running.discard(drill)

    @contextlib.contextmanager
    def shared(self) -> Iterator[ProbeContext]:
        """See `probes.context.Scratch.shared`. UnavailableError when it does not start."""
        with self._sharing:
            if self._shared_drill is None:
                self._shared_drill = self._shared.enter_context(self())
        # from an address of its own: what one probe does wrong on purpose is no risk of the others'
        yield replace(self._shared_drill.context, source=loopback_address(self.randomness))

    def end_shared(self) -> None:
        """See `probes.context.Scratch.end_shared`."""
        with self._sharing:
            self._shared_drill = None
            self._shared.close()

    def end_all(self) -> None:
        """End what runs, at once, and let nothing begin any more: the role stops."""
        with self._lock:
            self._ended = True
            for drill in self._running:
                drill.kill()

    def _settings(self, folder: Path) -> Settings:
        """Those of the assessed instance, on another address and in another folder."""
        address, ours = loopback_address(self.randomness), self.settings
        sensors = [address] if ours.sensors.addresses else []
        return ours.model_copy(
            update={
                "data": folder / "data",
                "database": "",
                "host_names": [address],
                "key_file": folder / "wrapping.key",
                "gateways": 1,
                "workers": 1,
                "devices": ours.devices.model_copy(update={"addresses": [address]}),
                "people": ours.people.model_copy(update={"addresses": [address]}),
                "sensors": ours.sensors.model_copy(update={"addresses": sensors, "host_name": ""}),
                "tls": type(ours.tls)(),
                "logging": ours.logging.model_copy(update={"level": "error"}),
                "baseline": ours.baseline.model_copy(update={"automatic": False}),
            }
        )


class Drill:
    """See `probes.context.Drill`. One thread at a time."""

    def __init__(self, settings: Settings, clock: Clock, randomness: Randomness) -> None:
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[bytes] | None = None
        """What the process writes as errors."""
        self._killed = False
        self.context = ProbeContext(
            clock=clock,
            randomness=randomness,
            source=settings.host_names[0],
            endpoints=endpoints_of(settings),
            authority=settings.data / ROOT_CA_FILE,
            data=settings.data,
            key=settings.key_file,
        )

    def start(self) -> str:
        """See `probes.context.Drill.start`. UnavailableError when it never becomes ready."""
        if self._killed:
            raise UnavailableError("The instance is stopping, so the drill ends.")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - until `stop`
        process = subprocess.Popen(
            [sys.executable, "-m", "holdfast.runtime.scratch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it was killed; the empty answer says so
            process.stdin.write(self._settings.model_dump_json())
            process.stdin.close()
        line = process.stdout.readline()
        news = json.loads(line) if line else {"problem": self._last_words()}
        if "problem" in news:
            self.stop()
            return str(news["problem"])
        if news["token"]:  # shown at the first start only
            self.context = replace(self.context, tokens={Persona.KEEPER: str(news["token"])})
        self._wait_until_ready(process)
        return ""

    def stop(self) -> None:
        """See `probes.context.Drill.stop`."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()
        for stream in (process.stdout, self._errors):
            if stream is not None:
                stream.close()

    def kill(self) -> None:
        """End it from any thread; it does not start again."""
        self._killed = True
        process = self._process
        if process is not None:
            process.kill()

    def _last_words(self) -> str:
        """Of a process that ended without an answer: the end of what it wrote as errors."""
        assert self._errors is not None  # it was started
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"it ended: {said[:300]}" if said else "it ended without a word"

    def _wait_until_ready(self, process: "subprocess.Popen[str]") -> None:
        clock = self.context.clock
        end = clock.monotonic() + READY_SECONDS
        while clock.monotonic() < end and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if ask(self.context, "GET", "/readyz").status == 200:
                    return
            time.sleep(0.1)
        raise UnavailableError("The instance for the drill ended, or was not ready in time.")


def _main() -> None:
    """Run the instance that is ordered on standard input; prints one line that says how it is reached."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    settings = Settings.model_validate_json(sys.stdin.read())
    logs.configure(settings.logging, "drill")

    def tell(news: Announcement) -> None:
        print(news.json(), flush=True)  # noqa: T201 - to the parent

    try:
        asyncio.run(launch(settings, tell))
    except HoldfastError as error:
        print(json.dumps({"problem": str(error)}), flush=True)  # noqa: T201 - to the parent


if __name__ == "__main__":
    _main()
