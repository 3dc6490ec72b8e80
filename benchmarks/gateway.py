"""The gateway of a real instance (`holdfast up`, everything on) beside Mosquitto, on one machine with the
load.

    throughput     messages acknowledged after fsync, over TLS; in the same run Mosquitto alone, and Mosquitto
                   with a subscriber that stores in SQLite with the same durability
    people         the same rate while the API is called 100 times a second
    connections    CPU a message from 100 to 5,000 connections, and Mosquitto's: with an equal load, and with
                   one message always in flight
    stalled        memory while the log does not answer and 1,000 devices go on sending, once it is full
    memory         resident bytes of an idle device, with a key and with a certificate chain
    provisioning   registrations a second, known devices with keys and new ones with chains
    restart        10,000 devices back, with persistent sessions and a message that waits for each

`HOLDFAST_BENCH_DEVICES` sets how many devices there are at once (5,000). Twice as many come back after the
restart, as many of them at once as the descriptor limit allows.
"""

import asyncio
import base64
import fcntl
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from tests.support.pki import Identity, issue
from tests.support.running import RunningInstance, own_address, running

from benchmarks._api_connection import Connection
from benchmarks._processes import cpu_of
from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.keys.file import open_key_ring
from holdfast.log import operations
from holdfast.log.open import open_writer
from holdfast.log.port import QueuedMessage
from holdfast.log.sqlite.turns import LOCK_FILE
from holdfast.protocol.sas import derive_key, sign_sas
from holdfast.vault.authority import create_authority

DEVICES = int(os.environ.get("HOLDFAST_BENCH_DEVICES", "5000"))
RETURNING = 2 * DEVICES
"""Devices that come back after a restart."""
SPARE_DESCRIPTORS = 1000
AT_ONCE = min(RETURNING, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_DESCRIPTORS)
"""How many of them are there at once; the rest comes in turns."""
FLOODING = min(1000, DEVICES)
FLOOD_MESSAGES, FLOOD_BYTES = 150, 1024
"""What each of them has to send while the log is stalled: together twice of what may wait."""
STALL_SECONDS = 5.0
IDLE_CPU = 0.05
"""Seconds of CPU in a second at which the gateway takes in no more."""
SECONDS = 5.0
CONNECTIONS_SECONDS = 3.0
EQUAL_RATE = 10_000.0
"""Messages a second of all connections together."""
ROUNDS = 3
"""Ours and the peers take turns so often; their medians are compared."""
API_CALLS = 100.0
"""Calls a second beside the load, from `API_CALLERS` clients."""
API_CALLERS = 5
ROOT = Path(__file__).resolve().parent.parent
UNBOUND = {
    "messages_per_second": 1e6,
    "messages_burst": 1_000_000,
    "total_messages_per_second": 1e7,
    "connections_per_address": 100_000,
    "accepts_per_second": 1e5,
}
"""Every limit is on and none bites."""


@dataclass
class Loader:
    """A loader process at work."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, plan: dict[str, Any]) -> "Loader":
        command = [sys.executable, "-m", "benchmarks._mqtt_loader"]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(plan) + "\n")
        process.stdin.flush()
        return cls(process)

    def wait_for(self, what: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said: dict[str, Any] = json.loads(line)
            if said["what"] == what:
                return said
        raise RuntimeError(f"the loader ended before it said {what}")

    def tell(self) -> None:
        """Let a flood begin."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.close()
        result = self.wait_for("result")
        self.process.wait(30)
        return result


