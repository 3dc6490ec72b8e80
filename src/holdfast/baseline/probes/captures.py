"""Traffic of probes: capture files that they make, upload to a drill, and find the alerts of."""

import struct
from collections.abc import Sequence
from functools import partial
from typing import Final

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import demand
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.people import becomes
from holdfast.kernel.json import JsonObject

SECONDS: Final = 90.0
"""When a probe gives up waiting; the analysis runs at low priority beside the other drills."""
ALERT: Final = "controller-stop"
ENGINEER, CONTROLLER = "10.77.0.30", "10.77.0.20"
STOP: Final = bytes.fromhex("000100000004015a0041")
"""Modbus function 90 with the command that stops a Schneider controller: what an attacker sends."""
READ: Final = bytes.fromhex("000100000006010300000001")
"""Modbus function 3, one holding register: what a panel sends all day."""
_CAPTURE: Final = "application/vnd.tcpdump.pcap"
_ANSWERS: Final = {
    STOP: bytes.fromhex("000100000004015a00fe"),
    READ: bytes.fromhex("000100000005010302002a"),
}
_SYN, _ACK, _PUSH = 0x02, 0x10, 0x08
_PORTS = 40_000, 502


def analyze(drill: ProbeContext, name: str, content: bytes, organization: str = "") -> None:
    """Upload a capture and wait for its analysis. RuntimeError when it is refused or takes too long."""
    path = f"/api/defender/captures/{name}"
    where = f"?organization={organization}" if organization else ""
    uploaded = ask(drill, "PUT", path + where, Persona.KEEPER, content=content, content_type=_CAPTURE)
    if uploaded.status != 202:
        raise RuntimeError(f"uploading a capture was refused: {uploaded.status} {uploaded.text[:200]}")

    def is_done() -> int:
        analysis = demand(ask(drill, "GET", path, Persona.KEEPER), "asking for the analysis")["analysis"]
        return int(isinstance(analysis, dict) and analysis.get("status") in ("done", "failed"))

    if becomes(drill, is_done, 1, SECONDS)[0] != 1:
        raise RuntimeError(f"the capture {name} was not analyzed within {SECONDS:g} s")


def found_alerts(drill: ProbeContext, query: str, kind: str = ALERT) -> list[JsonObject]:
    """The alerts of a kind that a query finds."""
    answer = demand(ask(drill, "GET", f"/api/defender/alerts?{query}", Persona.KEEPER), "reading the alerts")
    items = answer["value"]
    assert isinstance(items, list)
    return [item for item in items if isinstance(item, dict) and item.get("type") == kind]


def capture_of(*requests: bytes) -> bytes:
    """A connection from the engineer to the controller with an exchange for each request, as a pcap file."""
    there, back = partial(_frame, True), partial(_frame, False)
    asked, told = 1001, 5001
    frames = [there(_SYN, 1000, 0), back(_SYN | _ACK, 5000, 1001), there(_ACK, asked, told)]
    for request in requests:
        answer = _ANSWERS.get(request) or written(request)
        frames.append(there(_PUSH | _ACK, asked, told, request))
        asked += len(request)
        frames.append(back(_PUSH | _ACK, told, asked, answer))
        told += len(answer)
        frames.append(there(_ACK, asked, told))
    return _file(frames)


def write(text: bytes) -> bytes:
    """Modbus function 16: a text of at most 200 bytes written into registers."""
    value = text + b" " * (len(text) % 2)
    head = struct.pack(">HHHBBHHB", 2, 0, 7 + len(value), 1, 16, 0, len(value) // 2, len(value))
    return head + value


def written(request: bytes) -> bytes:
    """The controller's answer to it."""
    return request[:4] + b"\x00\x06" + request[6:12]


def _file(frames: Sequence[bytes]) -> bytes:
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for number, frame in enumerate(frames):
        parts += [struct.pack("<IIII", 1_700_000_000, number * 1000, len(frame), len(frame)), frame]
    return b"".join(parts)


def _frame(there: bool, flags: int, sequence: int, acknowledged: int, payload: bytes = b"") -> bytes:
    """Ethernet, IPv4 and TCP without checksums, which a mirror port's own offloading leaves out too."""
    ends = (ENGINEER, CONTROLLER) if there else (CONTROLLER, ENGINEER)
    ports = _PORTS if there else _PORTS[::-1]
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 0x50, flags, 8192, 0, 0) + payload
    source, destination = (bytes(int(part) for part in end.split(".")) for end in ends)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, source, destination)
    macs = b"\x02\0\0\0\0\x20\x02\0\0\0\0\x30" if there else b"\x02\0\0\0\0\x30\x02\0\0\0\0\x20"
    return macs + b"\x08\x00" + head + tcp
