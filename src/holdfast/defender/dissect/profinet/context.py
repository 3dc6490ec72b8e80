"""PROFINET IO context management: the blocks that connect, read, write and control carry (IEC 61158-6-10,
section 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from holdfast.defender.dissect.decoding import text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.record import Fields

OPERATIONS: Final = {0: "Connect", 1: "Release", 2: "Read", 3: "Write", 4: "Control", 5: "Read Implicit"}

BLOCKS: Final = {
    0x0008: "IODWriteReqHeader",
    0x0009: "IODReadReqHeader",
    0x0020: "I&M0",
    0x0021: "I&M1",
    0x0022: "I&M2",
    0x0023: "I&M3",
    0x0101: "ARBlockReq",
    0x0102: "IOCRBlockReq",
    0x0103: "AlarmCRBlockReq",
    0x0104: "ExpectedSubmoduleBlockReq",
    0x0110: "IODControlReq PrmEnd",
    0x0112: "IOXBlockReq ApplicationReady",
    0x0114: "ReleaseBlock",
    0x8008: "IODWriteResHeader",
    0x8009: "IODReadResHeader",
    0x8101: "ARBlockRes",
    0x8102: "IOCRBlockRes",
    0x8103: "AlarmCRBlockRes",
    0x8104: "ModuleDiffBlock",
    0x8110: "IODControlRes PrmEnd",
    0x8112: "IOXBlockRes ApplicationReady",
    0x8114: "ReleaseBlockRes",
}
_RECORD_HEADERS: Final = frozenset({0x0008, 0x0009, 0x8008, 0x8009})
_READ_ANSWER: Final = 0x8009
_ADDRESS_REQUEST, _IDENTIFICATION = 0x0101, 0x0020
_MAXIMUM_BLOCKS: Final = 128

_STATUS_CODES: Final = {
    0x00: "No Error",
    0x81: "PNIO",
    0xCF: "RTA Error",
    0xDA: "AlarmAck",
    0xDB: "IODConnectRes",
    0xDC: "IODReleaseRes",
    0xDD: "IODControlRes or IOXControlRes",
    0xDE: "IODReadRes",
    0xDF: "IODWriteRes",
}
_ACCESS_ERRORS: Final = {
    0xB0: "Invalid Index",
    0xB1: "Write Length Error",
    0xB2: "Invalid Slot Subslot",
    0xB3: "Type Conflict",
    0xB4: "Invalid Area API",
    0xB5: "State Conflict",
    0xB6: "Access Denied",
    0xB7: "Invalid Range",
    0xB8: "Invalid Parameter",
    0xB9: "Invalid Type",
    0xBA: "Backup",
    0xA0: "Read Error",
    0xA1: "Write Error",
    0xA7: "Busy",
    0xA8: "Version Conflict",
    0xA9: "Feature Not Supported",
    0xC0: "Read Constrain Conflict",
    0xC1: "Write Constrain Conflict",
    0xC2: "Resource Busy",
    0xC3: "Resource Unavailable",
}


def record_address(body: bytes, start: int) -> tuple[int | None, int | None, int | None]:
    """Slot, subslot and index that a read or write request names in its first block; None where it names
    none."""
    if len(body) < start + 38 or int.from_bytes(body[start : start + 2], "big") not in _RECORD_HEADERS:
        return None, None, None
    reader = Reader(body, start + 28)
    slot, subslot = reader.u16(), reader.u16()
    reader.skip(2)
    return slot, subslot, reader.u16()


def status_fields(status: bytes, little: bool, fields: Fields) -> None:
    """Add what a response's status says: code, decoder, and two more codes."""
    if len(status) < 4:
        return
    code, decode, first, second = reversed(status) if little else status
    fields["pnio_status"] = _STATUS_CODES.get(code, f"unknown-0x{code:02x}")
    if code:
        fields["error_decode"], fields["error_code_2"] = decode, second
        fields["error_code_1"] = _ACCESS_ERRORS.get(first, f"unknown-0x{first:02x}")


def read_blocks(body: bytes, start: int, fields: Fields) -> None:
    """Add what the blocks from `start` on tell."""
    if len(body) <= start:
        return
    reader = Reader(body, start)
    names: list[str] = []
    fields["blocks"] = names
    while reader.left >= 6 and len(names) < _MAXIMUM_BLOCKS:
        kind, length = reader.u16(), reader.u16()
        if kind == 0 or length < 2:
            return
        block = reader.within(min(length, reader.left))
        block.skip(2)
        names.append(BLOCKS.get(kind, f"0x{kind:04x}"))
        read = _READERS.get(kind)
        if read is not None:
            read(block, fields)
        if kind in (0x0008, _READ_ANSWER):
            reader.skip(min((4 - (length & 3)) & 3 if kind == 0x0008 else 0, reader.left))


def _record_header(block: Reader, fields: Fields) -> None:
    """Which record of which submodule is read or written."""
    block.skip(2)
    fields["ar_uuid"] = block.take(16).hex()
    fields["api"], fields["slot"], fields["subslot"] = block.u32(), block.u16(), block.u16()
    block.skip(2)
    fields["index"] = f"0x{block.u16():04x}"
    fields["record_length"] = block.u32()


def _application_relation(block: Reader, fields: Fields) -> None:
    """ARBlockReq: who connects, as what."""
    fields["ar_type"] = block.u16()
    fields["ar_uuid"] = block.take(16).hex()
    fields["session_key"] = block.u16()
    fields["initiator_mac"] = block.take(6).hex(":")
    block.skip(16 + 4 + 2 + 2)
    fields["initiator_station_name"] = text(block.take(block.u16()))


def _identification(block: Reader, fields: Fields) -> None:
    """I&M0 (PROFIBUS profile guideline 3.502): what a module is."""
    fields["im_vendor_id"] = block.u16()
    fields["order_id"], fields["im_serial_number"] = (
        text(block.take(20)).strip(),
        text(block.take(16)).strip(),
    )
    fields["hardware_revision"] = block.u16()
    prefix = text(block.take(1))
    fields["software_revision"] = f"{prefix}{block.u8()}.{block.u8()}.{block.u8()}"


def _control(block: Reader, fields: Fields) -> None:
    block.skip(2)
    fields["ar_uuid"] = block.take(16).hex()
    fields["session_key"] = block.u16()


_READERS: Final[dict[int, Callable[[Reader, Fields], None]]] = {
    **dict.fromkeys(_RECORD_HEADERS, _record_header),
    _ADDRESS_REQUEST: _application_relation,
    _IDENTIFICATION: _identification,
    **dict.fromkeys((0x0110, 0x0112, 0x0114, 0x8110, 0x8112, 0x8114), _control),
}
