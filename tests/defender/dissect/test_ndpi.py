"""Our conversations beside the flows that nDPI finds in the same captures: who, how many packets and bytes
each way, and which protocol where both read it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from holdfast.defender.record import Role
from tests.defender.dissect.expected import Seen, everything
from tests.support.shared import SHARED_DATA

FOLDER = SHARED_DATA / "captures" / "ndpi"
SERVICES = {
    "Modbus": {"modbus"},
    "IEC60870": {"iec104"},
    "EthernetIP": {"enip"},
    "CIP": {"cip_io"},
    "HART-IP": {"hart_ip"},
    "OPC-UA": {"opcua"},
    "S7CommPlus": {"s7comm_plus"},
    "S7Comm": {"s7comm"},
    "DNP3": {"dnp3"},
    "BACnet": {"bacnet"},
    "MQTT": {"mqtt"},
    "COAP": {"coap"},
    "TLS": {"tls"},
    "HTTP": {"http"},
    "DNS": {"dns"},
    "SNMP": {"snmp"},
    "NTP": {"ntp"},
    "SSH": {"ssh"},
    "ICMP": {"icmp"},
}
"""Protocols that both read, by nDPI's name."""
_FLOW = re.compile(
    r"\t\d+\t(?P<transport>\w+) (?P<one>[^ ]+):(?P<port>\d+) <?-> (?P<other>[^ ]+):(?P<far>\d+) "
    r"\[(?:VLAN: \d+\])?\[?proto: [\d.]+/(?P<protocol>[\w.-]+)\].*?\[Confidence: (?P<confidence>[^\]]+)\].*?"
    r"\[(?P<sent>\d+) pkts/(?P<octets>\d+) bytes <?-> (?P<answered>\d+) pkts/(?P<back>\d+) bytes\]"
)


class Talk(NamedTuple):
    """A flow as nDPI prints it; the ends in the order of their text, because each tool has its own client."""

    transport: str
    ends: tuple[tuple[str, int], tuple[str, int]]
    packets: tuple[int, int]
    octets: tuple[int, int]


def theirs(path: Path) -> Iterator[tuple[Talk, str]]:
    """The flows, and the protocol of each that was recognized by content."""
    for line in path.read_text().splitlines():
        found = _FLOW.match(line)
        if found is not None:
            one, other = (found["one"], int(found["port"])), (found["other"], int(found["far"]))
            sent = int(found["sent"]), int(found["octets"])
            back = int(found["answered"]), int(found["back"])
            protocol = found["protocol"] if found["confidence"] == "DPI" else ""
            yield _talk(found["transport"].lower(), (one, sent), (other, back)), protocol


def _talk(
    transport: str,
    one: tuple[tuple[str, int], tuple[int, int]],
    other: tuple[tuple[str, int], tuple[int, int]],
) -> Talk:
    first, second = sorted((one, other))
    return Talk(transport, (first[0], second[0]), (first[1][0], second[1][0]), (first[1][1], second[1][1]))


def ours(path: Path) -> Iterator[tuple[Talk, str]]:
    """Our flows above IP, and the protocol of each."""
    for seen in everything(path):
        if seen.role is Role.FLOW and seen.kind == "ended" and seen.protocol in {"tcp", "udp"}:
            yield _talk_of(seen), str(seen.fields["service"])


def _talk_of(seen: Seen) -> Talk:
    fields, client, server = seen.fields, seen.client, seen.server
    return _talk(
        seen.protocol,
        ((client.ip, client.port), (fields["orig_pkts"], fields["orig_wire_bytes"])),
        ((server.ip, server.port), (fields["resp_pkts"], fields["resp_wire_bytes"])),
    )


UNMATCHED: dict[str, int] = {}
"""By capture: flows of nDPI that are not ours packet by packet."""


def compare(path: Path) -> tuple[int, list[tuple[Talk, str, str]]]:
    """How many flows of nDPI we have not counted alike, and those whose protocol we call otherwise."""
    known = dict(ours(path.with_suffix("")))
    unmatched, renamed = 0, []
    for talk, protocol in theirs(path):
        if talk not in known:
            unmatched += 1
        elif protocol in SERVICES and known[talk] not in SERVICES[protocol]:
            renamed.append((talk, protocol, known[talk]))
    return unmatched, renamed


def test_our_conversations_are_ndpis_flows() -> None:
    found = {path.name: compare(path) for path in sorted(FOLDER.glob("*.out"))}
    assert {name: pair for name, pair in found.items() if pair != (UNMATCHED.get(name, 0), [])} == {}


def test_a_line_of_ndpi_is_read() -> None:
    line = (
        "\t1\tTCP 10.0.0.1:2074 <-> 10.0.0.2:502 [proto: 44/Modbus][IP: 0/Unknown][ClearText]"
        "[Confidence: DPI][cat: IoT-Scada/31][51 pkts/3366 bytes <-> 50 pkts/3315 bytes][23.11 sec]"
    )
    found = _FLOW.match(line)
    assert found is not None
    assert (found["protocol"], found["sent"], found["back"]) == ("Modbus", "51", "3315")
