"""The REST API of a running instance with 200,000 devices, over TLS and with an API token.

CPU a request is that of the role that serves it, measured alone, one request after the other. Then come 200
requests a second for some seconds, 70 % reads of one device, 20 % lists of 100, 10 % changes: how long they
take is put beside `/healthz` on the same connection and beside bare `fdatasync` calls of the same seconds.
"""

import asyncio
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psutil
from tests.support.running import RunningInstance, running

from benchmarks._api_connection import Connection
from benchmarks._processes import cpu_of
from holdfast.devices.device import DEVICE, DEVICE_KIND
from holdfast.devices.groups import DEVICE_GROUP
from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.resources.indexes import INSERT_VALUES
from holdfast.resources.model import Resource
from holdfast.resources.rows import from_resource
from holdfast.resources.store import SqlResourceStore
from holdfast.resources.tables import resource
from holdfast.runtime.kinds import KINDS
from holdfast.storage.instance import open_instance

DEVICES = 200_000
TEMPLATE = "dtmi:benchmark:pump;1"
ALONE = 200
"""Requests of each sort that are measured alone."""
RATE = 200
SECONDS = 10
CONNECTIONS = 16
_VERSION = "api-version=2022-07-31"

TEMPLATE_BODY: JsonObject = {
    "@type": ["ModelDefinition", "DeviceModel"],
    "displayName": "Pump",
    "capabilityModel": {
        "@id": "dtmi:benchmark:Pump;1",
        "@type": "Interface",
        "contents": [
            {"@type": ["Property", "Cloud"], "name": "owner", "schema": "string"},
            {"@type": ["Property", "Cloud"], "name": "site", "schema": "integer"},
        ],
    },
}


def device(number: int) -> JsonObject:
    """A device of a fleet: forty owners, a thousand sites, one in ten blocked."""
    return {
        "key": f"device-{number:06d}",
        "displayName": f"Pump {number}",
        "template": TEMPLATE,
        "enabled": number % 10 != 0,
        "provisioned": True,
        "simulated": False,
        "gateway": False,
        "edge": False,
        "types": [],
        "group": "SAS-IoT-Devices",
        "registration": {},
        "cloud": {"owner": f"owner {number % 40}", "site": number % 1000},
        "manifest": {},
        "modules": [],
    }


def fill(data: Path) -> None:
    """Write the devices past the change path, which would take minutes, while the instance is down."""
    instance = open_instance(data, SystemClock(), SystemRandomness())
    indexes = SqlResourceStore(instance.database, KINDS, instance.ring).indexes
    for start in range(0, DEVICES, 5000):
        numbers = range(start, start + 5000)
        devices = [Resource(DEVICE, f"device-{n:06d}", ROOT, device(n), "1", 0.0, 0.0) for n in numbers]
        with instance.database.write() as connection:
            rows = [from_resource(one, DEVICE_KIND, instance.ring) for one in devices]
            connection.execute(resource.insert(), rows)
            values = [row for one in devices for row in indexes.values(DEVICE, one.id, one.body)]
            connection.execute(INSERT_VALUES, values)
    instance.close()


Ask = Callable[[Connection, int], object]
"""Makes the request with a number; to be awaited."""


def get(connection: Connection, number: int) -> object:
    """Read one device."""
    return connection.request("GET", f"/api/devices/device-{number:06d}?{_VERSION}")


PAGES: list[str] = []
"""The address of each page of 100 of the list of all devices; found by `walk`."""


def list_100(connection: Connection, number: int) -> object:
    """A page of 100 from anywhere in the list."""
    return connection.request("GET", PAGES[number % len(PAGES)])


def change(connection: Connection, number: int) -> object:
    """Change the name of one device."""
    path = f"/api/devices/device-{number:06d}?{_VERSION}"
    return connection.request("PATCH", path, {"displayName": f"Pump {number}"})


def health(connection: Connection, _number: int) -> object:
    """The floor: the same connection and server, and no work."""
    return connection.request("GET", "/healthz")


SORTS: dict[str, Ask] = {"get": get, "list of 100": list_100, "change": change, "/healthz": health}
GOALS = {"get": 2.0, "list of 100": 5.0, "change": 3.0}
"""CPU milliseconds a request that each may take."""
GROUPS = {
    "5,000 members": '$enabled = true AND owner = "owner 7"',
    "5 members": 'owner = "owner 7" AND site = 47',
    "no member": 'owner = "owner 7" AND site = 48',
    "no member, by a flag": '$simulated = true AND owner = "owner 7"',
    "by a beginning": 'STARTS_WITH($displayName, "Pump 1999") AND $enabled = true',
    "by a part": 'CONTAINS($displayName, "1999") AND $enabled = true',
    "in a range": "site > 499 AND site < 501",
}


def roles(instance: RunningInstance) -> dict[str, psutil.Process]:
    """The instance's processes by what they are."""
    assert instance.process is not None
    parent = psutil.Process(instance.process.pid)
    named = {"supervisor": parent}
    for child in parent.children():
        words = child.cmdline()
        named[next((word for word in words if word.endswith("-1")), " ".join(words[-2:]))] = child
    return named


