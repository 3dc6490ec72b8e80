"""How many frames of each protocol there are, beside tshark's count, on every capture of the shared data."""

import csv
import shutil
import subprocess
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from holdfast.defender.pipeline import Batch, analyze
from holdfast.defender.record import Role
from tests.support.shared import SHARED_DATA

CAPTURES = SHARED_DATA / "captures"
NAMES = {
    "modbus": "modbus", "dnp3": "dnp3", "enip": "enip", "cip": "cip", "cipio": "cip_io", "s7comm": "s7comm",
    "goose": "goose", "sv": "sv", "bvlc": "bacnet", "pn_dcp": "pn_dcp", "opcua": "opcua", "mqtt": "mqtt",
    "coap": "coap", "arp": "arp", "dhcp": "dhcp", "dns": "dns", "llmnr": "llmnr", "nbns": "nbns",
    "lldp": "lldp", "cdp": "cdp", "icmp": "icmp", "icmpv6": "icmpv6", "http": "http", "ssh": "ssh",
    "ftp": "ftp", "telnet": "telnet", "vnc": "vnc", "snmp": "snmp", "ntp": "ntp", "syslog": "syslog",
    "tds": "tds", "smb2": "smb2", "nbdgm": "nbdgm",
}  # fmt: skip
"""Tshark's names and ours. Where both mean something else by a frame, `docs/dissectors.md` says what."""


class _Frames:
    def __init__(self) -> None:
        self.frames: dict[str, set[int]] = defaultdict(set)

    def consume(self, batch: Batch) -> None:
        for record in batch.records:
            if record.role is not Role.FLOW:
                self.frames[record.protocol].add(record.frame)

    def finish(self) -> None:
        pass


def _tshark(path: Path) -> Counter[str]:
    command = ["tshark", "-r", str(path), "-T", "fields", "-e", "frame.protocols"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Counter(name for line in output.splitlines() for name in set(line.split(":")))


def _compare(path: Path) -> dict[str, tuple[int, int]]:
    counted = _Frames()
    analyze([path], [counted])
    theirs = _tshark(path)
    pairs = {name: (theirs[name], len(counted.frames[ours])) for name, ours in NAMES.items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def test_frames_are_counted_as_tshark_counts_them() -> None:
    index = CAPTURES / "INDEX.csv"
    if not index.exists() or shutil.which("tshark") is None:
        return
    with index.open() as lines:
        paths = [CAPTURES / row["file"] for row in csv.DictReader(lines) if row["packets"]]
    with ThreadPoolExecutor() as pool:
        found = dict(zip([path.name for path in paths], pool.map(_compare, paths), strict=True))
    assert {name: differing for name, differing in found.items() if differing} == {}
