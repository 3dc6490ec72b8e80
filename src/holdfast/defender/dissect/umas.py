"""UMAS: Schneider Electric's programming protocol within Modbus function 90 (no public specification; the
names follow what its first public researchers gave). Key: (unit, UMAS function code), for failures with the
error code behind.
"""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.record import FAILURE, REQUEST, RESPONSE, Emit, Fields, Record, Role

NAME: Final = "umas"
MODBUS_FUNCTION: Final = 0x5A
_SUCCESS, _ERROR = 0xFE, 0xFD

FUNCTIONS: Final = {
    0x01: "INIT_COMM",
    0x02: "READ_ID",
    0x03: "READ_PROJECT_INFO",
    0x04: "READ_PLC_INFO",
    0x06: "READ_CARD_INFO",
    0x0A: "REPEAT",
    0x10: "TAKE_PLC_RESERVATION",
    0x11: "RELEASE_PLC_RESERVATION",
    0x12: "KEEP_ALIVE",
    0x20: "READ_MEMORY_BLOCK",
    0x21: "WRITE_MEMORY_BLOCK",
    0x22: "READ_VARIABLES",
    0x23: "WRITE_VARIABLES",
    0x24: "READ_COILS_REGISTERS",
    0x25: "WRITE_COILS_REGISTERS",
    0x26: "DATA_DICTIONARY",
    0x27: "DATA_DICTIONARY_PRELOAD",
    0x28: "READ_PHYSICAL_ADDRESS",
    0x29: "WRITE_PHYSICAL_ADDRESS",
    0x30: "INITIALIZE_UPLOAD",
    0x31: "UPLOAD_BLOCK",
    0x32: "END_STRATEGY_UPLOAD",
    0x33: "INITIALIZE_DOWNLOAD",
    0x34: "DOWNLOAD_BLOCK",
    0x35: "END_STRATEGY_DOWNLOAD",
    0x36: "BACKUP",
    0x39: "READ_ETH_MASTER_DATA",
    0x40: "START_PLC",
    0x41: "STOP_PLC",
    0x50: "MONITOR_PLC",
    0x58: "CHECK_PLC",
    0x70: "READ_IO_OBJECT",
    0x71: "WRITE_IO_OBJECT",
    0x73: "GET_STATUS_MODULE",
}
"""From uploading a program (PLC to engineer) to stopping it."""


def emit_request(modbus: Record, body: bytes, emit: Emit) -> None:
    """Emit what a Modbus request carries: behind unit and function a session key, a UMAS function and its
    data."""
    if len(body) < 4:
        return
    kind = FUNCTIONS.get(body[3]) or f"unknown-{body[3]}"
    key = (body[0], body[3])
    emit(Record(modbus.frame, modbus.time, modbus.direction, NAME, kind, REQUEST, key, body, _request_fields))


def emit_response(modbus: Record, body: bytes, request: Record | None, emit: Emit) -> None:
    """Emit what a Modbus response carries; only its request tells which function it answers."""
    if len(body) < 4:
        return
    asked = request.body[1] if request is not None else b""
    function = asked[3] if len(asked) >= 4 else 0
    kind = FUNCTIONS.get(function) or f"unknown-{function}"
    role: Role = RESPONSE
    key: tuple[int, ...] = (body[0], function)
    if body[3] == _ERROR:
        role, key = FAILURE, (body[0], function, body[4] if len(body) > 4 else 0)
    emit(
        Record(
            modbus.frame,
            modbus.time,
            modbus.direction,
            NAME,
            kind,
            role,
            key,
            (body, function),
            _response_fields,
        )
    )


@fields_of
def _request_fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    fields |= {"unit": body[0], "session_key": body[2], "func_code": body[3], "func": record.kind}
    if len(body) > 4:
        fields["data"] = body[4:].hex()


@fields_of
def _response_fields(record: Record, fields: Fields) -> None:
    body, function = record.body
    fields |= {"unit": body[0], "session_key": body[2], "func_code": function, "func": record.kind}
    fields["success"] = body[3] == _SUCCESS
    if len(body) > 4:
        fields["data"] = body[4:].hex()
    if function == 0x02 and body[3] == _SUCCESS:
        _identity(Reader(body, 4), fields)
    elif body[3] == _ERROR and len(body) > 4:
        fields["error_code"] = body[4]


def _identity(reader: Reader, fields: Fields) -> None:
    """READ_ID: hardware, versions, and the name of the processor with its length in front."""
    fields["range"], fields["ident"], fields["model"] = (
        reader.u16_little(),
        reader.u32_little(),
        reader.u16_little(),
    )
    version = reader.u16_little()
    fields["firmware_version"] = f"{version >> 8:x}.{version & 0xFF:02x}"
    reader.skip(12)
    fields["device_name"] = text(reader.take(reader.u8()))