async def alone(connection: Connection, control: int, ask: Ask) -> float:
    """CPU milliseconds a request in the control role, one after the other."""
    for number in range(10):
        await ask(connection, number)  # type: ignore[misc]  # an awaitable
    before = cpu_of(control)
    for number in range(ALONE):
        await ask(connection, number * 7919 % DEVICES)  # type: ignore[misc]  # an awaitable
    return (cpu_of(control) - before) / ALONE * 1e3


async def walk(connection: Connection, control: int) -> tuple[float, float]:
    """CPU milliseconds of a page at the beginning and of one at the end of the list of all devices."""
    path = f"/api/devices?{_VERSION}&%24top=100"
    spent = [cpu_of(control)]
    while path:
        PAGES.append(path)
        page = msgspec.json.decode(await connection.request("GET", path))
        link = urlsplit(page.get("nextLink", ""))
        path = f"{link.path}?{link.query}" if link.path else ""
        spent.append(cpu_of(control))
    quarter = len(PAGES) // 4
    return (spent[quarter] - spent[0]) / quarter * 1e3, (spent[-1] - spent[-1 - quarter]) / quarter * 1e3


def _mix() -> Iterator[str]:
    chosen = random.Random(1)  # a workload, no secret
    while True:
        yield chosen.choices(("get", "list of 100", "change"), (70, 20, 10))[0]


async def mixed(instance: RunningInstance) -> dict[str, list[float]]:
    """Milliseconds of each request at the rate, the time it waited for a connection included."""
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await Connection(instance).open())
    times: dict[str, list[float]] = {name: [] for name in SORTS}
    sorts, began = _mix(), time.monotonic()

    async def one(name: str, number: int, due: float) -> None:
        connection = await idle.get()
        await SORTS[name](connection, number)  # type: ignore[misc]  # an awaitable
        times[name].append((time.monotonic() - due) * 1e3)
        idle.put_nowait(connection)

    async with asyncio.TaskGroup() as tasks:
        for number in range(RATE * SECONDS):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            name = "/healthz" if number % 20 == 0 else next(sorts)
            tasks.create_task(one(name, number * 7919 % DEVICES, due))
    return times


class Syncing:
    """Bare appends with fdatasync on the instance's disk, beside the load."""

    def __init__(self, folder: Path) -> None:
        self.times: list[float] = []
        self._stop = threading.Event()
        self._file = os.open(folder / "fdatasync", os.O_WRONLY | os.O_CREAT, 0o600)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Syncing":
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """End."""
        self._stop.set()
        self._thread.join()
        os.close(self._file)

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            began = time.monotonic()
            os.write(self._file, b"x" * 4096)
            os.fdatasync(self._file)
            self.times.append((time.monotonic() - began) * 1e3)


def _print_times(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    print(f"{name:<24} p50 {p50:>8.2f} ms   p99 {p99:>8.2f} ms   ({len(ordered)} times)", flush=True)


async def measure(instance: RunningInstance) -> None:
    """Print everything."""
    processes = roles(instance)
    control = processes["control-1"].pid
    connection = await Connection(instance).open()
    await connection.request("PUT", f"/api/deviceTemplates/{TEMPLATE}?{_VERSION}", TEMPLATE_BODY)
    print("CPU of the control role a request:")
    first, last = await walk(connection, control)
    print(f"{'pages of 100':<24} {first:>8.2f} ms first quarter, {last:.2f} ms last", flush=True)
    for name, ask in SORTS.items():
        goal = f"(goal {GOALS[name]:g})" if name in GOALS else "(floor)"
        print(f"{name:<24} {await alone(connection, control, ask):>8.2f} ms {goal}", flush=True)
    await _groups(connection, control)
    print(f"\n{RATE} requests a second for {SECONDS} s:")
    with Syncing(instance.data) as syncing:
        times = await mixed(instance)
    for name, taken in {**times, "fdatasync": syncing.times}.items():
        _print_times(name, taken)
    print("\nMemory:")
    for name, process in processes.items():
        print(f"{name:<24} {process.memory_info().rss / 2**20:>8.0f} MiB", flush=True)


async def _groups(connection: Connection, control: int) -> None:
    for what, where in GROUPS.items():
        group = {
            "displayName": what,
            "filter": f'SELECT * FROM devices WHERE $template = "{TEMPLATE}" AND {where}',
        }
        path = f"/api/{DEVICE_GROUP}s/{what.replace(' ', '-').replace(',', '')}"
        await connection.request("PUT", f"{path}?{_VERSION}", group)  # type: ignore[arg-type]  # texts are JSON

        def members(connection: Connection, _number: int, path: str = path) -> object:
            return connection.request("GET", f"{path}/devices?{_VERSION}")

        cost = await alone(connection, control, members)
        print(f"{'group, ' + what:<24} {cost:>8.2f} ms (goal 20)", flush=True)


def main() -> None:
    """Fill an instance and measure it."""
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        data = Path(folder) / "data"
        with running(data) as instance:
            instance.stop()
            fill(data)
            instance.start()
            asyncio.run(measure(instance))
