"""The sensor with everything on: packets a second by stage, and the highest memory. `dissection` shows the
first stages apart, `plant` how memory grows.

Each stage runs in processes of its own, interpreted and (after `make compiled`) compiled. The file is
mixed from the captures beside the checkout, or from our own labelled traffic where they are absent (see
`_mixture`). The peer is tshark with 13 fields in the same run, where it is installed.
"""

import resource
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks._apart import Cost, apart, cost, interpreted
from benchmarks._mixture import mix
from holdfast import COMPILED
from holdfast.defender.engines.detection import Detection, Listeners
from holdfast.defender.engines.registry import TABLES
from holdfast.defender.inventory.identity.registry import BEHAVIOURS, SOURCES
from holdfast.defender.inventory.observer import Observer
from holdfast.defender.pipeline import analyze
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


def dissection(path: Path) -> None:
    """Packets become records, which nobody takes."""
    analyze([path], [])


def inventory(path: Path) -> None:
    """A sensor keeps its inventory and conversations and detects nothing."""
    sensor = Sensor(SensorSettings())
    observer = Observer(sensor.inventory, sensor.places, SOURCES, BEHAVIOURS, TABLES.values())
    conversations = sensor.conversations
    listeners = Listeners([observer.talk_opened], [observer.message, conversations.message])
    detection = Detection({}, [observer, conversations], sensor.learned, sensor.reporter, listeners)
    analyze([path], [detection])


def everything(path: Path) -> None:
    """A sensor with its default settings."""
    analyze([path], [Sensor(SensorSettings())])


_STAGES: dict[str, Callable[[Path], None]] = {
    "reading, flows, dissection": dissection,
    "and inventory": inventory,
    "everything on": everything,
}
_COMPILED = {f"{name}, compiled": stage for name, stage in _STAGES.items()} if COMPILED else {}


def tshark_version() -> str:
    """The first line of what tshark says of itself; empty where it is not installed."""
    program = shutil.which("tshark")
    if program is None:
        return ""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return said.partition("\n")[0]


def tshark(path: Path) -> float:
    """CPU seconds of tshark with 13 fields."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields"]
    for field in _FIELDS:
        command += ["-e", field]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print packets and megabytes a second of each stage, its memory, and the peer's figures.

    All take turns, so that a machine that is slower for a while is slower for all of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mixed.pcap")
        packets = apart(mix, path, SIZE)
        octets = path.stat().st_size
        print(
            f"{packets:,} packets, {octets / 1e6:.0f} MB, medians of {ROUNDS} rounds, CPU time of one process"
        )
        version = tshark_version()
        costs: dict[str, list[Cost]] = {name: [] for name in (*_STAGES, *_COMPILED)}
        peers: list[float] = []
        for _ in range(ROUNDS):
            with interpreted():
                for name, stage in _STAGES.items():
                    costs[name].append(apart(cost, stage, path))
            for name, stage in _COMPILED.items():
                costs[name].append(apart(cost, stage, path))
            if version:
                peers.append(tshark(path))
        seconds = {name: statistics.median(each.seconds for each in found) for name, found in costs.items()}
        for name, found in costs.items():
            memory = max(each.memory for each in found)
            print(f"{_line(name, packets, octets, seconds[name])}  at most {memory / 1e6:.0f} MB of memory")
        if not version:
            print("  tshark is not installed: no peer in this run")
            return
        peer = statistics.median(peers)
        print(_line("tshark, 13 fields", packets, octets, peer))
        for name in list(seconds)[len(_STAGES) - 1 :: len(_STAGES)]:
            print(f"  {name} is {peer / seconds[name]:.1f} times as fast as {version}")


def _line(name: str, packets: int, octets: int, seconds: float) -> str:
    return f"  {name:37} {packets / seconds:>10,.0f} packets/s {octets / seconds / 1e6:>7.0f} MB/s"
