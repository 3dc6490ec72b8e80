"""HART-IP messages: one record a message.

Key: (message identifier, commands carried); failures have the status and response codes behind.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.hart.commands import (
    DEVICE_STATUS,
    EXTENDED_STATUS,
    command_name,
    flags,
    read_command,
)
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record

NAME: Final = "hart_ip"
_HEADER: Final[Callable[[bytes, int], tuple[int, int, int, int, int, int]]] = struct.Struct(
    ">BBBBHH"
).unpack_from
_HEADER_LENGTH: Final = 8
_MAXIMUM_LENGTH: Final = 16 * 1024
_MAXIMUM_OUTSTANDING: Final = 64
_MAXIMUM_COMMANDS: Final = 256

MESSAGE_TYPES: Final = {0: "Request", 1: "Response", 2: "Publish", 15: "Negative Acknowledge"}
_REQUEST: Final = 0
_RESPONSE: Final = 1
_NEGATIVE: Final = 15
_ROLES: Final = {_REQUEST: REQUEST, _RESPONSE: RESPONSE, _NEGATIVE: FAILURE}
MESSAGES: Final = {
    0: "Session Initiate",
    1: "Session Close",
    2: "Keep Alive",
    3: "Token Passing PDU",
    4: "Direct PDU",
    5: "Read Audit Log",
}
_SESSION_INITIATE: Final = 0
_TOKEN_PASSING: Final = 3
_DIRECT: Final = 4
_AUDIT_LOG: Final = 5
STATUSES: Final = {
    0: "Success",
    2: "Invalid Selection",
    5: "Too Few Data Bytes Received",
    6: "Device-Specific Command Error",
    8: "Set to Nearest Possible Value Warning",
    14: "Dynamic Variables Returned For All Device Variables",
    15: "All Available Sessions In Use",
    16: "Access Restricted",
}
_PHYSICAL_LAYERS: Final = {0: "Asynchronous", 1: "Synchronous"}
_FRAMES: Final = {1: "Publish BACK", 2: "STX Master to Field", 6: "Acknowledgement Field to Master"}
_SERVER_STATUS: Final = (
    "unable_to_locate_syslog_server",
    "syslog_server_located_but_connection_failed",
    "insecure_syslog_connection",
)
_SESSION_STATUS: Final = (
    "writes_occured",
    "bad_session_initialization",
    "aborted_session",
    "session_timeout",
    "insecure_session",
)
_WARNINGS: Final = frozenset({8, 14, 24, 25, 26, 27, 30, 31, 112, 113, 114, 115, 116, 117, 118, 119})
"""Response codes that say how, not that a command failed (HCF_SPEC-307)."""


class HartSession(Session):
    """The messages of one connection."""

    __slots__ = ("_asked",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._asked: dict[int, Record] = {}

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        while start + _HEADER_LENGTH <= end:
            _, sort, identifier, status, sequence, length = _HEADER(data, start)
            if not _HEADER_LENGTH <= length <= _MAXIMUM_LENGTH:
                raise MalformedError("length", f"The message length is {length}.", 6)
            if start + length > end:
                return start
            body = data[start : start + length]
            start += length
            sort &= 15
            commands = _commands(body, identifier, sort)
            role = _ROLES.get(sort, NOTICE)
            request = self._asked.pop(sequence, None) if sort in (_RESPONSE, _NEGATIVE) else None
            key: tuple[object, ...] = (identifier, *[number for number, _, _ in commands])
            failed = [code for _, code, _ in commands if code and code not in _WARNINGS]
            if role is RESPONSE and (status not in (0, 8) or failed):
                role = FAILURE
            if role is FAILURE:
                key = (*key, status, tuple(failed))
            kind = MESSAGES.get(identifier) or f"unknown-0x{identifier:x}"
            record = Record(frame, time, direction, NAME, kind, role, key, (body, commands), _fields, request)
            self.emit(record)
            if sort == _REQUEST:
                self._asked[sequence] = record
                if len(self._asked) > _MAXIMUM_OUTSTANDING:
                    del self._asked[next(iter(self._asked))]
        return start


def _commands(body: bytes, identifier: int, sort: int) -> list[tuple[int, int, bytes]]:
    """Number, response code and data of each command; the code of a request is 0."""
    if sort not in (_REQUEST, _RESPONSE):
        return []
    if identifier == _TOKEN_PASSING:
        return [_token_passing(body, sort)]
    if identifier == _DIRECT:
        return _direct(Reader(body, _HEADER_LENGTH), sort)
    return []


def _token_passing(body: bytes, sort: int) -> tuple[int, int, bytes]:
    """Indexes by hand: nearly all messages are of this kind."""
    try:
        delimiter = body[_HEADER_LENGTH]
        start = _HEADER_LENGTH + (6 if delimiter & 0x80 else 2) + (delimiter >> 5 & 3)
        number, count = body[start], body[start + 1]
    except IndexError:
        raise MalformedError(TRUNCATED, "A token-passing PDU is cut.", len(body)) from None
    data = body[start + 2 : start + 2 + count]
    if len(data) < count:
        raise MalformedError(TRUNCATED, f"{count} bytes of data are announced, {len(data)} are there.", start)
    if sort == _RESPONSE and count >= 2:
        return number, data[0], data[2:]
    return number, 0, data


def _direct(reader: Reader, sort: int) -> list[tuple[int, int, bytes]]:
    """Device and extended status, then commands with 16-bit numbers (HCF_SPEC-085, section 11)."""
    reader.skip(2)
    found: list[tuple[int, int, bytes]] = []
    while reader.left and len(found) < _MAXIMUM_COMMANDS:
        number = reader.u16()
        data = reader.within(reader.u8())
        code = data.u8() if sort == _RESPONSE and data.left else 0
        found.append((number, code, data.rest()))
    return found


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a message header; off its port of exactly this length."""
    if end - start < _HEADER_LENGTH:
        return False
    version, sort, identifier, status, _, length = _HEADER(data, start)
    known = (
        version in (1, 2) and sort in MESSAGE_TYPES and identifier in MESSAGES and length >= _HEADER_LENGTH
    )
    if not known or length > _MAXIMUM_LENGTH:
        return False
    return expected or (start + length == end and version == 1 and status in STATUSES)


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    body, commands = record.body
    version, sort, identifier, status, sequence, length = _HEADER(body, 0)
    fields |= {
        "header_version": version,
        "header_message_type_reserved": sort >> 4,
        "header_message_type_message_type": MESSAGE_TYPES.get(sort & 15, f"unknown-0x{sort & 15:x}"),
        "header_message_id": record.kind,
        "header_status_code": STATUSES.get(status, f"unknown-0x{status:x}"),
        "header_sequence_number": sequence,
        "header_length": length,
    }
    response = sort & 15 == _RESPONSE
    reader = Reader(body, _HEADER_LENGTH)
    if sort & 15 not in (_REQUEST, _RESPONSE):
        fields["message_packet_bytes"] = list(reader.rest())
    elif identifier == _SESSION_INITIATE and reader.left >= 5:
        fields["session_initiate_master_type"] = reader.u8()
        fields["session_initiate_inactivity_close_timer"] = reader.u32()
    elif identifier == _TOKEN_PASSING:
        _token_fields(reader, response, fields)
    elif identifier == _DIRECT:
        flags(reader.u8(), DEVICE_STATUS, "direct_pdu_device_status", fields)
        flags(reader.u8(), EXTENDED_STATUS, "direct_pdu_extended_status", fields)
        fields["commands"] = [_direct_fields(command, response) for command in commands]
    elif identifier == _AUDIT_LOG:
        _audit_log(reader, response, fields)
    if identifier == _TOKEN_PASSING:
        for number, _, data in commands:
            read_command(number, response, data, fields)


