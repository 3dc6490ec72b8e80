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

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Protocol

from holdfast.defender.capture.archive import RecentPackets
from holdfast.defender.capture.folders import CaptureSet, find_captures
from holdfast.defender.capture.packets import Block, PacketArchive
from holdfast.defender.collecting import rare_collections
from holdfast.defender.counters import Counters
from holdfast.defender.dissect.recognition import Recognition
from holdfast.defender.dissect.registry import DISSECTORS
from holdfast.defender.flows.decoder import Decoder
from holdfast.defender.flows.model import Flow
from holdfast.defender.record import FLOW, MALFORMED, Record


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
    """Packets a batch, about: whole blocks of a capture are never divided."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run went."""

    counters: Counters
    first_time: int
    """Of the first packet, nanoseconds; 0 when there was none."""
    last_time: int
    problems: Sequence[str]
    """Sentences: files that could not be read to their end, with the offset of the damage."""


class Pipeline:
    """Decodes blocks of packets and gives their records to all sinks, batch by batch."""

    def __init__(self, sinks: Sequence[Sink], options: Options | None = None) -> None:
        self._sinks = sinks
        self._options = options = options or Options()
        self._records: list[Record] = []
        self.counters = Counters()
        self._decoder = Decoder(
            self._records.append,
            Recognition(DISSECTORS),
            self.counters,
            options.maximum_flows,
            options.maximum_pending,
        )
        self._packets = RecentPackets()
        self._pending = 0
        self.first_time = 0
        self.last_time = 0

    def feed(self, block: Block) -> None:
        """Take the next packets. Sinks hear of them once a batch is full, or at `flush`."""
        if not block.packets:
            return
        self._packets.add(self._decoder.frame + 1, block)
        self._decoder.decode(block)
        self.first_time = self.first_time or block.packets[0][0]
        self.last_time = max(self.last_time, block.packets[-1][0])
        self._pending += len(block.packets)
        if self._pending >= self._options.batch_packets:
            self.flush()

    def advance(self, time: int) -> None:
        """It is this late now, nanoseconds, whether packets came or not: give the sinks what there is."""
        self.last_time = max(self.last_time, time)
        self.flush()

    def flush(self) -> None:
        """Give the sinks what was decoded so far."""
        self._pending = 0
        table = self._decoder.table
        table.sweep(self._decoder.frame, self.last_time)
        self._count()
        batch = Batch(
            self._records, self.last_time, self._decoder.frame, self._packets, self.counters, table.flows
        )
        for sink in self._sinks:
            sink.consume(batch)
        self._records.clear()
        table.release()

    def finish(self) -> None:
        """No more packets: end all flows, and tell the sinks."""
        self._decoder.table.end_all(self._decoder.frame)
        self.flush()
        for sink in self._sinks:
            sink.finish()

    def _count(self) -> None:
        counts = Counter(map(_protocol, self._records))
        for record in self._records:
            if record.role is FLOW:
                counts[record.protocol] -= 1
            elif record.role is MALFORMED:
                counts[record.protocol] -= 1
                self.counters.count_malformed(record.protocol)
        for protocol, count in counts.items():
            if count:
                self.counters.records[protocol] = self.counters.records.get(protocol, 0) + count


_protocol = attrgetter("protocol")


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
    captures = CaptureSet(find_captures(paths))
    pipeline = Pipeline(sinks, options)
    with rare_collections():
        for block in captures.blocks():
            pipeline.feed(block)
            if progress is not None:
                progress(captures.taken, captures.total)
        pipeline.finish()
    return Summary(pipeline.counters, pipeline.first_time, pipeline.last_time, captures.problems)
