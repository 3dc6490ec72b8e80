"""Every table of detection. A new protocol is one file in `tables/` and one line here."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from holdfast.defender.engines.deeds import expand
from holdfast.defender.engines.model import Table
from holdfast.defender.engines.tables import (
    bacnet,
    cip,
    dnp3,
    flows,
    hart,
    iec104,
    iec61850,
    implants,
    it,
    modbus,
    network,
    opcua,
    profinet,
    s7,
    windows,
)
from holdfast.defender.engines.tables.rows import MALFORMED_RATE

_TABLES: Final[tuple[Table, ...]] = (
    flows.TCP,
    flows.UDP,
    modbus.MODBUS,
    modbus.UMAS,
    dnp3.DNP3,
    cip.ENIP,
    cip.CIP,
    s7.S7COMM,
    s7.S7COMM_PLUS,
    iec104.IEC104,
    iec61850.MMS,
    iec61850.GOOSE,
    iec61850.SV,
    bacnet.BACNET,
    profinet.PN_DCP,
    profinet.PN_RT,
    profinet.PROFINET_IO_CM,
    windows.SMB,
    windows.SMB2,
    windows.DCERPC,
    opcua.OPCUA,
    hart.HART_IP,
    network.ICMP,
    network.ICMPV6,
    network.DNS,
    network.MDNS,
    network.LLMNR,
    network.NBNS,
    network.LLDP,
    network.SNMP,
    network.MQTT,
    it.HTTP,
    it.FTP,
    it.TELNET,
    it.SSH,
    it.VNC,
    it.TDS,
    implants.IMPLANT,
)

TABLES: Final[Mapping[str, Table]] = {
    table.protocol: replace(expand(table), rates=(*expand(table).rates, MALFORMED_RATE)) for table in _TABLES
}
"""By protocol, with the rows that deeds stand for and those that hold for every protocol."""

INDUSTRIAL: Final = frozenset(table.protocol for table in _TABLES if table.industrial)
"""Protocols of processes."""
