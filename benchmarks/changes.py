"""The change path and the resource store, on SQLCipher and PostgreSQL.

Changes: each is authorized, put to one policy evaluation, validated, written with its indexed values, its
audit record and its event, and answered after the fsync. The peer writes the same bare row and audit row into
a plain (not encrypted) SQLite database, a commit a change, and does nothing else.

Reads over 200,000 devices: by id, a page of 25, and a query of two conditions. The peer answers the query
from the same plain SQLite by looking into the bodies (`json_extract`), as one does without an index.
"""

import json
import shutil
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.postgresql import running_server

from benchmarks._processes import cpu_of
from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM
from holdfast.keys.file import open_key_ring
from holdfast.resources.changes import QueuedChangePath
from holdfast.resources.indexes import INSERT_VALUES
from holdfast.resources.model import Action, Change, Draft, IndexType, Kind, Reader, Resource
from holdfast.resources.query import All, Compare, Operator, Query
from holdfast.resources.rows import from_resource
from holdfast.resources.sealing import Sealer
from holdfast.resources.store import SqlResourceStore
from holdfast.resources.tables import resource
from holdfast.resources.witness import HeadFile
from holdfast.storage.control import open_control
from holdfast.storage.database import Database

SECONDS = 1.0
REPEATS = 3
DEVICES = 200_000
READS = 200


def validate(draft: Draft, _reader: Reader) -> JsonObject:
    """What a small validator does."""
    return {"enabled": True, **draft.body}


DEVICE = Kind(
    "device",
    Permission.DEVICE_READ,
    Permission.DEVICE_CREATE,
    Permission.DEVICE_UPDATE,
    Permission.DEVICE_DELETE,
    validate=validate,
    indexed={
        "displayName": IndexType.TEXT,
        "template": IndexType.TEXT,
        "enabled": IndexType.BOOLEAN,
        "site": IndexType.NUMBER,
    },
    secrets=frozenset({"keys.*"}),
    policy_type="Holdfast.Devices/devices",
)
KINDS = {"device": DEVICE}


class Gate:
    """A policy that looks at the body and lets it pass."""

    epoch = 1

    def evaluate(self, kind: Kind, draft: Draft) -> tuple[JsonObject, tuple[str, ...]]:
        """The body as it is."""
        return draft.body, ()


def body(number: int) -> JsonObject:
    """A device of the size that the hosted service answers."""
    return {
        "displayName": f"Pump {number}",
        "template": f"dtmi:example:pump{number % 40};1",
        "enabled": number % 10 != 0,
        "site": number % 1000,
        "simulated": False,
        "etag": "",
        "keys": {"primary": "k" * 44, "secondary": "s" * 44},
    }


