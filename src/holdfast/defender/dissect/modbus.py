"""Modbus/TCP (Modbus Messaging on TCP/IP Implementation Guide 1.0b, Modbus Application Protocol 1.1b3), over
TCP and UDP.

The unit that asks is the client. Request and response are paired by their transaction identifier. Key of
requests and responses: (unit, function code, address, quantity); of failures: (unit, function code, exception
code).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from holdfast.defender.dissect import umas
from holdfast.defender.dissect.decoding import bits, fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, REQUEST, RESPONSE, Emit, Fields, Record, Role

NAME: Final = "modbus"
_MAXIMUM_OUTSTANDING: Final = 64
"""Requests that wait for their response; section 4.4.2.1 of the guide speaks of 1 to 16."""
_MAXIMUM_LENGTH: Final = 254
"""Of the MBAP length field: a PDU has at most 253 bytes (section 4.1 of the application protocol)."""
_MAXIMUM_UMAS_LENGTH: Final = 4096

_HEADER: Final[Callable[[bytes, int], tuple[int, int, int, int, int]]] = struct.Struct(">HHHBB").unpack_from
_TWO: Final[Callable[[bytes, int], tuple[int, int]]] = struct.Struct(">HH").unpack_from
_FUNCTION_MEI: Final = 0x2B

FUNCTIONS: Final = {
    0x01: "READ_COILS",
    0x02: "READ_DISCRETE_INPUTS",
    0x03: "READ_HOLDING_REGISTERS",
    0x04: "READ_INPUT_REGISTERS",
    0x05: "WRITE_SINGLE_COIL",
    0x06: "WRITE_SINGLE_REGISTER",
    0x07: "READ_EXCEPTION_STATUS",
    0x08: "DIAGNOSTICS",
    0x09: "PROGRAM_484",
    0x0A: "POLL_484",
    0x0B: "GET_COMM_EVENT_COUNTER",
    0x0C: "GET_COMM_EVENT_LOG",
    0x0D: "PROGRAM_584_984",
    0x0E: "POLL_584_984",
    0x0F: "WRITE_MULTIPLE_COILS",
    0x10: "WRITE_MULTIPLE_REGISTERS",
    0x11: "REPORT_SLAVE_ID",
    0x12: "PROGRAM_884_U84",
    0x13: "RESET_COMM_LINK_884_U84",
    0x14: "READ_FILE_RECORD",
    0x15: "WRITE_FILE_RECORD",
    0x16: "MASK_WRITE_REGISTER",
    0x17: "READ_WRITE_MULTIPLE_REGISTERS",
    0x18: "READ_FIFO_QUEUE",
    0x28: "PROGRAM_CONCEPT",
    0x29: "MULTIPLE_FUNCTION_CODES",
    _FUNCTION_MEI: "ENCAP_INTERFACE_TRANSPORT",
    umas.MODBUS_FUNCTION: "PROGRAM_UNITY",
    0x5B: "OBJECT_MESSAGING",
    0x7D: "FIRMWARE_REPLACEMENT",
    0x7E: "PROGRAM_584_984_2",
    0x7F: "REPORT_LOCAL_ADDRESS",
}
"""Function codes by Zeek's names."""

EXCEPTIONS: Final = {
    0x01: "ILLEGAL_FUNCTION",
    0x02: "ILLEGAL_DATA_ADDRESS",
    0x03: "ILLEGAL_DATA_VALUE",
    0x04: "SLAVE_DEVICE_FAILURE",
    0x05: "ACKNOWLEDGE",
    0x06: "SLAVE_DEVICE_BUSY",
    0x08: "MEMORY_PARITY_ERROR",
    0x0A: "GATEWAY_PATH_UNAVAILABLE",
    0x0B: "GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND",
}
"""Exception codes (section 7 of the application protocol) by Zeek's names."""

DIAGNOSTICS: Final = {
    0x00: "Return Query Data",
    0x01: "Restart Communications Option",
    0x02: "Return Diagnostic Register",
    0x03: "Change ASCII Input Delimiter",
    0x04: "Force Listen Only Mode",
    0x0A: "Clear Counters and Diagnostic Register",
    0x0B: "Return Bus Message Count",
    0x0C: "Return Bus Communication Error Count",
    0x0D: "Return Bus Exception Error Count",
    0x0E: "Return Server Message Count",
    0x0F: "Return Server No Response Count",
    0x10: "Return Server NAK Count",
    0x11: "Return Server Busy Count",
    0x12: "Return Bus Character Overrun Count",
    0x14: "Clear Overrun Counter and Flag",
}
"""Sub-functions of DIAGNOSTICS (section 6.8)."""

