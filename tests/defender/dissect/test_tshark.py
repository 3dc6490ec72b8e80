"""How many frames of each protocol there are, beside tshark's count, on every capture of the shared data.

The index of the captures has tshark's counts, so that tshark itself is not needed here.
"""

import csv
from collections import defaultdict
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


def _counted(cell: str) -> dict[str, int]:
    pairs = (word.rsplit(":", 1) for word in cell.split())
    return {name: int(count) for name, count in pairs}


def _differing(path: Path, theirs: dict[str, int]) -> dict[str, tuple[int, int]]:
    counted = _Frames()
    analyze([path], [counted])
    pairs = {
        name: (theirs.get(name, 0), len(counted.frames[ours]))
        for name, ours in NAMES.items()
        if name in theirs
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def test_frames_are_counted_as_tshark_counts_them() -> None:
    found = {}
    index = CAPTURES / "INDEX.csv"
    if index.exists():
        with index.open() as lines:
            for row in csv.DictReader(lines):
                if row["packets"]:
                    theirs = _counted(row["protocols(tshark 4.0.17 frames)"])
                    found[row["file"]] = _differing(CAPTURES / row["file"], theirs)
    assert {name: differing for name, differing in found.items() if differing} == {}