class Fleet:
    """Devices of one instance: their logins and what the gateway process costs."""

    def __init__(self, instance: RunningInstance, folder: Path, group_key: bytes, root: Identity) -> None:
        self.instance = instance
        self.folder = folder
        self.ca = instance.root_ca.read_text()
        self._key = group_key
        self._root = root
        self._middle = issue("benchmark intermediate", root, authority=True)

    def plan(self, mode: str, logins: list[dict[str, Any]], **more: object) -> dict[str, Any]:
        address = self.instance.address
        return {"mode": mode, "host": address, "port": 8883, "ca": self.ca, "logins": logins, **more}

    def with_key(self, number: int, *, register: bool = False, clean: bool = True) -> dict[str, Any]:
        name = f"key-{number}"
        key, until = derive_key(self._key, name), int(time.time()) + 86_400
        if register:
            return self._registrant(
                name, sign_sas(f"{self.instance.id_scope}/registrations/{name}", key, until)
            )
        token = sign_sas(f"{self.instance.address}/devices/{name}", key, until)
        return {**self._login(name), "password": token, "clean": clean}

    def with_chain(self, number: int, *, register: bool = False) -> dict[str, Any]:
        name = f"chain-{number}"
        path = self.folder / f"{name}.pem"
        if not path.exists():
            leaf = issue(name, self._middle)
            path.write_text(leaf.key_pem + leaf.pem + self._middle.pem)
        login = self._registrant(name, "") if register else self._login(name)
        return {**login, "certificate": str(path)}

    def _login(self, name: str) -> dict[str, Any]:
        user_name = f"{self.instance.address}/{name}/?api-version=2021-04-12"
        return {"client_id": name, "user_name": user_name, "topic": f"devices/{name}/messages/events/"}

    def _registrant(self, name: str, password: str) -> dict[str, Any]:
        user_name = f"{self.instance.id_scope}/registrations/{name}/api-version=2019-03-31"
        return {"client_id": name, "user_name": user_name, "password": password}

    def register(self, logins: list[dict[str, Any]]) -> float:
        """Register devices; how many a second."""
        result = Loader.start(self.plan("register", logins)).end()
        return len(logins) / float(result["connect_seconds"])

    def gateway(self) -> psutil.Process:
        """The gateway process."""
        assert self.instance.process is not None
        children = psutil.Process(self.instance.process.pid).children(recursive=True)
        return next(child for child in children if "gateway-1" in child.cmdline())

    def cpu_seconds(self) -> float:
        return cpu_of(self.gateway().pid)

    def publish(
        self, connections: int, in_flight: int, seconds: float = SECONDS, rate: float = 0.0
    ) -> dict[str, Any]:
        """Load, and the gateway's CPU a message with it."""
        logins = [self.with_key(number) for number in range(connections)]
        plan = self.plan("publish", logins, in_flight=in_flight, seconds=seconds, rate=rate)
        return load_and_weigh(plan, self.gateway().pid)

    def idle_bytes(self, logins: list[dict[str, Any]]) -> float:
        """Resident bytes of the gateway for each idle device."""
        few, rest = logins[:100], logins[100:]
        first = Loader.start(self.plan("idle", few))
        first.wait_for("connected")
        before = self.settled_memory()
        second = Loader.start(self.plan("idle", rest))
        second.wait_for("connected")
        grown = self.settled_memory() - before
        second.end()
        first.end()
        return grown / len(rest)

    def restart(self) -> None:
        """Stop and start the instance."""
        self.instance.stop()
        self.instance.start()

    def settled_memory(self) -> int:
        """The gateway's resident memory once nothing moves."""
        time.sleep(3)
        return int(self.gateway().memory_info().rss)


def load_and_weigh(plan: dict[str, Any], server: int) -> dict[str, Any]:
    """Load, and the server's CPU a message with it."""
    loader = Loader.start(plan)
    loader.wait_for("measuring")
    before = cpu_of(server)
    loader.wait_for("measured")
    spent = cpu_of(server) - before
    result = loader.end()
    return {**result, "cpu_us": spent / result["messages"] * 1e6}


def fdatasync_ms(folder: Path) -> tuple[float, float]:
    """Median and p99 of a raw 4 KB append with fdatasync, in milliseconds."""
    times = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(500):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    times.sort()
    return times[250] * 1000, times[495] * 1000


# ---- the peer


