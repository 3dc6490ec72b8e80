"""Every protocol that is dissected: one entry each. `docs/dissectors.md` says how to add one."""

from holdfast.defender.dissect import coap, iec104, iso_transport, modbus, mqtt
from holdfast.defender.dissect.bacnet import session as bacnet
from holdfast.defender.dissect.cip import enip
from holdfast.defender.dissect.dnp3 import session as dnp3
from holdfast.defender.dissect.hart import session as hart
from holdfast.defender.dissect.iec61850 import goose, sampled_values
from holdfast.defender.dissect.it import (
    arp,
    cdp,
    dhcp,
    dns,
    ftp,
    http,
    icmp,
    implants,
    lldp,
    nbns,
    ntp,
    snmp,
    ssh,
    syslog,
    tds,
    telnet,
    vnc,
)
from holdfast.defender.dissect.opcua import session as opcua
from holdfast.defender.dissect.profinet import realtime
from holdfast.defender.dissect.rpc import connected, connectionless
from holdfast.defender.dissect.session import Dissector
from holdfast.defender.dissect.smb import datagrams as netbios_datagrams
from holdfast.defender.dissect.smb import session as smb
from holdfast.defender.dissect.tls import session as tls

DISSECTORS: tuple[Dissector, ...] = (
    dnp3.DISSECTOR,
    enip.DISSECTOR,
    enip.IO_DISSECTOR,
    iso_transport.DISSECTOR,
    iec104.DISSECTOR,
    bacnet.DISSECTOR,
    goose.DISSECTOR,
    sampled_values.DISSECTOR,
    opcua.DISSECTOR,
    hart.DISSECTOR,
    realtime.DISSECTOR,
    mqtt.DISSECTOR,
    tls.DISSECTOR,
    implants.DISSECTOR,
    ssh.DISSECTOR,
    vnc.DISSECTOR,
    http.DISSECTOR,
    tds.DISSECTOR,
    ftp.DISSECTOR,
    dhcp.DISSECTOR,
    nbns.DISSECTOR,
    snmp.DISSECTOR,
    dns.DISSECTOR,
    ntp.DISSECTOR,
    coap.DISSECTOR,
    syslog.DISSECTOR,
    telnet.DISSECTOR,
    arp.DISSECTOR,
    icmp.DISSECTOR,
    icmp.DISSECTOR_6,
    lldp.DISSECTOR,
    cdp.DISSECTOR,
    smb.DISSECTOR,
    netbios_datagrams.DISSECTOR,
    connected.DISSECTOR,
    connectionless.DISSECTOR,
    modbus.DISSECTOR,
)
"""Asked in this order where no port tells; protocols whose beginning cannot be mistaken come first."""

PROTOCOLS = frozenset(name for each in DISSECTORS for name in (each.name, *each.records))
"""Every name that `Record.protocol` may have, besides the transports of `Role.FLOW`."""
