"""Hostile strings in what people decide and watch for, and in packets of other protocols than controllers."""

import struct
import time

from holdfast.api.client import Remote
from holdfast.kernel.json import JsonObject
from tests.support.hostile import HOSTILE
from tests.support.pki import issue
from tests.support.traffic import plant
from tests.support.traffic.wire import Wire

CONTROL, FEATURE = "NS-1", "virtual-network-integration"
"""What is attested, exempted and accepted."""
SCRIPT, MARKUP = HOSTILE[:2]
_YEAR_SECONDS = 365 * 86_400


def in_a_year() -> str:
    """The end of a decision that is made now, as a date."""
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + _YEAR_SECONDS))


def plant_rules(remote: Remote) -> None:
    """What people say that sensors shall look for, or leave alone: before a capture is analyzed."""
    condition: JsonObject = {"field": "@kind", "operator": "==", "value": "WRITE_SINGLE_REGISTER"}
    rule: JsonObject = {"name": SCRIPT, "protocol": "modbus", "message": MARKUP, "conditions": [condition]}
    remote.put("/api/defender/rules/hostile", rule)
    remote.put(
        "/api/defender/exclusions/hostile",
        {"displayName": SCRIPT, "devices": ["10.9.9.9"], "sensors": [MARKUP]},
    )
    window: JsonObject = {"ends": time.time() + 3600, "sensors": [SCRIPT], "subnets": ["10.9.9.0/24"]}
    remote.put("/api/defender/maintenanceWindows/hostile", window)
    query: JsonObject = {"displayName": SCRIPT, "subject": "assets", "filters": {"search": MARKUP}}
    remote.put("/api/defender/queries/hostile", query)


def plant_decisions(remote: Remote) -> None:
    """What people say of controls, recommendations and alerts."""
    said: JsonObject = {"owner": SCRIPT, "expires": in_a_year()}
    attestation: JsonObject = {
        "statement": MARKUP,
        "evidence": f"https://example.org/?{SCRIPT}",
        "control": CONTROL,
    }
    remote.put(f"/api/baseline/attestations/{CONTROL}", {**said, **attestation})
    accepted: JsonObject = {**said, "reason": MARKUP, "category": "accepted"}
    remote.put(f"/api/baseline/exemptions/{CONTROL}", {**accepted, "control": CONTROL})
    remote.put(f"/api/baseline/exemptions/{FEATURE}", {**accepted, "feature": FEATURE})
    for alert in remote.get("/api/defender/alerts")["value"]:
        remote.post(f"/api/defender/alerts/{alert['id']}/comments", {"text": HOSTILE[3]})
    remote.patch("/api/application", {"displayName": SCRIPT})


def plant_authority(remote: Remote) -> None:
    """A certificate authority whose name is hostile, waiting for the proof that somebody holds its key."""
    group = "/api/enrollmentGroups/hostile-authority"
    remote.put(group, {"displayName": SCRIPT, "type": "iot", "attestation": {"type": "x509", "x509": {}}})
    remote.put(f"{group}/certificates/primary", {"certificate": issue(MARKUP, authority=True).pem})
    remote.post(f"{group}/certificates/primary/generateVerificationCode")


def plant_wishes(remote: Remote, device: str) -> None:
    """What people ask of a device."""
    remote.patch(
        f"/api/devices/{device}/properties?unmodeled=true", {"wished": SCRIPT, "<b>wished</b>": MARKUP}
    )


def office_capture() -> bytes:
    """A capture file of people's computers that call themselves and what they ask for hostile things."""
    wire = Wire()
    browsing = wire.connect("10.1.0.30", "10.1.0.20", 80)
    request = f"GET /{MARKUP} HTTP/1.1\r\nHost: {SCRIPT}\r\nUser-Agent: {MARKUP}\r\n\r\n"
    browsing.ask(
        request.encode(), f"HTTP/1.1 200 OK\r\nServer: {SCRIPT}\r\nContent-Length: 0\r\n\r\n".encode()
    )
    fetching = wire.connect("10.1.0.30", "10.1.0.20", 21)
    fetching.answer(f"220 {SCRIPT}\r\n".encode())
    fetching.ask(f"USER {SCRIPT}\r\n".encode(), b"331 password\r\n")
    fetching.ask(f"PASS {MARKUP}\r\n".encode(), f"530 {MARKUP}\r\n".encode())
    wire.udp("10.1.0.30", 40_000, "10.1.0.20", 514, f"<34>Oct 11 22:14:15 {SCRIPT} su: {MARKUP}".encode())
    wire.udp("10.1.0.30", 68, "10.1.0.1", 67, _asking_for_an_address("10.1.0.30"))
    return plant.pcap(wire)


def _asking_for_an_address(address: str) -> bytes:
    """A DHCP request (RFC 2131) of a host with a hostile name (option 12)."""
    octets = bytes(map(int, address.split(".")))
    head = struct.pack(">BBBBIHH4s12x6s10x192x", 1, 1, 6, 0, 7, 0, 0, octets, b"\x02\x00" + octets)
    name = SCRIPT.encode()
    return head + b"\x63\x82\x53\x63" + bytes((53, 1, 3, 12, len(name))) + name + b"\xff"
