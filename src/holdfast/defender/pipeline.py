"""From packets to records to whoever reads them: `analyze` for files, `Pipeline` for everything else.

class Inventory:
    def consume(self, batch: Batch) -> None:
        for record in batch.records:
            handler = self.handlers.get(record.protocol)
            if handler is not None:
                handler(record)

    def finish(self) -> None: ...

summary = analyze([Path("plant.pcapng")], [Inventory(), RecordsWriter(stream)])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from holdfast.defender.capture.errors import CaptureError
from holdfast.defender.capture.packets import PacketArchive
from holdfast.defender.flows.model import Flow
from holdfast.defender.record import Record


@dataclass(slots=True)
class Counters:
    """What was seen so far in this run. Grows while the run goes on."""

    packets: int = 0
    octets: int = 0
    """Bytes on the wire."""
    truncated: int = 0
    """Packets of which the capture holds only the beginning."""
    undecoded: int = 0
    """Packets with a link type, EtherType or header that nothing here reads."""
    dropped: int = 0
    """Packets that a live capture lost."""
    records: dict[str, int] = field(default_factory=dict)
    """PDUs by protocol."""
    malformed: dict[str, int] = field(default_factory=dict)
    """Malformed PDUs by protocol; link and IP headers count as `ethernet`, `ip`, `tcp`, `udp`."""


@dataclass(slots=True)
class Batch:
    """A few thousand packets' worth of records, in the order of the frames."""

    records: list[Record]
    """Shared by all sinks: read only, and not to be kept."""
    time: int
    """Capture time of the newest packet, nanoseconds; drives windows, time-outs and periodic work."""
    frame: int
    """Number of the newest frame."""
    packets: PacketArchive
    """The raw packets behind the records, for slices."""
    counters: Counters
    flows: Callable[[], Iterable[Flow]]
    """All flows of the table now, for consumers that look at counters from time to time (not at every
    batch)."""


class Sink(Protocol):
    """A consumer of records: inventory, an engine, the records writer."""

    def consume(self, batch: Batch) -> None:
        """Take the records of one batch."""
        ...

    def finish(self) -> None:
        """The run is over; nothing comes after this."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """Limits of a run. The defaults hold a plant of 12,000 assets in under 1 GB."""

    maximum_flows: int = 262_144
    """Flows kept at once; when full, those idle longest are ended."""
    maximum_pending: int = 64 * 1024 * 1024
    """Bytes of out-of-order segments and fragments kept at once, over all flows."""
    batch_packets: int = 4096
    """Packets a batch at most."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run went."""

    counters: Counters
    first_time: int
    """Of the first packet, nanoseconds; 0 when there was none."""
    last_time: int
    problems: Sequence[str]
    """Sentences: files that could not be read to their end, with the offset of the damage."""


def analyze(
    paths: Iterable[Path],
    sinks: Sequence[Sink],
    options: Options | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Read captures (files, or folders of them, in the order of their time) and give every record to all
    `sinks`.

    `progress(done, total)` is told the bytes of files read so far, once a batch. A damaged file is read up to
    the damage and named in `Summary.problems`. Raises `capture.errors.CaptureError` when a path does not
    exist or nothing of what was given is a capture.
    """
    raise CaptureError("Captures cannot be read yet.")
