"""The durable log: records a second acknowledged after the fsync, beside a plain SQLite table and COPY.

A frame is what one caller hands over at once and waits for. The log groups frames of all callers into one
commit; the peers, as a program without a log would, commit each frame by itself: a row a record into a plain
(not encrypted) SQLite table with `synchronous=FULL`, and `COPY` into a PostgreSQL table.
"""

import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psycopg
from msgspec.structs import astuple
from tests.support.postgresql import Server, running_server

from benchmarks._processes import Run, Work, median, run
from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.keys.file import open_key_ring
from holdfast.log.open import open_reader, open_writer
from holdfast.log.port import PARTITIONS, Entry, Position
from holdfast.storage.control import open_control

SECONDS = 0.4
REPEATS = 3
DEVICES = 1000
IN_FLIGHT = 400
"""Records that one process has in flight."""
BODY = b'{"temperature":21.5,"humidity":40.25,"pressure":1013.25,"battery":3.71}'.ljust(128)
ENTRIES = [
    Entry(f"device-{n:05d}", "", "telemetry", 1.8e9, "%24.ct=application%2Fjson", BODY)
    for n in range(DEVICES)
]
ROWS = [astuple(entry) for entry in ENTRIES]


def append(folder: str, url: str, frame: int) -> Work:
    """Append frames to the log, with a bounded number in flight."""
    clock = SystemClock()
    ring = open_key_ring(Path(folder), clock, SystemRandomness())
    writer = open_writer(Path(folder), ring, clock, url=url)
    room = threading.Semaphore(max(2, IN_FLIGHT // frame))
    failed: list[Exception] = []

    def done(error: Exception | None) -> None:
        if error is not None:
            failed.append(error)
        room.release()

    def work(deadline: float) -> int:
        frames = 0
        while time.monotonic() < deadline:
            room.acquire()
            start = frames * frame % DEVICES
            writer.append(ENTRIES[start : start + frame], done)
            frames += 1
        writer.close()
        if failed:
            raise failed[0]
        return frames * frame

    return work


def plain_table(folder: str, _url: str, frame: int) -> Work:
    """Insert frames into a plain SQLite table."""
    database = sqlite3.connect(Path(folder) / "plain.sqlite", isolation_level=None, timeout=60)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")

    def work(deadline: float) -> int:
        frames = 0
        while time.monotonic() < deadline:
            start = frames * frame % DEVICES
            database.execute("BEGIN IMMEDIATE")
            database.executemany(
                "INSERT INTO record VALUES (NULL, ?, ?, ?, ?, ?, ?)", ROWS[start : start + frame]
            )
            database.execute("COMMIT")
            frames += 1
        return frames * frame

    return work


def copy(_folder: str, url: str, frame: int) -> Work:
    """COPY frames into a PostgreSQL table."""
    connection = psycopg.connect(url, autocommit=True)
    cursor = connection.cursor()
    statement = "COPY record (device, module, kind, time, properties, body) FROM STDIN (FORMAT BINARY)"

    def work(deadline: float) -> int:
        frames = 0
        while time.monotonic() < deadline:
            start = frames * frame % DEVICES
            with cursor.copy(statement) as rows:
                rows.set_types(["text", "text", "text", "float8", "text", "bytea"])
                for row in ROWS[start : start + frame]:
                    rows.write_row(row)
            frames += 1
        return frames * frame

    return work


class Pair(NamedTuple):
    """The log on a database, and what it is compared with."""

    ours: str
    peer: str
    peer_workload: Callable[[str, str, int], Work]
    on_server: bool


PAIRS = (
    Pair("log on SQLCipher", "plain SQLite table", plain_table, on_server=False),
    Pair("log on PostgreSQL", "PostgreSQL COPY", copy, on_server=True),
)


def measure(
    workload: Callable[[str, str, int], Work], server: Server | None, frame: int, writers: int
) -> Run:
    """The median of some runs, each on a fresh database."""
    runs = []
    for _ in range(REPEATS):
        folder = tempfile.mkdtemp(prefix="holdfast-bench-")
        url = server.database() if server else ""
        _prepare(Path(folder), url)
        arguments = [(folder, url, frame)] * writers
        runs.append(run(workload, arguments, SECONDS, server.process_id() if server else None))
        shutil.rmtree(folder)
    return median(runs)


def _prepare(folder: Path, url: str) -> None:
    clock = SystemClock()
    ring = open_key_ring(folder, clock, SystemRandomness())
    open_control(folder, ring, url).close()
    open_writer(folder, ring, clock, url=url).close()
    columns = "device TEXT, module TEXT, kind TEXT, time FLOAT8, properties TEXT, body {}"
    if url:
        key = "id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE TABLE record ({key}, {columns.format('BYTEA')})")
    else:
        with sqlite3.connect(folder / "plain.sqlite") as database:
            database.execute(f"CREATE TABLE record (id INTEGER PRIMARY KEY, {columns.format('BLOB')})")
        database.close()


def read_back() -> None:
    """How fast a consumer of all partitions reads."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    append(str(folder), "", 50)(time.monotonic() + SECONDS)
    clock = SystemClock()
    reader = open_reader(folder, open_key_ring(folder, clock, SystemRandomness()), clock)
    positions = {number: Position(number, 0) for number in range(PARTITIONS)}
    started, count = time.process_time(), 0
    while (chunk := reader.poll(positions, 5000)).records:
        positions = chunk.positions
        count += len(chunk.records)
    cpu = time.process_time() - started
    print(f"reading back: {cpu / count * 1e6:.1f} µs of CPU a record ({count:,} records)")
    reader.close()
    shutil.rmtree(folder)


def main() -> None:
    """Print a line for each frame size, number of writers and system; ratios are ours to the peer's."""
    print("frame writers  system                 records/s  CPU µs/record   rate    CPU")
    with running_server(durable=True) as server:
        for pair in PAIRS:
            for frame in (1, 50, 200):
                for writers in (1, 4):
                    place = server if pair.on_server else None
                    peer = measure(pair.peer_workload, place, frame, writers)
                    ours = measure(append, place, frame, writers)
                    line = f"{frame:>5} {writers:>7}  {{:<20}} {{:>11,.0f}} {{:>14.1f}}"
                    print(line.format(pair.peer, peer.rate, peer.cpu * 1e6))
                    ratios = f"{ours.rate / peer.rate:>6.1f}x {ours.cpu / peer.cpu:>5.2f}x"
                    print(line.format(pair.ours, ours.rate, ours.cpu * 1e6), ratios, flush=True)
    read_back()
