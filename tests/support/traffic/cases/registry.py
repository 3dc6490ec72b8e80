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

_ALL = (
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

_WAITING = frozenset({
    "abnormal-http-header-length", "illegal-http-header-content", "unexpected-message-length",
    "suspicious-executable-file-detected-on-endpoint-http", "malware-test-file-detected-eicar-av-success-http",
    "suspicion-of-notpetya-malware-illegal-smb-transaction-detected",
    "suspicion-of-malicious-activity-darkcomet", "suspicion-of-malicious-activity-poison-ivy",
    "master-requested-an-application-layer-confirmation", "unauthorized-access-to-siemens-s7-plus-object",
    "unauthorized-siemens-s7-plus-block-access",
})  # fmt: skip
"""Alerts whose dissector is not there yet."""

CASES: tuple[Case, ...] = tuple(case for case in _ALL if case.label not in _WAITING)
