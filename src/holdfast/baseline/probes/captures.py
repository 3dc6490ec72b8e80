"""Traffic of probes: a capture file that they make, upload to a drill, and find the alerts of."""

import ipaddress
import struct
import threading
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import VERSION, demand
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.people import becomes
from holdfast.kernel.json import JsonObject

SECONDS: Final = 90.0
"""When a probe gives up waiting; the analysis runs at low priority beside the other drills."""
ZONE: Final = "heard"
"""The zone of a drill where the traffic was heard, and the name of its capture."""
ALERT: Final = "controller-stop"
PANEL, ENGINEER, CONTROLLER = "10.77.0.40", "10.77.0.30", "10.77.0.20"
_STOP: Final = bytes.fromhex("000100000004015a0041")
"""Modbus function 90 with the command that stops a Schneider controller: what an attacker sends."""
_READ: Final = bytes.fromhex("000100000006010300000001")
"""Modbus function 3, one holding register: what a panel sends all day."""
_CAPTURE: Final = "application/vnd.tcpdump.pcap"
_ANSWERS: Final = {
    _STOP: bytes.fromhex("000100000004015a00fe"),
    _READ: bytes.fromhex("000100000005010302002a"),
}
_SYN, _ACK, _PUSH = 0x02, 0x10, 0x08

_staging = threading.Lock()
"""Of the probes that run at once, the first stages the traffic for all."""


def staged(drill: ProbeContext) -> str:
    """See to it that the traffic was analyzed in its zone; the sentence that stands in its packets.

    A panel reads, which is normal; an engineer writes the sentence and stops the controller.
    RuntimeError when the capture is refused or takes too long.
    """
    assert drill.data is not None  # of every drill
    canary = f"canary of {drill.data.parent.name}"
    path = f"/api/defender/captures/{ZONE}"
    with _staging:
        if ask(drill, "GET", path, Persona.KEEPER).status == 404:
            make_zone(drill, ZONE)
            _upload(drill, f"{path}?organization={ZONE}", canary)
        _await_analysis(drill, path)
    return canary


def make_zone(drill: ProbeContext, name: str) -> None:
    """Make an organization of the drill."""
    path = f"/api/organizations/{name}?{VERSION}"
    demand(ask(drill, "PUT", path, Persona.KEEPER, {"displayName": name}), "making a zone")


def _upload(drill: ProbeContext, path: str, canary: str) -> None:
    frames = [*_connection(PANEL, _READ), *_connection(ENGINEER, _write(canary.encode()), _STOP)]
    uploaded = ask(drill, "PUT", path, Persona.KEEPER, content=_file(frames), content_type=_CAPTURE)
    if uploaded.status != 202:
        raise RuntimeError(f"uploading a capture was refused: {uploaded.status} {uploaded.text[:200]}")


def _await_analysis(drill: ProbeContext, path: str) -> None:
    def is_done() -> int:
        analysis = demand(ask(drill, "GET", path, Persona.KEEPER), "asking for the analysis")["analysis"]
        return int(isinstance(analysis, dict) and analysis.get("status") in ("done", "failed"))

    if becomes(drill, is_done, 1, SECONDS)[0] != 1:
        raise RuntimeError(f"the capture was not analyzed within {SECONDS:g} s")


def found_alerts(drill: ProbeContext, query: str, kind: str = ALERT) -> list[JsonObject]:
    """The alerts of a kind that a query finds."""
    answer = demand(ask(drill, "GET", f"/api/defender/alerts?{query}", Persona.KEEPER), "reading the alerts")
    items = answer["value"]
    assert isinstance(items, list)
    return [item for item in items if isinstance(item, dict) and item.get("type") == kind]


# The packets


class _End(NamedTuple):
    """An end of a connection."""

    address: str
    mac: bytes
    port: int


def _connection(client: str, *requests: bytes) -> Iterator[bytes]:
    """The frames of a client that asks the controller."""
    number = int(client.rpartition(".")[2])
    ends = (_End(client, bytes((2, 0, 0, 0, 0, number)), 40_000), _End(CONTROLLER, b"\2\0\0\0\0\x20", 502))
    there, back = ends, ends[::-1]
    asked, told = 1001, 5001
    yield _frame(there, _SYN, 1000, 0)
    yield _frame(back, _SYN | _ACK, 5000, 1001)
    yield _frame(there, _ACK, asked, told)
    for request in requests:
        answer = _ANSWERS.get(request) or _written(request)
        yield _frame(there, _PUSH | _ACK, asked, told, request)
        asked += len(request)
        yield _frame(back, _PUSH | _ACK, told, asked, answer)
        told += len(answer)
        yield _frame(there, _ACK, asked, told)


def _write(text: bytes) -> bytes:
    """Modbus function 16: a text of at most 200 bytes written into registers."""
    value = text + b" " * (len(text) % 2)
    head = struct.pack(">HHHBBHHB", 2, 0, 7 + len(value), 1, 16, 0, len(value) // 2, len(value))
    return head + value


def _written(request: bytes) -> bytes:
    """The controller's answer to it."""
    return request[:4] + b"\x00\x06" + request[6:12]


def _file(frames: Sequence[bytes]) -> bytes:
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for number, frame in enumerate(frames):
        parts += [struct.pack("<IIII", 1_700_000_000, number * 1000, len(frame), len(frame)), frame]
    return b"".join(parts)


def _frame(
    ends: tuple[_End, ...], flags: int, sequence: int, acknowledged: int, payload: bytes = b""
) -> bytes:
    """Ethernet, IPv4 and TCP without checksums, which a mirror port's own offloading leaves out too."""
    sender, receiver = ends
    ports = sender.port, receiver.port
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 0x50, flags, 8192, 0, 0) + payload
    addresses = (ipaddress.IPv4Address(end.address).packed for end in ends)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, *addresses)
    return receiver.mac + sender.mac + b"\x08\x00" + head + tcp
