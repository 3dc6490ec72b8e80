"""OPC UA status codes (OPC 10000-4, section 7.39; OPC 10000-6, annex A.2)."""

from typing import Final

from holdfast.defender.dissect.tables import names
from holdfast.defender.record import Fields

_SEVERITIES: Final = {0: "Good", 1: "Uncertain", 2: "Bad"}
_STRUCTURE_CHANGED, _SEMANTICS_CHANGED = 0x8000, 0x4000
_INFO_TYPES: Final = {0: "NotUsed", 1: "DataValue"}


def status_name(code: int) -> str:
    """The name of a status code, or its number. The lower 16 bits hold details, and have no part in it."""
    return names("opcua_status").get(code >> 16) or f"0x{code:08x}"


def status_fields(code: int) -> Fields:
    """A status code in its parts, by ICSNPP's names."""
    severity, info = code >> 30, code >> 10 & 3
    return {
        "status_code": f"0x{code:08x}",
        "severity": severity,
        "severity_str": f"Severity_{_SEVERITIES.get(severity, 'Reserved')}",
        "sub_code": code >> 16 & 0x0FFF,
        "sub_code_str": status_name(code),
        "structure_changed": bool(code & _STRUCTURE_CHANGED),
        "semantics_changed": bool(code & _SEMANTICS_CHANGED),
        "info_type": info,
        "info_type_str": f"InfoType_{_INFO_TYPES.get(info, 'Reserved')}",
    }
