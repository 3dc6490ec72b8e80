"""What keeps a network going: ARP, ICMP, DHCP, names, LLDP, SNMP, MQTT."""

from collections.abc import Iterator

from holdfast.defender.engines.model import (
    FAILURES,
    NOTICES,
    REQUESTS,
    Act,
    Blame,
    Deed,
    Rate,
    Scenario,
    Table,
    on,
)
from holdfast.defender.engines.tables.logins import attempts, guessing
from holdfast.defender.engines.tables.rows import entry, equals
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record

_REFUSED_SIGN_IN = (4, 5, 0x86, 0x87)
"""CONNACK codes of MQTT 3.1.1 (table 3.1) and 5.0 (table 3-1): bad user name or password, not authorized."""


def _flood(transport: str) -> Table:
    return Table(
        transport,
        rates=(
            Rate(
                "icmp-flooding",
                on(REQUESTS, "echo request"),
                "{count} echo requests within {window}",
                "an echo request now and then",
            ),
        ),
    )


def _names(protocol: str) -> Table:
    return Table(
        protocol,
        scenarios=(
            Scenario(
                f"{protocol}.query",
                "unauthorized-name-query",
                on(REQUESTS),
                entry("query"),
                "the name {0}",
                for_sender=True,
            ),
        ),
        rates=(
            Rate(
                "suspicion-of-malicious-activity-name-queries",
                on(FAILURES),
                "{count} queries for names that do not exist within {window}",
                "queries for names that exist",
                when=equals("rcode", 3),
                blame=Blame.LISTENER,
            ),
        ),
    )


def _lldp(record: Record) -> Iterator[Entry]:
    fields = record.fields
    addresses = ", ".join(fields.get("management_addresses") or ())
    capabilities = ", ".join(fields.get("capabilities") or ())
    name = str(fields.get("system_name") or fields.get("chassis_id") or "")
    yield (name, str(fields.get("port_id") or ""), addresses, capabilities)


def _snmp(record: Record) -> Iterator[Entry]:
    fields = record.fields
    principal = fields.get("community") or fields.get("username") or ""
    yield (record.kind, str(fields.get("version")), str(principal))


ICMP, ICMPV6 = _flood("icmp"), _flood("icmpv6")
DNS, MDNS, LLMNR, NBNS = (_names(protocol) for protocol in ("dns", "mdns", "llmnr", "nbns"))

LLDP = Table(
    "lldp",
    scenarios=(
        Scenario(
            "lldp.configuration",
            "new-lldp-device-configuration",
            on(NOTICES),
            _lldp,
            "{0}, port {1}, management address {2}, {3}",
            steady=False,
            for_sender=True,
        ),
    ),
)

SNMP = Table(
    "snmp",
    scenarios=(
        Scenario(
            "snmp.operation",
            "unauthorized-snmp-operation",
            on(REQUESTS),
            _snmp,
            "{0} of version {1} as {2}",
        ),
    ),
    deeds=(Deed(Act.CONFIGURE, on(REQUESTS, "set-request"), "sets variables"),),
)

MQTT = Table(
    "mqtt",
    rates=(
        attempts(on(REQUESTS, "CONNECT")),
        guessing(on(FAILURES, "CONNACK"), equals("return_code", *_REFUSED_SIGN_IN)),
    ),
)
