"""The sensor with everything on: packets a second by stage, and the highest memory. `dissection` shows the
first stages apart, `plant` how memory grows.

The file is mixed from the captures beside the checkout, or from our own labelled traffic where they are
absent (see `_mixture`). The peer is tshark with 13 fields in the same run, where it is installed.
"""

import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks._mixture import mix
from holdfast.defender.engines.detection import Detection, Listeners
from holdfast.defender.engines.registry import TABLES
from holdfast.defender.inventory.identity.registry import BEHAVIOURS, SOURCES
from holdfast.defender.inventory.observer import Observer
from holdfast.defender.pipeline import Sink, analyze
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings

SIZE = 200_000_000
"""Bytes of the mixed file."""
ROUNDS = 3
_FIELDS = [
    "frame.time_epoch",
    "ip.src",
    "ip.dst",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "modbus.func_code",
    "dnp3.al.func",
    "cip.sc",
    "s7comm.param.func",
    "iec60870_asdu.typeid",
    "bacapp.confirmed_service",
]


def cpu(work: Callable[[], object]) -> float:
    """Median CPU seconds of `work`."""
    seconds = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        seconds.append(time.process_time() - begin)
    return statistics.median(seconds)


def inventory() -> list[Sink]:
    """A sensor that keeps its inventory and conversations and detects nothing."""
    sensor = Sensor(SensorSettings())
    observer = Observer(sensor.inventory, sensor.places, SOURCES, BEHAVIOURS, TABLES.values())
    conversations = sensor.conversations
    listeners = Listeners([observer.talk_opened], [observer.message, conversations.message])
    return [Detection({}, [observer, conversations], sensor.learned, sensor.reporter, listeners)]


def run(path: Path, sinks: Callable[[], Sequence[Sink]]) -> None:
    """One analysis."""
    analyze([path], sinks())


def tshark(path: Path) -> float | None:
    """CPU seconds of tshark with 13 fields; None where it is not installed."""
    program = shutil.which("tshark")
    if program is None:
        return None
    command = [program, "-n", "-r", str(path), "-T", "fields"]
    for field in _FIELDS:
        command += ["-e", field]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mixed.pcap")
        packets = mix(path, SIZE)
        octets = path.stat().st_size
        print(f"{packets:,} packets, {octets / 1e6:.0f} MB, medians of {ROUNDS}, CPU time of one process")
        stages: list[tuple[str, Callable[[], Sequence[Sink]]]] = [
            ("reading, flows, dissection", list),
            ("and inventory", inventory),
            ("everything on", lambda: [Sensor(SensorSettings())]),
        ]
        for name, sinks in stages:
            seconds = cpu(lambda sinks=sinks: run(path, sinks))  # type: ignore[misc] # bound in the loop
            print(_line(name, packets, octets, seconds))
        peer = tshark(path)
        if peer is None:
            print("  tshark is not installed: no peer in this run")
        else:
            print(_line("tshark, 13 fields", packets, octets, peer))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  highest memory of this process: {memory:.0f} MB")


def _line(name: str, packets: int, octets: int, seconds: float) -> str:
    return f"  {name:28} {packets / seconds:>10,.0f} packets/s {octets / seconds / 1e6:>7.0f} MB/s"
