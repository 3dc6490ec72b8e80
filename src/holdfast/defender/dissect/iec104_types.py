"""ASDU types of IEC 60870-5-104 (section 8) and how their information objects are read.

A layout is a string of codes, one an element, in the order on the wire; `ELEMENTS` says what each code reads.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from holdfast.defender.dissect.reader import Reader
from holdfast.defender.record import Fields

CAUSES: Final = {
    1: "per/cyc",
    2: "back",
    3: "spont",
    4: "init",
    5: "req",
    6: "act",
    7: "actcon",
    8: "deact",
    9: "deactcon",
    10: "actterm",
    11: "retrem",
    12: "retloc",
    13: "file",
    14: "auth",
    15: "sess",
    16: "upd",
    20: "inrogen",
    **{20 + number: f"inro{number}" for number in range(1, 17)},
    37: "reqcogen",
    **{37 + number: f"reqco{number}" for number in range(1, 5)},
    44: "unknown type identification",
    45: "unknown cause of transmission",
    46: "unknown common address of ASDU",
    47: "unknown information object address",
}
"""Causes of transmission (IEC 60870-5-101, section 7.2.3)."""


class AsduType(NamedTuple):
    """A type identification."""

    name: str
    layout: str
    """Codes of `ELEMENTS`."""


def _flags(names: tuple[tuple[int, str], ...]) -> Callable[[Reader, Fields], None]:
    def read(reader: Reader, entry: Fields) -> None:
        octet = reader.u8()
        for mask, name in names:
            entry[name] = bool(octet & mask)

    return read


_QUALITY: Final = (
    (0x01, "overflow"),
    (0x10, "blocked"),
    (0x20, "substituted"),
    (0x40, "not_topical"),
    (0x80, "invalid"),
)


def _single_point(reader: Reader, entry: Fields) -> None:
    octet = reader.u8()
    entry["value"] = octet & 1
    entry |= {name: bool(octet & mask) for mask, name in _QUALITY[1:]}


def _double_point(reader: Reader, entry: Fields) -> None:
    octet = reader.u8()
    entry["value"] = octet & 3
    entry |= {name: bool(octet & mask) for mask, name in _QUALITY[1:]}


def _step_position(reader: Reader, entry: Fields) -> None:
    octet = reader.u8()
    entry["value"] = (octet & 0x7F) - ((octet & 0x40) << 1)
    entry["transient"] = bool(octet & 0x80)


def _number(code: str, scale: float = 1) -> Callable[[Reader, Fields], None]:
    layout = struct.Struct("<" + code)

    def read(reader: Reader, entry: Fields) -> None:
        (value,) = layout.unpack(reader.take(layout.size))
        entry["value"] = value if scale == 1 else value * scale

    return read


def _bits(reader: Reader, entry: Fields) -> None:
    entry["value"] = f"0x{reader.u32_little():08x}"


def _counter(reader: Reader, entry: Fields) -> None:
    entry["value"] = int.from_bytes(reader.take(4), "little", signed=True)
    octet = reader.u8()
    entry |= {
        "sequence": octet & 31,
        "carry": bool(octet & 32),
        "adjusted": bool(octet & 64),
        "invalid": bool(octet & 128),
    }


def _command(width: int) -> Callable[[Reader, Fields], None]:
    """Single (1 bit), double and step commands (2 bits): state, qualifier, select or execute."""

    def read(reader: Reader, entry: Fields) -> None:
        octet = reader.u8()
        entry |= {
            "value": octet & (1 << width) - 1,
            "qualifier": octet >> 2 & 31,
            "select": bool(octet & 0x80),
        }

    return read


def _set_point_qualifier(reader: Reader, entry: Fields) -> None:
    octet = reader.u8()
    entry |= {"qualifier": octet & 0x7F, "select": bool(octet & 0x80)}


def _named(name: str, octets: int) -> Callable[[Reader, Fields], None]:
    def read(reader: Reader, entry: Fields) -> None:
        entry[name] = reader.unsigned_little(octets)

    return read


def _long_time(reader: Reader, entry: Fields) -> None:
    """CP56Time2a, as the station's clock shows it."""
    octets = reader.take(7)
    milliseconds = octets[0] | octets[1] << 8
    entry["time"] = (
        f"20{octets[6] & 0x7F:02d}-{octets[5] & 15:02d}-{octets[4] & 31:02d}"
        f"T{octets[3] & 31:02d}:{octets[2] & 63:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
    )
    entry["time_invalid"] = bool(octets[2] & 0x80)


def _short_time(reader: Reader, entry: Fields) -> None:
    """CP24Time2a: minute and milliseconds within the hour."""
    octets = reader.take(3)
    milliseconds = octets[0] | octets[1] << 8
    entry["time"] = f"{octets[2] & 63:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
    entry["time_invalid"] = bool(octets[2] & 0x80)


def _segment(reader: Reader, entry: Fields) -> None:
    entry |= {"file": reader.u16_little(), "section": reader.u8(), "data": reader.take(reader.u8()).hex()}


