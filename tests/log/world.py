"""A log in a folder or on PostgreSQL, and short ways to do what its tests do all the time."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.keys.file import open_key_ring
from holdfast.keys.ring import FileKeyRing
from holdfast.log.backend import DEFAULT_LIMITS, Limits
from holdfast.log.open import open_reader, open_state, open_writer
from holdfast.log.port import PARTITIONS, Chunk, Entry, Position, Record
from holdfast.log.state import StoredDeviceState
from holdfast.log.walking import WalkedLog
from holdfast.log.writer import GroupCommitWriter
from holdfast.storage.control import open_control

BEGINNING = {number: Position(number, 0) for number in range(PARTITIONS)}
DEADLINE = 60.0


def entry(device: str, text: str = "", kind: str = "telemetry") -> Entry:
    """An entry whose body says what it is."""
    return Entry(device, "", kind, 1_800_000_000.0, "$.ct=text%2Fplain", text.encode())


@dataclass
class LogWorld:
    """The parts that are open."""

    folder: Path
    url: str
    ring: FileKeyRing
    writer: GroupCommitWriter
    reader: WalkedLog
    state: StoredDeviceState
    clock: ManualClock
    limits: Limits = DEFAULT_LIMITS
    failures: list[Exception] = field(default_factory=list)

    def append(self, *entries: Entry) -> Exception | None:
        """Append and wait; why it is not durable, or None."""
        answers: list[Exception | None] = []
        answered = threading.Event()

        def done(error: Exception | None) -> None:
            answers.append(error)
            answered.set()

        self.writer.append(entries, done)
        assert answered.wait(DEADLINE)
        assert len(answers) == 1
        return answers[0]

    def everything(self, limit: int = 1000) -> list[Record]:
        """All records that a consumer gets that begins at the beginning."""
        return consume(self.reader, limit)[0]

    def texts(self, device: str) -> list[str]:
        """The bodies of a device's records in order."""
        return [record.body.decode() for record in self.everything() if record.device == device]

    def settle(self) -> None:
        """Wait until the writer has tended its files after what was committed before."""
        for _ in range(2):
            self.writer.submit(lambda view: None).result(DEADLINE)

    def reopen(self) -> None:
        """Close the writer and open it again, as a restart does."""
        self.writer.close()
        self.writer = open_writer(self.folder, self.ring, self.clock, self.limits, self.url)
        self.state = open_state(self.folder, self.ring, self.clock, SystemRandomness(), self.writer, self.url)


def consume(
    reader: WalkedLog, limit: int = 1000, after: dict[int, Position] | None = None
) -> tuple[list[Record], dict[int, Position]]:
    """Poll until nothing comes; the records and where the consumer stands."""
    positions = after or dict(BEGINNING)
    records: list[Record] = []
    while True:
        chunk: Chunk = reader.poll(positions, limit)
        assert len(chunk.records) <= limit
        positions = chunk.positions
        records += chunk.records
        if not chunk.records:
            return records, positions


def bodies(records: Sequence[Record]) -> list[str]:
    """What the records say."""
    return [record.body.decode() for record in records]


@contextmanager
def open_log(folder: Path, url: str = "", limits: Limits = DEFAULT_LIMITS) -> Iterator[LogWorld]:
    """A log with its writer, a reader and the device state."""
    clock = ManualClock()
    ring = open_key_ring(folder, clock, SystemRandomness())
    if url:
        open_control(folder, ring, url).close()
    writer = open_writer(folder, ring, clock, limits, url)
    reader = open_reader(folder, ring, clock, url)
    state = open_state(folder, ring, clock, SystemRandomness(), writer, url)
    world = LogWorld(folder, url, ring, writer, reader, state, clock, limits)
    try:
        yield world
    finally:
        world.writer.close()
        reader.close()
