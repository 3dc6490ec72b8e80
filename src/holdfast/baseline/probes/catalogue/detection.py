"""Detection: an attack of the probe is told with its packets, and a sensor says nothing to its network."""

import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import demand
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.people import becomes
from holdfast.kernel.json import JsonObject

SECONDS = 90.0
"""When the probe gives up waiting; the analysis runs at low priority beside the other drills."""
ALERT = "controller-stop"
ENGINEER, CONTROLLER = "10.77.0.30", "10.77.0.20"
_STOP = bytes.fromhex("000100000004015a0041")
"""Modbus function 90 with the command that stops a Schneider controller: what an attacker sends."""
_READ = bytes.fromhex("000100000006010300000001")
"""Modbus function 3, one holding register: what a panel sends all day."""
_ANSWERS = {_STOP: bytes.fromhex("000100000004015a00fe"), _READ: bytes.fromhex("000100000005010302002a")}
_CAPTURE = "application/vnd.tcpdump.pcap"
_SYN, _ACK, _PUSH = 0x02, 0x10, 0x08
_PORTS = 40_000, 502
_DELETIONS = 20


def attack_raises_alert(context: ProbeContext) -> Iterator[Sight]:
    """Upload traffic with and without an attack, and delete many things, on an instance of its own."""
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill:
        name = context.randomness.bytes(6).hex()
        _analyze(drill, f"benign-{name}", _READ)
        yield _alerts(drill, "traffic that is normal", f"benign-{name}", wanted=0)
        _analyze(drill, f"attack-{name}", _STOP)
        yield _alerts(drill, "a command that stops a controller", f"attack-{name}", wanted=1)
        yield _packets(drill, f"attack-{name}")
        yield _mass_deletion(drill, name)


def _analyze(drill: ProbeContext, name: str, request: bytes) -> None:
    path = f"/api/defender/captures/{name}"
    uploaded = ask(drill, "PUT", path, Persona.KEEPER, content=_capture(request), content_type=_CAPTURE)
    if uploaded.status != 202:
        raise RuntimeError(f"uploading a capture was refused: {uploaded.status} {uploaded.text[:200]}")

    def is_done() -> int:
        analysis = demand(ask(drill, "GET", path, Persona.KEEPER), "asking for the analysis")["analysis"]
        return int(isinstance(analysis, dict) and analysis.get("status") in ("done", "failed"))

    if becomes(drill, is_done, 1, SECONDS)[0] != 1:
        raise RuntimeError(f"the capture {name} was not analyzed within {SECONDS:g} s")


def _found(drill: ProbeContext, query: str, kind: str) -> list[JsonObject]:
    answer = demand(ask(drill, "GET", f"/api/defender/alerts?{query}", Persona.KEEPER), "reading the alerts")
    items = answer["value"]
    assert isinstance(items, list)
    return [item for item in items if isinstance(item, dict) and item.get("type") == kind]


def _alerts(drill: ProbeContext, subject: str, name: str, wanted: int) -> Sight:
    found = [
        item
        for item in _found(drill, f"sensor={name}", ALERT)
        if (item["source"], item["destination"]) == (ENGINEER, CONTROLLER)
    ]
    return Sight(subject, f"{wanted} alerts", f"{len(found)} alerts", len(found) == wanted)


def _packets(drill: ProbeContext, name: str) -> Sight:
    subject, expected = "the packets behind the alert", "a capture file"
    for item in _found(drill, f"sensor={name}", ALERT):
        answer = ask(drill, "GET", f"/api/defender/alerts/{item['id']}/packets", Persona.KEEPER)
        return Sight(subject, expected, f"status {answer.status}", answer.status == 200)
    return Sight(subject, expected, "no alert", passed=False)


def _mass_deletion(drill: ProbeContext, name: str) -> Sight:
    """The platform watches its own people too."""
    paths = [f"/api/defender/queries/{name}-{number}" for number in range(_DELETIONS)]
    for path in paths:
        body: JsonObject = {"displayName": "drill", "subject": "assets"}
        demand(ask(drill, "PUT", path, Persona.KEEPER, body), "saving a query")
    for path in paths:
        ask(drill, "DELETE", path, Persona.KEEPER)
    seen, after = becomes(
        drill, lambda: min(1, len(_found(drill, "engine=platform", "mass-deletion"))), 1, SECONDS
    )
    subject = f"an account that deletes {_DELETIONS} things"
    return Sight(subject, "an alert", f"{seen} alerts after {after:.0f} s", seen == 1)


def _capture(request: bytes) -> bytes:
    """A connection from the engineer to the controller with one exchange, as a pcap file."""
    answer = _ANSWERS[request]
    there, back = partial(_frame, True), partial(_frame, False)
    frames = [
        there(_SYN, 1000, 0), back(_SYN | _ACK, 5000, 1001), there(_ACK, 1001, 5001),
        there(_PUSH | _ACK, 1001, 5001, request),
        back(_PUSH | _ACK, 5001, 1001 + len(request), answer),
        there(_ACK, 1001 + len(request), 5001 + len(answer)),
    ]  # fmt: skip
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


# The sensor


def sensor_is_passive(context: ProbeContext) -> Iterator[Sight]:
    """Let a sensor hear traffic in a network of its own, and look at what leaves it and what listens."""
    with tempfile.TemporaryDirectory(prefix="holdfast-probe-") as folder:
        done = subprocess.run(  # noqa: S603 - words of this module
            ["unshare", "-rn", sys.executable, "-m", f"{__package__}.passive", folder],  # noqa: S607 - as the PATH has it
            capture_output=True,
            text=True,
            timeout=2 * SECONDS,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"the network for the sensor could not be made: {done.stderr[-300:]}")
    seen = json.loads(done.stdout.splitlines()[-1])
    heard, sent, ports = int(seen["heard"]), int(seen["sent"]), int(seen["listening"])
    yield Sight("what the sensor hears", "the packet that was sent", f"{heard} packets", heard > 0)
    yield Sight("what the sensor sends into the network", "nothing", f"{sent} packets", sent == 0)
    yield Sight("where the sensor listens", "no port", f"{ports} ports", ports == 0)