IDENTIFICATION_OBJECTS: Final = {
    0: "VendorName",
    1: "ProductCode",
    2: "MajorMinorRevision",
    3: "VendorUrl",
    4: "ProductName",
    5: "ModelName",
    6: "UserApplicationName",
}
"""Objects of MEI type 14, Read Device Identification (section 6.21)."""


class _Shape(NamedTuple):
    kind: str
    key: tuple[int | None, ...]
    problem: str
    """Why the request breaks the specification; empty when it does not."""


_ADDRESSED: Final = frozenset({0x01, 0x02, 0x03, 0x04, 0x0F, 0x10})
_ADDRESSED_ONE: Final = frozenset({0x05, 0x06, 0x16, 0x18})


@lru_cache(maxsize=65_536)
def _request_shape(head: bytes, length: int) -> _Shape:
    """What a request asks; `head` is unit, function and the four bytes behind. Polls repeat, so this is
    remembered."""
    unit, code = head[0], head[1]
    kind = FUNCTIONS.get(code & 0x7F) or f"unknown-{code & 0x7F}"
    if code & 0x80:
        return _Shape(f"{kind}_EXCEPTION", (unit, code, None, None), "")
    if code in _ADDRESSED or code == 0x17:
        if length < 6:
            return _Shape(kind, (unit, code, None, None), "address and quantity are missing")
        address, quantity = _TWO(head, 2)
        exact = 6 if code <= 0x04 else None
        problem = f"{length} bytes, where 6 belong" if exact and length != exact else ""
        return _Shape(kind, (unit, code, address, quantity), problem)
    if code in _ADDRESSED_ONE:
        if length < 4:
            return _Shape(kind, (unit, code, None, None), "the address is missing")
        return _Shape(kind, (unit, code, int.from_bytes(head[2:4], "big"), 1), "")
    return _Shape(kind, (unit, code, None, None), "")


_UNASKED: Final[tuple[None, None]] = (None, None)


