"""The durable log and the device state beside it: what the gateway writes and everything else reads.

What a device says is acknowledged only after `LogWriter.append` reported it durable (fsynced). The log has
64 partitions by device id; the order within a device is the order of appending. Consumers keep an opaque
`Position` a partition together with their effects, so that each record counts once.

Device state (twins, sessions, cloud-to-device queues) lives in the same role's files: one process writes it,
others read it in short transactions and ask the owner through `cluster/` to change it.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

import msgspec

from holdfast.kernel.json import JsonObject

if TYPE_CHECKING:
    from holdfast.log.backend import StateReading

P = ParamSpec("P")
T = TypeVar("T")

PARTITIONS = 64


def partition_of(device: str) -> int:
    """The partition of a device; never changes, or order within a device would be lost."""
    return zlib.crc32(device.encode()) % PARTITIONS


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One record to append. No NamedTuple, whose making costs four times as much: the gateway makes tens of
    thousands a second."""

    device: str
    module: str
    """Empty for the device itself."""
    kind: str
    """`telemetry`, `reported`, `connected`, `disconnected`, `uploaded`."""
    time: float
    """When the gateway received it, Unix seconds."""
    properties: str
    """The property bag as it stood in the topic (URL-encoded), system properties included."""
    body: bytes


class Position(NamedTuple):
    """A place in one partition. Ordered within it; the text form is opaque to everybody else."""

    partition: int
    offset: int


class Record(msgspec.Struct, array_like=True, gc=False):
    """One record as consumers read it: an entry's fields, and where it stands."""

    device: str
    module: str
    kind: str
    time: float
    properties: str
    body: bytes
    offset: int = 0
    """Set once, by what reads the row."""

    @property
    def partition(self) -> int:
        """The partition of its device."""
        return partition_of(self.device)

    @property
    def position(self) -> Position:
        """Where it stands."""
        return Position(self.partition, self.offset)

    @property
    def id(self) -> str:
        """Stable and unique within an instance: what an outside receiver may drop doubles by."""
        return f"{self.partition:02x}{self.offset:016x}"


Done = Callable[[Exception | None], None]
"""Called once, in the writer's thread: with None after the fsync, else with why it is not durable."""


class LogWriter(Protocol):
    """The writing end; lives in the gateway role. Thread-safe, never blocks on disk."""

    def append(self, entries: Sequence[Entry], done: Done) -> None:
        """Queue entries of any partitions for the next group commit; `done` is called once for all."""
        ...

    def pending_bytes(self) -> int:
        """Bytes of memory that is taken by what is queued and not yet durable; the gateway stops reading
        sockets above its limit."""
        ...

    def healthy(self) -> str:
        """Empty when appends are acknowledged, else why not (disk full, I/O error) in a sentence."""
        ...

    def close(self) -> None:
        """Commit what is queued and stop."""
        ...


class Chunk(NamedTuple):
    """What one poll found."""

    records: list[Record]
    positions: dict[int, Position]
    """Where every polled partition was read to, idle ones too: what to keep, and to poll with next."""
    complete: bool
    """Whether this was all; else the next poll finds more at once."""


PACE_SECONDS = 0.2
"""Between two rounds of a consumer under load; a person does not see it on a live page."""


class LogReader(Protocol):
    """The reading end; any process."""

    def poll(
        self, after: Mapping[int, Position], limit: int = 1000, kind: str = "", holding: str = ""
    ) -> Chunk:
        """The next records of several partitions in one pass, in order within each. The way to consume.

        With a `kind` its records only, and with `holding` only such as have this text in their properties:
        the positions pass over the others, which cost next to nothing. A chunk ends at `limit` records, and
        early where the messages are large.
        """
        ...

    def read(self, after: Position, limit: int = 1000) -> list[Record]:
        """Records of `after.partition` behind `after`, oldest first; offset 0 is the beginning."""
        ...

    def ends(self) -> dict[int, Position]:
        """The last durable position of each partition that has records."""
        ...

    def wait(self, timeout: float) -> bool:
        """Block until something was appended since the last call, or `timeout` seconds passed.

        True comes at most every `PACE_SECONDS`: under load a consumer takes in many commits at once instead
        of following each with one of its own, and a lone record does not wait.
        """
        ...

    def close(self) -> None:
        """Free files and connections."""
        ...


class Twin(NamedTuple):
    """A device twin, whole. Versions grow by one with each change of their side."""

    desired: JsonObject
    reported: JsonObject
    desired_version: int
    reported_version: int
    desired_times: JsonObject
    """Path → RFC 3339 moment of the last change of each desired property (top level and components)."""
    reported_times: JsonObject
    model: str
    """The model id that the device announced; empty when none."""


EMPTY_TWIN = Twin({}, {}, 1, 1, {}, {}, "")


class QueuedMessage(NamedTuple):
    """A cloud-to-device message."""

    id: str
    """Idempotency key: enqueueing the same id twice stores one message."""
    device: str
    module: str
    body: bytes
    properties: str
    """URL-encoded bag, with `$.mid`, `$.to`, `iothub-ack` and the like."""
    enqueued: float
    expires: float
    deliveries: int


class Session(NamedTuple):
    """What a persistent MQTT session remembers (CleanSession 0)."""

    device: str
    subscriptions: dict[str, int]
    """Topic filter → granted QoS."""
    model: str
    updated: float


class DeviceState(Protocol):
    """Twins, sessions and message queues. Reads are short; writes are durable when they return.

    Blocking; the gateway calls writes through its writer thread (`asyncio.wrap_future` on `submit`).
    """

    def read(
        self, question: "Callable[Concatenate[StateReading, P], T]", *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The answer of a function over the state as it is now; other packages keep spaces of their own."""
        ...

    def twin(self, device: str, module: str = "") -> Twin:
        """The twin, EMPTY_TWIN when nothing was ever set."""
        ...

    def patch_reported(self, device: str, module: str, patch: JsonObject, now: float) -> Twin:
        """Merge a reported patch and append the `reported` record in the same transaction."""
        ...

    def patch_desired(self, device: str, module: str, patch: JsonObject, event: str, now: float) -> Twin:
        """Merge a desired patch once for each `event` id (the outbox may deliver it twice)."""
        ...

    def delete(self, device: str) -> None:
        """Forget twin, session and queue of a deleted device and its modules."""
        ...

    def session(self, device: str) -> Session | None:
        """The persistent session, if the device has one."""
        ...

    def save_session(self, session: Session) -> None:
        """Store or replace it."""
        ...

    def drop_session(self, device: str) -> None:
        """Forget it (CleanSession 1)."""
        ...

    def enqueue(self, message: QueuedMessage, limit: int = 50) -> bool:
        """Add to the device's queue; False when `limit` messages wait already."""
        ...

    def lock(
        self, device: str, module: str, count: int, until: float, now: float
    ) -> list[tuple[str, QueuedMessage]]:
        """Take up to `count` waiting messages in order; each with its lock token, hidden until `until`.

        Drops expired messages, and those delivered ten times.
        """
        ...

    def settle(self, device: str, lock: str, outcome: str) -> bool:
        """`complete`, `reject` or `abandon` a locked message; False when the lock is not known or lapsed."""
        ...

    def purge(self, device: str) -> int:
        """Drop the whole queue; how many messages there were."""
        ...
