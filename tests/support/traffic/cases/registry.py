"""Every labelled case, and the protocol whose conversations it belongs into."""

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

GROUPS: tuple[tuple[str, tuple[Case, ...]], ...] = (
    ("modbus", modbus.CASES),
    ("", flows.CASES),
    ("dnp3", dnp3.CASES),
    ("enip", cip.CASES),
    ("s7comm", s7.CASES),
    ("iec104", iec104.CASES),
    ("mms", iec61850.CASES),
    ("bacnet", bacnet.CASES),
    ("profinet_io_cm", profinet.CASES),
    ("opcua", opcua.CASES),
    ("", network.CASES),
    ("", it.CASES),
    ("smb", windows.CASES),
    ("", malware.CASES),
)
"""Empty where any conversation will do."""

CASES: tuple[Case, ...] = tuple(case for _, cases in GROUPS for case in cases)