@contextmanager
def mosquitto(folder: Path) -> Iterator[tuple[str, Path, int]]:
    """A Mosquitto with TLS on port 8883 of an address of its own: the address, the authority's file, the
    process id."""
    address = own_address()
    authority = create_authority("benchmark", time.time())
    issued = authority.issue_server([address], time.time())
    for name, content in (
        ("ca.pem", authority.certificate_pem),
        ("server.pem", issued.chain_pem),
        ("server.key", issued.key_pem),
        (
            "mosquitto.conf",
            f"listener 8883 {address}\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key\n"
            "user root\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
            "max_inflight_messages 0\nmax_queued_messages 2000000\nlog_type none\n".encode(),
        ),
    ):
        (folder / name).write_bytes(content)
    process = subprocess.Popen([shutil.which("mosquitto") or "mosquitto", "-c", f"{folder}/mosquitto.conf"])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex((address, 8883)) == 0:
                    break
            time.sleep(0.05)
        yield address, folder / "ca.pem", process.pid
    finally:
        process.terminate()
        process.wait(10)


def _plan_for_mosquitto(
    address: str, ca: Path, connections: int, in_flight: int, seconds: float
) -> dict[str, Any]:
    logins = [{"client_id": f"d{n}", "topic": f"devices/d{n}/messages/events/"} for n in range(connections)]
    return {
        "mode": "publish",
        "host": address,
        "port": 8883,
        "ca": ca.read_text(),
        "logins": logins,
        "in_flight": in_flight,
        "seconds": seconds,
    }


def load_mosquitto(folder: Path, connections: int, in_flight: int, *, storing: bool) -> float:
    """Rows committed a second with a storing subscriber, else messages acknowledged."""
    with mosquitto(folder) as (address, ca, _):
        plan = _plan_for_mosquitto(address, ca, connections, in_flight, SECONDS)
        subscriber = _subscriber(address, ca, folder) if storing else None
        loader = Loader.start(plan)
        loader.wait_for("measuring")
        rows, began = _committed(subscriber), time.perf_counter()
        loader.wait_for("measured")
        rate = (_committed(subscriber) - rows) / (time.perf_counter() - began)
        acknowledged = float(loader.end()["rate"])
        if subscriber is not None:
            subscriber.kill()
            subscriber.wait(10)
        return rate if storing else acknowledged


