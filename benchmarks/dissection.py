"""Captures to records: packets a second of reading, flows, and dissection, each with what comes before it.

The file is the mixed one of the sensor's benchmark; the peer is tshark with 13 fields in the same run.
"""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks._apart import apart, cost
from benchmarks._mixture import mix
from benchmarks.sensor import ROUNDS, SIZE, tshark, tshark_version
from holdfast.defender.capture.folders import CaptureSet
from holdfast.defender.collecting import rare_collections
from holdfast.defender.counters import Counters
from holdfast.defender.dissect.recognition import Recognition
from holdfast.defender.dissect.registry import DISSECTORS
from holdfast.defender.dissect.session import Dissector
from holdfast.defender.flows.decoder import Decoder
from holdfast.defender.pipeline import Options
from holdfast.defender.record import Record

_BATCH = 4096


def read(path: Path) -> None:
    """Only read and index the packets."""
    for _block in CaptureSet([path]).blocks():
        pass


def flows(path: Path) -> None:
    """Read, and decode without dissectors: conversations are only found and counted."""
    _decode(path, ())


def dissect(path: Path) -> None:
    """Read, decode and dissect."""
    _decode(path, DISSECTORS)


def _decode(path: Path, dissectors: tuple[Dissector, ...]) -> None:
    records: list[Record] = []
    options = Options()
    decoder = Decoder(
        records.append,
        Recognition(dissectors),
        Counters(),
        options.maximum_flows,
        options.maximum_pending,
    )
    with rare_collections():
        for block in CaptureSet([path]).blocks():
            decoder.decode(block)
            decoder.table.sweep(decoder.frame, block.packets[-1][0])
            if len(records) > _BATCH:
                records.clear()
            decoder.table.release()


_STAGES: dict[str, Callable[[Path], None]] = {
    "reading": read,
    "reading, flows": flows,
    "reading, flows, dissection": dissect,
}


def main() -> None:
    """Print packets a second of each stage."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mixed.pcap")
        packets = apart(mix, path, SIZE)
        print(f"{packets:,} packets, {path.stat().st_size / 1e6:.0f} MB, medians of {ROUNDS}, CPU time")
        for name, stage in _STAGES.items():
            seconds = statistics.median(apart(cost, stage, path).seconds for _ in range(ROUNDS))
            print(f"  {name:28} {packets / seconds:>10,.0f} packets/s")
        if version := tshark_version():
            print(f"  {'tshark, 13 fields':28} {packets / tshark(path):>10,.0f} packets/s ({version})")