def _token_fields(reader: Reader, response: bool, fields: Fields) -> None:
    prefix = "token_passing_pdu"
    delimiter = reader.u8()
    long_address = delimiter & 0x80
    fields[f"{prefix}_delimiter_address_type"] = "Unique Address" if long_address else "Polling Address"
    fields[f"{prefix}_delimiter_expansion_bytes"] = delimiter >> 5 & 3
    layer, frame = delimiter >> 3 & 3, delimiter & 7
    fields[f"{prefix}_delimiter_physical_layer_type"] = _PHYSICAL_LAYERS.get(layer, f"unknown-0x{layer:x}")
    fields[f"{prefix}_delimiter_frame_type"] = _FRAMES.get(frame, f"unknown-0x{frame:x}")
    if long_address:
        fields[f"{prefix}_address_v6"] = reader.take(5).hex()
    else:
        fields[f"{prefix}_address_v4"] = reader.u8()
    reader.skip(delimiter >> 5 & 3)
    fields[f"{prefix}_command_number"] = command_name(reader.u8())
    count = reader.u8()
    fields[f"{prefix}_byte_count"] = count
    data = reader.within(count)
    if response and data.left >= 2:
        fields[f"{prefix}_contents_response_response_code"] = data.u8()
        flags(data.u8(), DEVICE_STATUS, f"{prefix}_contents_response_device_status", fields)
    fields[f"{prefix}_check_byte"] = reader.u8()


def _direct_fields(command: tuple[int, int, bytes], response: bool) -> Fields:
    number, code, data = command
    entry: Fields = {
        "direct_pdu_command_command_number": command_name(number),
        "direct_pdu_command_byte_count": len(data) + response,
        "direct_pdu_contents_response_response_code": code if response else None,
    }
    entry["data"] = data.hex()
    read_command(number, response, data, entry)
    return entry


def _audit_log(reader: Reader, response: bool, fields: Fields) -> None:
    prefix = "read_audit_log"
    if reader.left < 2:
        return
    fields[f"{prefix}_start_record"], fields[f"{prefix}_number_of_records"] = reader.u8(), reader.u8()
    if not response or reader.left < 20:
        return
    fields[f"{prefix}_power_up_time"] = reader.unsigned(8)
    fields[f"{prefix}_last_security_change"] = reader.unsigned(8)
    flags(reader.u16(), _SERVER_STATUS, f"{prefix}_server_status", fields)
    fields[f"{prefix}_session_record_size"] = size = reader.u16()
    records: list[Fields] = []
    fields["session_records"] = records
    while size >= 50 and reader.left >= size and len(records) < _MAXIMUM_COMMANDS:
        records.append(_session_record(reader.within(size)))


def _session_record(reader: Reader) -> Fields:
    prefix = "session_log_record"
    fields: Fields = {
        f"{prefix}_client_i_pv4_address": ip_text(reader.take(4)),
        f"{prefix}_client_i_pv6_address": ip_text(reader.take(16)),
        f"{prefix}_client_port": reader.u16(),
        f"{prefix}_server_port": reader.u16(),
        f"{prefix}_connect_time": reader.unsigned(8),
        f"{prefix}_disconnect_time": reader.unsigned(8),
    }
    flags(reader.u16(), _SESSION_STATUS, f"{prefix}_session_status_summary", fields)
    for name in ("start", "end"):
        fields[f"{prefix}_{name}_configuration_change_count"] = reader.u16()
    for name in ("publish", "request", "response"):
        fields[f"{prefix}_num_{name}_pdu"] = reader.u32() if reader.left else None
    return fields


DISSECTOR: Dissector = Dissector(
    name=NAME, session=HartSession, recognize=recognize, tcp=(5094,), udp=(5094,), over=("tcp", "udp")
)