def _subscriber(address: str, ca: Path, folder: Path) -> subprocess.Popen[str]:
    for file in folder.glob("messages.db*"):
        file.unlink()
    module = [sys.executable, "-m", "benchmarks._storing_subscriber"]
    process = subprocess.Popen(
        [*module, address, "8883", str(ca), str(folder / "messages.db")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _committed(subscriber: subprocess.Popen[str] | None) -> int:
    if subscriber is None:
        return 0
    assert subscriber.stdin is not None
    assert subscriber.stdout is not None
    subscriber.stdin.write("\n")
    subscriber.stdin.flush()
    return int(json.loads(subscriber.stdout.readline())["committed"])


# ---- what is printed


def throughput(fleet: Fleet, folder: Path) -> None:
    """Ours and the peers', both shapes."""
    median, worst = fdatasync_ms(folder)
    print(f"disk: fdatasync of 4 KB p50 {median:.2f} ms, p99 {worst:.2f} ms")
    for connections, in_flight in ((50, 20), (200, 1)):
        runs: list[dict[str, Any]] = []
        storing: list[float] = []
        bare: list[float] = []
        for _ in range(ROUNDS):
            runs.append(fleet.publish(connections, in_flight))
            storing.append(load_mosquitto(folder, connections, in_flight, storing=True))
            bare.append(load_mosquitto(folder, connections, in_flight, storing=False))
        ours = sorted(runs, key=lambda run: float(run["rate"]))[ROUNDS // 2]
        stored, alone = statistics.median(storing), statistics.median(bare)
        print(
            f"{connections} x {in_flight}: {ours['rate']:,.0f} messages/s acknowledged after fsync "
            f"(p50 {ours['p50']:.1f} ms, p99 {ours['p99']:.1f} ms, {ours['cpu_us']:.1f} us of CPU each); "
            f"Mosquitto with storing subscriber {stored:,.0f} rows/s (ratio {ours['rate'] / stored:.2f}); "
            f"Mosquitto alone {alone:,.0f}/s (ratio {ours['rate'] / alone:.1f})"
        )


def beside_people(fleet: Fleet) -> None:
    """What is left of the rate while people and scripts call the API."""
    alone: list[float] = []
    beside: list[float] = []
    calls: list[float] = []
    for _ in range(ROUNDS):
        alone.append(fleet.publish(50, 20)["rate"])
        ending = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            people = pool.submit(asyncio.run, _call(fleet.instance, ending))
            beside.append(fleet.publish(50, 20)["rate"])
            ending.set()
            calls.append(people.result())
    rate, kept = statistics.median(alone), statistics.median(beside)
    print(
        f"with {statistics.median(calls):.0f} API calls/s: {kept:,.0f} messages/s, "
        f"{kept / rate:.0%} of {rate:,.0f} (goal 70%)"
    )


async def _call(instance: RunningInstance, ending: threading.Event) -> float:
    """Call the API until the end; how many calls a second that were."""

    async def call() -> int:
        connection = await Connection(instance).open()
        made, due = 0, time.perf_counter()
        while not ending.is_set():
            await connection.request("GET", "/api/devices/key-1?api-version=2022-07-31")
            made += 1
            due += API_CALLERS / API_CALLS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        connection.writer.close()
        return made

    began = time.perf_counter()
    made = await asyncio.gather(*(call() for _ in range(API_CALLERS)))
    return sum(made) / (time.perf_counter() - began)


def connections(fleet: Fleet, folder: Path) -> None:
    """CPU a message as connections grow. What a session needs leaves the processor's caches meanwhile, of
    Mosquitto as of ours: its figures say what that comes to on this machine."""
    counts = sorted({100, min(1000, DEVICES), DEVICES})
    for load, rate in ((f"{EQUAL_RATE:,.0f} messages/s", EQUAL_RATE), ("one always in flight", 0.0)):
        ours = {count: fleet.publish(count, 1, CONNECTIONS_SECONDS, rate)["cpu_us"] for count in counts}
        peers: dict[int, float] = {}
        for count in counts:
            with mosquitto(folder) as (address, ca, process):
                plan = _plan_for_mosquitto(address, ca, count, 1, CONNECTIONS_SECONDS)
                peers[count] = load_and_weigh({**plan, "rate": rate}, process)["cpu_us"]
        print(
            f"CPU a message (us) by connections, {load}: {_growth(ours)}; Mosquitto alone: {_growth(peers)}"
        )


def _growth(figures: dict[int, float]) -> str:
    first, last = figures[min(figures)], figures[max(figures)]
    text = ", ".join(f"{count:,}: {microseconds:.1f}" for count, microseconds in figures.items())
    return f"{text} (ratio {last / first:.1f})"


def memory(fleet: Fleet) -> None:
    """Bytes of an idle device, each time in a fresh process: what others left free would hide some."""
    fleet.restart()
    keys = fleet.idle_bytes([fleet.with_key(number) for number in range(DEVICES)])
    print(f"idle device with a key: {keys / 1024:.1f} KB resident at {DEVICES:,} (goal 32)")
    fleet.restart()
    chains = fleet.idle_bytes([fleet.with_chain(number) for number in range(DEVICES)])
    print(f"idle device with a chain: {chains / 1024:.1f} KB resident at {DEVICES:,} (goal 45)")


def provisioning(fleet: Fleet) -> None:
    """Registrations a second; leaves the devices registered for the others."""
    new = fleet.register([fleet.with_key(number, register=True) for number in range(DEVICES)])
    known = fleet.register([fleet.with_key(number, register=True) for number in range(min(DEVICES, 2000))])
    chains = fleet.register([fleet.with_chain(number, register=True) for number in range(DEVICES)])
    print(f"registrations/s: new with keys {new:,.0f}, known with keys {known:,.0f} (goal 300), ", end="")
    print(f"new with chains {chains:,.0f} (goal 150)")


@contextmanager
def stalled_log(fleet: Fleet) -> Iterator[None]:
    """Keep the log's writer from its turn, as a disk that does not answer would."""
    with (fleet.instance.data / "log" / LOCK_FILE).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def stalled(fleet: Fleet) -> None:
    """What a fresh gateway grows by while nothing becomes durable, and that nothing is lost."""
    fleet.restart()
    logins = [fleet.with_key(number) for number in range(FLOODING)]
    plan = fleet.plan("flood", logins, in_flight=FLOOD_MESSAGES, payload_bytes=FLOOD_BYTES)
    loader = Loader.start(plan)
    loader.wait_for("connected")
    before = fleet.settled_memory()
    with stalled_log(fleet):
        loader.tell()
        time.sleep(STALL_SECONDS)
        busy = -1.0
        while (spent := fleet.cpu_seconds()) - busy > IDLE_CPU:  # until nothing is taken in any more
            busy = spent
            time.sleep(1.0)
        grown = []
        for _ in range(2):
            grown.append((fleet.gateway().memory_info().rss - before) / 2**20)
            time.sleep(STALL_SECONDS)
        began = time.perf_counter()
    loader.wait_for("acknowledged")
    seconds = time.perf_counter() - began
    messages = loader.end()["messages"]
    print(
        f"log stalled, {FLOODING:,} connections with {messages * FLOOD_BYTES / 2**20:.0f} MB to send: ",
        end="",
    )
    print(
        f"the gateway grew by {grown[0]:.0f} MB, after {STALL_SECONDS:.0f} s more {grown[1]:.0f} MB; ", end=""
    )
    print(f"all {messages:,.0f} messages acknowledged {seconds:.1f} s after it went on")


def restart(fleet: Fleet) -> None:
    """Every device back after the instance was stopped and started, each with its message."""
    fleet.register([fleet.with_key(number, register=True) for number in range(DEVICES, RETURNING)])
    logins = [fleet.with_key(number, clean=False) for number in range(RETURNING)]
    turns = [logins[start : start + AT_ONCE] for start in range(0, RETURNING, AT_ONCE)]
    for turn in turns:
        _listen(fleet, turn)
    fleet.instance.stop()
    _enqueue(fleet.instance.data, [login["client_id"] for login in logins])
    fleet.instance.start()
    began = time.perf_counter()
    for turn in turns:
        _listen(fleet, turn)
    seconds = time.perf_counter() - began
    print(
        f"restart: {RETURNING:,} devices with persistent sessions back in {seconds:.1f} s (goal 30), ", end=""
    )
    print(f"{AT_ONCE:,} at a time, a queued message delivered to each")


def _listen(fleet: Fleet, logins: list[dict[str, Any]]) -> None:
    loader = Loader.start(fleet.plan("listen", logins))
    loader.wait_for("connected")
    loader.end()


def _enqueue(data: Path, devices: list[str]) -> None:
    """A cloud-to-device message for each, while the instance is down."""
    clock = SystemClock()
    writer = open_writer(data, open_key_ring(data, clock, SystemRandomness()), clock)
    now = clock.now()
    messages = [
        QueuedMessage(f"{name}-1", name, "", b"{}", f"%24.mid={name}-1", now, now + 3600, 0)
        for name in devices
    ]
    queued = [writer.submit(operations.enqueue, message, 50) for message in messages]
    assert all(future.result(60) for future in queued)
    writer.close()


def _prepare(instance: RunningInstance, root: Identity) -> bytes:
    """The default group's key, and a group for the certificates."""
    with instance.remote() as remote:
        group = remote.get("/api/enrollmentGroups/SAS-IoT-Devices")
        certificates = {"primary": {"certificate": root.pem, "verified": True}}
        attestation = {"type": "x509", "x509": {"signingCertificates": certificates}}
        body = {"displayName": "chains", "type": "iot", "attestation": attestation}
        remote.put("/api/enrollmentGroups/chains", body)
    return base64.b64decode(group["attestation"]["symmetricKey"]["primaryKey"])


def main() -> None:
    """See the module."""
    limits = {f"HOLDFAST_LIMITS__{name.upper()}": str(value) for name, value in UNBOUND.items()}
    root = issue("benchmark root", authority=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(folder / "data", **limits) as instance:
            fleet = Fleet(instance, folder, _prepare(instance, root), root)
            provisioning(fleet)
            throughput(fleet, folder)
            beside_people(fleet)
            connections(fleet, folder)
            stalled(fleet)
            memory(fleet)
            restart(fleet)


if __name__ == "__main__":
    main()
