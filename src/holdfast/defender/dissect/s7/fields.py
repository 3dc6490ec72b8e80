"""The fields of classic S7 records."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.s7 import system_status
from holdfast.defender.dissect.s7.names import (
    BLOCK_TYPES,
    CONTROL_SERVICES,
    ERROR_CLASSES,
    FILE_SYSTEMS,
    FUNCTIONS,
    RETURN_CODES,
    ROSCTR,
    SUBFUNCTIONS,
    USER_DATA_GROUPS,
    USER_DATA_KINDS,
)
from holdfast.defender.dissect.s7.variables import read_items
from holdfast.defender.record import Fields, Record

_READ, _WRITE = 0x04, 0x05
_REQUEST_DOWNLOAD, _DOWNLOAD_BLOCK, _DOWNLOAD_ENDED = 0x1A, 0x1B, 0x1C
_START_UPLOAD, _UPLOAD, _END_UPLOAD = 0x1D, 0x1E, 0x1F
_TRANSFERS: Final = frozenset(range(_REQUEST_DOWNLOAD, _END_UPLOAD + 1))
_PLC_CONTROL, _SETUP = 0x28, 0xF0
_NEXT_PART: Final = 0x12
"""Method of user data that has a data unit reference: answers, and requests for the rest of one."""


def _head(record: Record, fields: Fields) -> Reader:
    """The header; returns a reader of the parameters."""
    message, start, parameters = record.body
    fields |= {
        "rosctr_code": message[1],
        "rosctr_name": ROSCTR.get(message[1], "unknown"),
        "pdu_reference": message[4] | message[5] << 8,
    }
    return Reader(message, start, start + parameters)


def _function(function: int, fields: Fields) -> None:
    fields |= {
        "function_code": f"0x{function:02x}",
        "function_name": FUNCTIONS.get(function, "unknown"),
        "subfunction_code": None,
        "subfunction_name": None,
        "error_class": None,
        "error_code": None,
    }


@fields_of
def job_fields(record: Record, fields: Fields) -> None:
    """Of a job, which asks for a function."""
    reader = _head(record, fields)
    if not reader.left:
        return
    parameters = reader.data[reader.position : reader.end]
    function = reader.u8()
    _function(function, fields)
    if function in (_READ, _WRITE):
        fields["items"] = read_items(parameters)
    elif function in _TRANSFERS:
        _transfer_job(function, reader, fields)
    elif function == _PLC_CONTROL:
        _plc_control(reader, fields)
    elif function == _SETUP:
        _setup(reader, fields)


def _setup(reader: Reader, fields: Fields) -> None:
    reader.skip(1)
    fields["maximum_jobs_calling"], fields["maximum_jobs_called"] = reader.u16(), reader.u16()
    fields["pdu_length"] = reader.u16()


def _plc_control(reader: Reader, fields: Fields) -> None:
    reader.skip(7)
    argument = text(reader.take(reader.u16()))
    service = text(reader.take(reader.u8()))
    fields |= {
        "subfunction_code": service,
        "subfunction_name": CONTROL_SERVICES.get(service, "unknown"),
        "argument": argument,
    }


def _transfer_job(function: int, reader: Reader, fields: Fields) -> None:
    """Uploads and downloads of blocks: status, session, and the block's name where it has one."""
    status = reader.u8()
    fields["function_status"] = f"0x{status:02x}"
    if reader.left < 6:
        return
    reader.skip(2)
    fields["session_id"] = reader.u32()
    if reader.left:
        name = text(reader.take(reader.u8()))
        fields["filename"] = name
        if len(name) == 9:  # "_", block type, number, file system
            fields["block_type"] = BLOCK_TYPES.get(name[1:3], "Unknown")
            fields["block_number"], fields["destination_filesystem"] = (
                name[3:8],
                FILE_SYSTEMS.get(name[8], "Unknown"),
            )
    if function == _REQUEST_DOWNLOAD and reader.left >= 14:
        reader.skip(2)
        fields["load_memory_length"], fields["mc7_length"] = text(reader.take(6)), text(reader.take(6))


@fields_of
def ack_fields(record: Record, fields: Fields) -> None:
    """Of an acknowledgement, which answers a job."""
    message, start, parameters = record.body
    reader = _head(record, fields)
    function = reader.u8() if parameters else (record.key[0] if isinstance(record.key, tuple) else None)
    if isinstance(function, int):
        _function(function, fields)
    error_class, error = message[10], message[11]
    fields["error_class"] = ERROR_CLASSES.get(error_class, f"Unknown error class-0x{error_class:02x}")
    fields["error_code"] = f"0x{error:02x}"
    if function == _START_UPLOAD and reader.left >= 8:
        fields["function_status"] = f"0x{reader.u8():02x}"
        reader.skip(2)
        fields["session_id"] = reader.u32()
        fields["blocklength"] = _block_length(reader)
    elif function == _UPLOAD and reader.left:
        fields["function_status"] = f"0x{reader.u8():02x}"
        fields["blocklength"] = int.from_bytes(message[start + parameters : start + parameters + 2], "big")
    elif function in (_READ, _WRITE) and reader.left:
        count = reader.u8()
        fields["item_count"] = count
        fields["return_codes"] = _return_codes(Reader(message, start + parameters), function, count)
    elif function == _SETUP:
        _setup(reader, fields)


def _block_length(reader: Reader) -> int | None:
    """As decimal digits with their count in front."""
    digits = text(reader.take(reader.u8()))
    return int(digits) if digits.isdecimal() and digits.isascii() else None


def _return_codes(data: Reader, function: int, count: int) -> list[str]:
    codes: list[str] = []
    for _ in range(count):
        if not data.left:
            break
        code = data.u8()
        codes.append(RETURN_CODES.get(code, f"0x{code:02x}"))
        if function == _READ and data.left >= 3:
            kind, length = data.u8(), data.u16()
            octets = (length + 7) // 8 if kind in (0x03, 0x04, 0x05) else length
            data.skip(min(octets + (octets & 1), data.left))
    return codes


def continues(request: Record | None) -> bool:
    """Whether a user data request asks for the next part of an answer that did not fit one PDU."""
    if request is None:
        return False
    message, start, _ = request.body
    return bool(message[start + 4] == _NEXT_PART)


@fields_of
def user_data_fields(record: Record, fields: Fields) -> None:
    """Of user data: programming, diagnosis and clock functions."""
    message, start, parameters = record.body
    reader = _head(record, fields)
    reader.skip(4)
    method, kind, subfunction = reader.u8(), reader.u8(), reader.u8()
    group = kind & 15
    sort = USER_DATA_KINDS.get(kind >> 4, "unknown")
    fields |= {
        "function_code": f"0x{kind:02x}",
        "function_name": f"{sort}: {USER_DATA_GROUPS.get(group, 'unknown')}",
        "subfunction_code": f"0x{subfunction:02x}",
        "subfunction_name": SUBFUNCTIONS.get(group, {}).get(subfunction, "unknown"),
        "sequence_number": reader.u8(),
        "error_class": None,
        "error_code": None,
    }
    if method == _NEXT_PART and reader.left >= 4:
        reader.skip(2)
        error = reader.u16()
        fields["error_class"] = "Parameter Error" if error else "No error"
        fields["error_code"] = f"0x{error:04x}" if error else "0x00"
    data = Reader(message, start + parameters)
    if group == 4 and subfunction == 1 and not continues(record.request):
        system_status.read(data, "Response" if sort == "Response" else "Request", fields)
