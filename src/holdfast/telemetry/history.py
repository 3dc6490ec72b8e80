"""The one telemetry query port: values of devices over time, from the retained tail of the log.

A query walks the log from the beginning of its range, keeps what belongs to the asked devices and names, and
folds it into buckets as it goes; so what it holds in memory is bounded by devices × names × buckets.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonValue
from holdfast.log.port import Record
from holdfast.log.walking import Walk, WalkedLog
from holdfast.telemetry.decode import measurement

MAXIMUM_BUCKETS = 2_000
"""More points than a wide screen has pixels; uPlot draws this many in some milliseconds."""
AHEAD_SECONDS = 900.0
"""How far a device's clock may be ahead: what it measured is received at most so long before."""
MAXIMUM_RAW = 10_000


class Aggregate(StrEnum):
    """How the values of one bucket become one."""

    AVERAGE = "avg"
    MINIMUM = "min"
    MAXIMUM = "max"
    SUM = "sum"
    COUNT = "count"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which values of which devices, over which time, in which buckets."""

    devices: frozenset[str]
    """Already limited to what the principal may see."""
    names: tuple[str, ...]
    begins: float
    ends: float
    bucket: float
    """Seconds; buckets start at multiples of it."""
    aggregate: Aggregate = Aggregate.AVERAGE
    split_by_device: bool = True
    """False: all devices fall into one series a name."""
    component: str = ""

    def __post_init__(self) -> None:
        """InvalidError for a range that is empty or has too many buckets."""
        if self.ends <= self.begins:
            raise InvalidError("The time range is empty: its end must be after its beginning.", "ends")
        if self.bucket <= 0 or (self.ends - self.begins) / self.bucket > MAXIMUM_BUCKETS:
            raise InvalidError(
                f"The range has more than {MAXIMUM_BUCKETS} buckets; ask for longer ones.", "bucket"
            )


class Point(NamedTuple):
    """One bucket: its beginning and its value."""

    time: float
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one device (or all) and name, oldest first, empty buckets left out."""

    device: str
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class History:
    """A query's answer."""

    series: tuple[Series, ...]
    complete: bool
    """False when the walk reached its bound before the end of the range."""


@dataclass(slots=True)
class _Bucket:
    count: int = 0
    total: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")
    last: float = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.low = min(self.low, value)
        self.high = max(self.high, value)
        self.last = value

    def value(self, aggregate: Aggregate) -> float:
        return {
            Aggregate.AVERAGE: self.total / self.count,
            Aggregate.MINIMUM: self.low,
            Aggregate.MAXIMUM: self.high,
            Aggregate.SUM: self.total,
            Aggregate.COUNT: float(self.count),
            Aggregate.LAST: self.last,
        }[aggregate]


def query_history(log: WalkedLog, query: HistoryQuery) -> History:
    """Answer a query. Values that are no numbers (booleans count as 0 and 1) are left out.

    A value counts at the time when it was measured, which may be long before it was received.
    """
    walk = Walk(log, query.devices, query.begins - AHEAD_SECONDS, math.inf)
    buckets: dict[tuple[str, str], dict[float, _Bucket]] = {}
    for record in walk:
        measured = measurement(record)
        if not query.begins <= measured.time < query.ends or measured.component != query.component:
            continue
        start = measured.time - measured.time % query.bucket
        for name in query.names:
            value = measured.values.get(name)
            if isinstance(value, int | float):
                key = (record.device if query.split_by_device else "", name)
                buckets.setdefault(key, {}).setdefault(start, _Bucket()).add(float(value))
    series = tuple(
        Series(device, name, tuple(Point(t, found[t].value(query.aggregate)) for t in sorted(found)))
        for (device, name), found in sorted(buckets.items())
    )
    return History(series, walk.complete)


class RawMessage(NamedTuple):
    """One message as it was received, for the raw data view."""

    id: str
    time: float
    device: str
    module: str
    component: str
    values: dict[str, JsonValue]
    properties: str
    body: bytes


class RawMessages(NamedTuple):
    """Messages, newest first."""

    found: tuple[RawMessage, ...]
    cut_at: float | None
    """Unix seconds; where the search ended before the range did, since so much of the log was read."""


def raw_messages(
    log: WalkedLog, devices: Sequence[str], begins: float, ends: float, limit: int = 100
) -> RawMessages:
    """The newest messages of the devices within a time range, at most `limit`."""
    bound = max(1, min(limit, MAXIMUM_RAW))
    walk = Walk(log, frozenset(devices), begins, ends, newest_first=True)
    found = tuple(map(_raw, islice(walk, bound)))
    return RawMessages(found, walk.stopped_at)


def _raw(record: Record) -> RawMessage:
    measured = measurement(record)
    return RawMessage(
        record.id,
        record.time,
        record.device,
        record.module,
        measured.component,
        measured.values,
        record.properties,
        record.body,
    )