class Instance:
    """An instance in a temporary folder."""

    def __init__(self, url: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
        clock, randomness = SystemClock(), SystemRandomness()
        self.ring = open_key_ring(self.folder, clock, randomness)
        self.database: Database = open_control(self.folder, self.ring, url)
        sealer = Sealer(self.database, self.ring, clock, HeadFile(self.folder / "heads"))
        self.changes = QueuedChangePath(
            self.database, KINDS, self.ring, clock, randomness, gate=Gate(), sealer=sealer
        )
        self.store = SqlResourceStore(self.database, KINDS, self.ring)

    def close(self) -> None:
        """Close and remove everything."""
        self.changes.close()
        self.database.close()
        shutil.rmtree(self.folder)


def rate(change: Callable[[int, int], None], threads: int) -> tuple[float, float]:
    """(changes/s, CPU seconds a change) when so many threads change for a while."""
    deadline = time.monotonic() + SECONDS
    counts = [0] * threads

    def work(thread: int) -> None:
        while time.monotonic() < deadline:
            change(thread, counts[thread])
            counts[thread] += 1

    started, cpu = time.monotonic(), time.process_time()
    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    total = sum(counts)
    return total / (time.monotonic() - started), (time.process_time() - cpu) / total


def measure_changes(name: str, url: Callable[[], str]) -> None:
    """Print the rates of creating devices singly and in groups."""
    for threads in (1, 50):
        runs = []
        for _ in range(REPEATS):
            instance = Instance(url())

            def create(thread: int, number: int, changes: QueuedChangePath = instance.changes) -> None:
                changes.apply(SYSTEM, Change(Action.CREATE, "device", f"d-{thread}-{number}", body(number)))

            runs.append(rate(create, threads))
            instance.close()
        _print(name, f"{threads} callers", runs)


def measure_plain() -> None:
    """Print the rate of bare rows, a commit each."""
    runs = []
    for _ in range(REPEATS):
        folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
        database = plain_database(folder)

        def create(_thread: int, number: int, database: sqlite3.Connection = database) -> None:
            text = json.dumps(body(number))
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO resource VALUES (?, ?)", (f"d-{number}", text))
            database.execute("INSERT INTO audit VALUES (NULL, ?)", (text,))
            database.execute("COMMIT")

        runs.append(rate(create, 1))
        database.close()
        shutil.rmtree(folder)
    _print("plain SQLite rows", "1 caller", runs)


def plain_database(folder: Path) -> sqlite3.Connection:
    """The peer's database."""
    database = sqlite3.connect(folder / "plain.sqlite", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE resource (id TEXT PRIMARY KEY, body TEXT)")
    database.execute("CREATE TABLE audit (sequence INTEGER PRIMARY KEY, body TEXT)")
    return database


def _print(name: str, how: str, runs: list[tuple[float, float]]) -> None:
    median_rate = statistics.median(run[0] for run in runs)
    median_cpu = statistics.median(run[1] for run in runs)
    print(
        f"{name:<24} {how:<12} {median_rate:>8,.0f} changes/s {median_cpu * 1e6:>8.0f} µs of CPU", flush=True
    )


def _print_cost(name: str, what: str, milliseconds: float) -> None:
    print(f"{name:<24} {what:<28} {milliseconds:>8.2f} ms of CPU", flush=True)


def fill(instance: Instance) -> None:
    """Write the devices past the change path, which would take minutes."""
    indexes = instance.store.indexes
    for start in range(0, DEVICES, 5000):
        devices = [
            Resource("device", f"device-{n:06d}", OrganizationPath("/"), body(n), "1", 0.0, 0.0)
            for n in range(start, start + 5000)
        ]
        with instance.database.write() as connection:
            connection.execute(resource.insert(), [from_resource(d, DEVICE, instance.ring) for d in devices])
            values = [row for d in devices for row in indexes.values("device", d.id, d.body)]
            connection.execute(INSERT_VALUES, values)


def cost(read: Callable[[int], object], server: int | None, times: int = READS) -> float:
    """CPU milliseconds a read, in this process and in the server; after a few to get warm."""
    for number in range(5):
        read(number)
    before = time.process_time() + cpu_of(server)
    for number in range(times):
        read(number * 7919 % DEVICES)
    return (time.process_time() + cpu_of(server) - before) / times * 1e3


def measure_reads(name: str, url: str, server: int | None) -> None:
    """Print the CPU of reads."""
    instance = Instance(url)
    fill(instance)
    store = instance.store

    def two_conditions(number: int) -> object:
        where = All(
            (
                Compare("template", Operator.EQUAL, f"dtmi:example:pump{number % 40};1"),
                Compare("site", Operator.EQUAL, float(number % 1000)),
            )
        )
        return store.find(Query("device", (ROOT,), where))

    def wide_conditions(number: int) -> object:
        where = All(
            (
                Compare("enabled", Operator.EQUAL, True),
                Compare("template", Operator.EQUAL, f"dtmi:example:pump{number % 40};1"),
            )
        )
        return store.find(Query("device", (ROOT,), where))

    reads: dict[str, Callable[[int], object]] = {
        "by id": lambda n: store.get("device", f"device-{n:06d}"),
        "page of 25": lambda n: store.find(Query("device", (ROOT,))),
        "two conditions, 5 found": two_conditions,
        "two conditions, 4,500 found": wide_conditions,
    }
    for what, read in reads.items():
        _print_cost(name, what, cost(read, server))
    instance.close()


def measure_scan() -> None:
    """Print the CPU of the two-condition query over bodies."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    database = plain_database(folder)
    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO resource VALUES (?, ?)",
        ((f"device-{n:06d}", json.dumps(body(n))) for n in range(DEVICES)),
    )
    database.execute("COMMIT")
    statement = (
        "SELECT * FROM resource WHERE json_extract(body, '$.template') = ? "
        "AND json_extract(body, '$.site') = ? ORDER BY id LIMIT 25"
    )

    def scan(number: int) -> object:
        return database.execute(statement, (f"dtmi:example:pump{number % 40};1", number % 1000)).fetchall()

    print(
        f"{'plain SQLite, bodies':<24} {'two conditions, 5 found':<28} {cost(scan, None, 5):>8.2f} ms of CPU"
    )
    database.close()
    shutil.rmtree(folder)


def main() -> None:
    """Print the rates of changes and the CPU of reads."""
    with running_server(durable=True) as server:
        measure_plain()
        measure_changes("SQLCipher", lambda: "")
        measure_changes("PostgreSQL", server.database)
        measure_scan()
        measure_reads("SQLCipher", "", None)
        measure_reads("PostgreSQL", server.database(), server.process_id())
