"""Every labelled case."""

from tests.support.traffic.case import Case
from tests.support.traffic.cases import (
    bacnet,
    cip,
    dnp3,
    flows,
    iec104,
    iec61850,
    it,
    malware,
    modbus,
    network,
    opcua,
    profinet,
    s7,
    windows,
)

CASES: tuple[Case, ...] = (
    *modbus.CASES,
    *flows.CASES,
    *dnp3.CASES,
    *cip.CASES,
    *s7.CASES,
    *iec104.CASES,
    *iec61850.CASES,
    *bacnet.CASES,
    *profinet.CASES,
    *opcua.CASES,
    *network.CASES,
    *it.CASES,
    *windows.CASES,
    *malware.CASES,
)