ELEMENTS: Final[dict[str, tuple[int, Callable[[Reader, Fields], None]]]] = {
    "s": (1, _single_point),
    "d": (1, _double_point),
    "p": (1, _step_position),
    "q": (1, _flags(_QUALITY)),
    "n": (2, _number("h", 1 / 32768)),
    "h": (2, _number("h")),
    "f": (4, _number("f")),
    "b": (4, _bits),
    "c": (5, _counter),
    "1": (1, _command(1)),
    "2": (1, _command(2)),
    "S": (1, _set_point_qualifier),
    "t": (3, _short_time),
    "T": (7, _long_time),
    "e": (1, _named("event", 1)),
    "m": (2, _named("elapsed_ms", 2)),
    "Q": (1, _named("qualifier", 1)),
    "i": (2, _named("test_pattern", 2)),
    "F": (2, _named("file", 2)),
    "N": (1, _named("section", 1)),
    "L": (3, _named("length", 3)),
    "C": (1, _named("checksum", 1)),
    "g": (4, _segment),
}
"""Bytes of an element (of a segment at least), and who reads it."""

TYPES: Final[dict[int, AsduType]] = {
    1: AsduType("M_SP_NA_1", "s"),
    2: AsduType("M_SP_TA_1", "st"),
    3: AsduType("M_DP_NA_1", "d"),
    4: AsduType("M_DP_TA_1", "dt"),
    5: AsduType("M_ST_NA_1", "pq"),
    6: AsduType("M_ST_TA_1", "pqt"),
    7: AsduType("M_BO_NA_1", "bq"),
    8: AsduType("M_BO_TA_1", "bqt"),
    9: AsduType("M_ME_NA_1", "nq"),
    10: AsduType("M_ME_TA_1", "nqt"),
    11: AsduType("M_ME_NB_1", "hq"),
    12: AsduType("M_ME_TB_1", "hqt"),
    13: AsduType("M_ME_NC_1", "fq"),
    14: AsduType("M_ME_TC_1", "fqt"),
    15: AsduType("M_IT_NA_1", "c"),
    16: AsduType("M_IT_TA_1", "ct"),
    17: AsduType("M_EP_TA_1", "emt"),
    18: AsduType("M_EP_TB_1", "eqmt"),
    19: AsduType("M_EP_TC_1", "eqmt"),
    20: AsduType("M_PS_NA_1", "bq"),
    21: AsduType("M_ME_ND_1", "n"),
    30: AsduType("M_SP_TB_1", "sT"),
    31: AsduType("M_DP_TB_1", "dT"),
    32: AsduType("M_ST_TB_1", "pqT"),
    33: AsduType("M_BO_TB_1", "bqT"),
    34: AsduType("M_ME_TD_1", "nqT"),
    35: AsduType("M_ME_TE_1", "hqT"),
    36: AsduType("M_ME_TF_1", "fqT"),
    37: AsduType("M_IT_TB_1", "cT"),
    38: AsduType("M_EP_TD_1", "emT"),
    39: AsduType("M_EP_TE_1", "eqmT"),
    40: AsduType("M_EP_TF_1", "eqmT"),
    45: AsduType("C_SC_NA_1", "1"),
    46: AsduType("C_DC_NA_1", "2"),
    47: AsduType("C_RC_NA_1", "2"),
    48: AsduType("C_SE_NA_1", "nS"),
    49: AsduType("C_SE_NB_1", "hS"),
    50: AsduType("C_SE_NC_1", "fS"),
    51: AsduType("C_BO_NA_1", "b"),
    58: AsduType("C_SC_TA_1", "1T"),
    59: AsduType("C_DC_TA_1", "2T"),
    60: AsduType("C_RC_TA_1", "2T"),
    61: AsduType("C_SE_TA_1", "nST"),
    62: AsduType("C_SE_TB_1", "hST"),
    63: AsduType("C_SE_TC_1", "fST"),
    64: AsduType("C_BO_TA_1", "bT"),
    70: AsduType("M_EI_NA_1", "Q"),
    100: AsduType("C_IC_NA_1", "Q"),
    101: AsduType("C_CI_NA_1", "Q"),
    102: AsduType("C_RD_NA_1", ""),
    103: AsduType("C_CS_NA_1", "T"),
    104: AsduType("C_TS_NA_1", "i"),
    105: AsduType("C_RP_NA_1", "Q"),
    106: AsduType("C_CD_NA_1", "m"),
    107: AsduType("C_TS_TA_1", "iT"),
    110: AsduType("P_ME_NA_1", "nQ"),
    111: AsduType("P_ME_NB_1", "hQ"),
    112: AsduType("P_ME_NC_1", "fQ"),
    113: AsduType("P_AC_NA_1", "Q"),
    120: AsduType("F_FR_NA_1", "FLQ"),
    121: AsduType("F_SR_NA_1", "FNLQ"),
    122: AsduType("F_SC_NA_1", "FNQ"),
    123: AsduType("F_LS_NA_1", "FNQC"),
    124: AsduType("F_AF_NA_1", "FNQ"),
    125: AsduType("F_SG_NA_1", "g"),
    126: AsduType("F_DR_TA_1", "FLQT"),
}
"""Type identifications of sections 7.3 and 8."""


def read_element(layout: str, reader: Reader, entry: Fields) -> None:
    """Add what one information object says."""
    for code in layout:
        ELEMENTS[code][1](reader, entry)


def octets_of(layout: str) -> int:
    """Bytes of an information object without its address (at least, for segments)."""
    return sum(ELEMENTS[code][0] for code in layout)