class ModbusSession(Session):
    """Every request and response of one connection."""

    __slots__ = ("_outstanding",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._outstanding: dict[int, tuple[Record, _Shape]] = {}

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        to_server = direction.to_server
        while start + 8 <= end:
            transaction, protocol, length, unit, code = _HEADER(data, start)
            stop = start + 6 + length
            if protocol or length < 2 or length > _MAXIMUM_LENGTH:
                self._check_header(protocol, length, code)
            if stop > end:
                return start
            body = data[start + 6 : stop]
            if to_server:
                self._request(body, transaction, frame, time, direction)
            else:
                self._response(body, transaction, unit, code, frame, time, direction)
            start = stop
        return start

    @staticmethod
    def _check_header(protocol: int, length: int, code: int) -> None:
        if protocol:
            raise MalformedError("protocol", f"The protocol identifier is {protocol}; Modbus has 0.", 2)
        if code & 0x7F != umas.MODBUS_FUNCTION or not 2 <= length <= _MAXIMUM_UMAS_LENGTH:
            raise MalformedError("length", f"The length is {length}; 2 to {_MAXIMUM_LENGTH} are allowed.", 4)

    def _request(self, body: bytes, transaction: int, frame: int, time: int, direction: Direction) -> None:
        shape = _request_shape(body[:6], len(body))
        if shape.problem:
            raise MalformedError("request", f"{shape.kind} has {shape.problem}.", 7)
        record = Record(
            frame,
            time,
            direction,
            NAME,
            shape.kind,
            REQUEST,
            shape.key,
            (transaction, body),
            _request_fields,
        )
        self.emit(record)
        outstanding = self._outstanding
        outstanding[transaction] = record, shape
        if len(outstanding) > _MAXIMUM_OUTSTANDING:
            del outstanding[next(iter(outstanding))]
        if body[1] == umas.MODBUS_FUNCTION:
            umas.emit_request(record, body, self.emit)

    def _response(
        self, body: bytes, transaction: int, unit: int, code: int, frame: int, time: int, direction: Direction
    ) -> None:
        request, shape = self._outstanding.pop(transaction, _UNASKED)
        name = FUNCTIONS.get(code & 0x7F) or f"unknown-{code & 0x7F}"
        role: Role = RESPONSE
        key: tuple[int | None, ...] = (unit, code, None, None)
        if code & 0x80:
            if len(body) < 3:
                raise MalformedError("response", "An exception response has no exception code.", 8)
            role, key = FAILURE, (unit, code & 0x7F, body[2])
        elif code <= 0x04 and code and (len(body) < 3 or body[2] != len(body) - 3):
            raise MalformedError("response", f"The byte count of a {name} response does not match.", 8)
        elif shape is not None and shape.key[1] == code:
            key = shape.key
        record = Record(
            frame, time, direction, NAME, name, role, key, (transaction, body), _response_fields, request
        )
        self.emit(record)
        if code == umas.MODBUS_FUNCTION:
            umas.emit_response(record, body, request, self.emit)


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with an MBAP header; off its port the length must fit exactly and the code
    exist."""
    if end - start < 8:
        return False
    _, protocol, length, _, code = _HEADER(data, start)
    if protocol or not 2 <= length <= _MAXIMUM_LENGTH:
        return False
    if expected:
        return True
    return start + 6 + length == end and code & 0x7F in FUNCTIONS and length >= 3


def _registers(reader: Reader, octets: int) -> list[int]:
    count = octets // 2
    return list(struct.unpack(f">{count}H", reader.take(count * 2)))


def _addressed(reader: Reader, fields: Fields) -> None:
    fields["address"], fields["quantity"] = reader.u16(), reader.u16()


def _write_single(reader: Reader, fields: Fields) -> None:
    fields["address"], fields["quantity"] = reader.u16(), 1
    value = reader.u16()
    coil = fields["func"] == FUNCTIONS[0x05]
    fields["request_values"] = [int(value == 0xFF00) if coil else value]


def _write_multiple_coils(reader: Reader, fields: Fields) -> None:
    _addressed(reader, fields)
    fields["request_values"] = bits(reader.take(reader.u8()), fields["quantity"])


def _write_multiple_registers(reader: Reader, fields: Fields) -> None:
    _addressed(reader, fields)
    fields["request_values"] = _registers(reader, reader.u8())


def _diagnostics(reader: Reader, fields: Fields) -> None:
    code = reader.u16()
    fields["subfunction_code"] = code
    fields["request_subfunction_code"] = DIAGNOSTICS.get(code, f"unknown-{code}")
    fields["request_data"] = reader.rest().hex()


def _mask_write(reader: Reader, fields: Fields) -> None:
    fields["address"], fields["and_mask"], fields["or_mask"] = reader.u16(), reader.u16(), reader.u16()


def _read_write_multiple(reader: Reader, fields: Fields) -> None:
    fields["read_start_address"], fields["read_quantity"] = reader.u16(), reader.u16()
    fields["write_start_address"], fields["write_quantity"] = reader.u16(), reader.u16()
    fields["write_registers"] = _registers(reader, reader.u8())


def _file_references(reader: Reader, fields: Fields) -> None:
    """Sub-requests of READ_FILE_RECORD (section 6.14): type 6, file, record, length."""
    references = reader.within(reader.u8())
    fields["records"] = found = []
    while references.left:
        references.u8()
        found.append({"file": references.u16(), "record": references.u16(), "length": references.u16()})
    fields["quantity"] = len(found)


def _file_records(reader: Reader, fields: Fields) -> None:
    """Sub-requests of WRITE_FILE_RECORD (section 6.15), which carry their registers."""
    records = reader.within(reader.u8())
    fields["records"] = found = []
    while records.left:
        records.u8()
        file, number, length = records.u16(), records.u16(), records.u16()
        found.append(
            {"file": file, "record": number, "length": length, "values": _registers(records, length * 2)}
        )
    fields["quantity"] = len(found)


def _encapsulated(reader: Reader, fields: Fields) -> None:
    mei = reader.u8()
    fields["mei_type"] = "Read Device Identification" if mei == 14 else f"unknown-{mei}"
    if mei == 14 and reader.left >= 2:
        fields["device_id_code"], fields["object_id_code"] = reader.u8(), reader.u8()
    else:
        fields["request_data"] = reader.rest().hex()


def _read_fifo(reader: Reader, fields: Fields) -> None:
    fields["address"] = reader.u16()


_Part = Callable[[Reader, Fields], None]

_REQUESTS: Final[dict[int, _Part]] = {
    **dict.fromkeys((0x01, 0x02, 0x03, 0x04), _addressed),
    0x05: _write_single,
    0x06: _write_single,
    0x08: _diagnostics,
    0x0F: _write_multiple_coils,
    0x10: _write_multiple_registers,
    0x14: _file_references,
    0x15: _file_records,
    0x16: _mask_write,
    0x17: _read_write_multiple,
    0x18: _read_fifo,
    _FUNCTION_MEI: _encapsulated,
}


@fields_of
def _request_fields(record: Record, fields: Fields) -> None:
    transaction, body = record.body
    fields |= {"tid": transaction, "unit": body[0], "func": record.kind, "request_response": "REQUEST"}
    part = _REQUESTS.get(body[1])
    if part is not None:
        part(Reader(body, 2), fields)
    elif len(body) > 2:
        fields["request_data"] = body[2:].hex()


def _read_bits(reader: Reader, fields: Fields) -> None:
    octets = reader.take(reader.u8())
    fields["response_values"] = bits(octets, fields.get("quantity", len(octets) * 8))


def _read_registers(reader: Reader, fields: Fields) -> None:
    fields["response_values"] = _registers(reader, reader.u8())


def _exception_status(reader: Reader, fields: Fields) -> None:
    fields["response_values"] = [reader.u8()]


def _diagnostics_answer(reader: Reader, fields: Fields) -> None:
    code = reader.u16()
    fields["subfunction_code"] = code
    fields["response_subfunction_code"] = DIAGNOSTICS.get(code, f"unknown-{code}")
    fields["response_data"] = reader.rest().hex()


def _server_id(reader: Reader, fields: Fields) -> None:
    octets = reader.take(reader.u8())
    fields["server_id"], fields["response_data"] = text(octets), octets.hex()


def _written_single(reader: Reader, fields: Fields) -> None:
    fields["address"], fields["quantity"] = reader.u16(), 1
    value = reader.u16()
    fields["response_values"] = [int(value == 0xFF00) if fields["func"] == FUNCTIONS[0x05] else value]


def _read_write_answer(reader: Reader, fields: Fields) -> None:
    fields["read_registers"] = _registers(reader, reader.u8())


def _fifo_answer(reader: Reader, fields: Fields) -> None:
    reader.u16()
    count = reader.u16()
    fields["quantity"], fields["response_values"] = count, _registers(reader, count * 2)


def _encapsulated_answer(reader: Reader, fields: Fields) -> None:
    """Section 6.21: conformity, whether more follows, and objects by number."""
    mei = reader.u8()
    fields["mei_type"] = "Read Device Identification" if mei == 14 else f"unknown-{mei}"
    if mei != 14:
        fields["response_data"] = reader.rest().hex()
        return
    fields["device_id_code"], fields["conformity_level_code"] = reader.u8(), reader.u8()
    reader.skip(2)
    fields["objects"] = objects = {}
    for _ in range(reader.u8()):
        number = reader.u8()
        objects[IDENTIFICATION_OBJECTS.get(number, f"Object-{number}")] = text(reader.take(reader.u8()))


_RESPONSES: Final[dict[int, _Part]] = {
    0x01: _read_bits,
    0x02: _read_bits,
    0x03: _read_registers,
    0x04: _read_registers,
    0x05: _written_single,
    0x06: _written_single,
    0x07: _exception_status,
    0x08: _diagnostics_answer,
    0x0F: _addressed,
    0x10: _addressed,
    0x11: _server_id,
    0x16: _mask_write,
    0x17: _read_write_answer,
    0x18: _fifo_answer,
    _FUNCTION_MEI: _encapsulated_answer,
}

_OF_REQUEST: Final = ("address", "quantity", "request_values", "request_subfunction_code", "request_data")
"""What a response repeats of its request, as ICSNPP's paired rows do."""


@fields_of
def _response_fields(record: Record, fields: Fields) -> None:
    transaction, body = record.body
    code = body[1]
    fields |= {"tid": transaction, "unit": body[0], "func": record.kind, "request_response": "RESPONSE"}
    fields["matched"] = record.request is not None
    if record.request is not None:
        asked = record.request.fields
        fields |= {name: asked[name] for name in _OF_REQUEST if name in asked}
    if code & 0x80:
        fields["exception_code"] = EXCEPTIONS.get(body[2], f"unknown-{body[2]}")
    elif code in _RESPONSES:
        _RESPONSES[code](Reader(body, 2), fields)
    elif len(body) > 2:
        fields["response_data"] = body[2:].hex()


DISSECTOR: Dissector = Dissector(
    name=NAME,
    session=ModbusSession,
    recognize=recognize,
    tcp=(502,),
    udp=(502,),
    over=("tcp", "udp"),
    records=(umas.NAME,),
)
