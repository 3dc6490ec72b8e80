"""Decodes the few packets behind an alert for a person to read."""

import os
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from holdfast.defender.pipeline import Batch, analyze
from holdfast.defender.record import SECOND, Record, Role

MAXIMUM_RECORDS = 300


class Line(NamedTuple):
    """One record of a packet."""

    frame: int
    time: float
    source: str
    destination: str
    protocol: str
    kind: str
    fields: dict[str, object]


class _Lines:
    """A sink that keeps the first records."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def consume(self, batch: Batch) -> None:
        """See `pipeline.Sink.consume`."""
        room = MAXIMUM_RECORDS - len(self.lines)
        pdus = (record for record in batch.records if record.role is not Role.FLOW)
        self.lines += map(_line, islice(pdus, room))

    def finish(self) -> None:
        """See `pipeline.Sink.finish`."""


def _line(record: Record) -> Line:
    ends = (record.direction.source, record.direction.destination)
    source, destination = (f"{end.ip or end.mac}{f':{end.port}' if end.port else ''}" for end in ends)
    return Line(
        record.frame,
        record.time / SECOND,
        source,
        destination,
        record.protocol,
        record.kind,
        dict(record.fields),
    )


def decoded(content: bytes) -> list[Line]:
    """The records of a capture file. CaptureError when it is none."""
    sink = _Lines()
    descriptor = os.memfd_create("packets")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        analyze([Path(f"/proc/self/fd/{descriptor}")], [sink])
    return sink.lines
