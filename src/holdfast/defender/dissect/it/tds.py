"""TDS, the protocol of Microsoft SQL Server ([MS-TDS]). Keys: (kind, database and user of sign-ins or first
words of batches); failures have the error number behind."""

from __future__ import annotations

import struct
from typing import Final

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

NAME: Final = "tds"
TYPES: Final = {
    1: ("SQL batch", Role.REQUEST),
    2: ("Pre-TDS7 login", Role.REQUEST),
    3: ("RPC", Role.REQUEST),
    4: ("Result", Role.RESPONSE),
    6: ("Attention", Role.NOTICE),
    7: ("Bulk load", Role.REQUEST),
    8: ("Federated token", Role.REQUEST),
    14: ("Transaction", Role.REQUEST),
    16: ("Login7", Role.REQUEST),
    17: ("SSPI", Role.REQUEST),
    18: ("Pre-login", Role.REQUEST),
}
_BATCH, _RPC, _RESULT, _LOGIN, _PRE_LOGIN = 1, 3, 4, 16, 18
_HEADER: Final = struct.Struct(">BBHHBB").unpack_from
_HEADER_LENGTH: Final = 8
_END_OF_MESSAGE: Final = 1
_MAXIMUM_LENGTH: Final = 32_767
_MAXIMUM_MESSAGE: Final = 256 * 1024
_ERROR, _INFO, _LOGIN_ACKNOWLEDGED, _ENVIRONMENT = 0xAA, 0xAB, 0xAD, 0xE3
_LOGIN_NAMES: Final = (
    "hostname",
    "username",
    "password",
    "appname",
    "servername",
    "",
    "library",
    "language",
    "database",
)
_SHOWN: Final = 512


class TdsSession(Session):
    """The messages of one connection."""

    __slots__ = ("_asked", "_parts")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._parts = [b"", b""]
        self._asked: Record | None = None

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        side = direction.to_server
        while start + _HEADER_LENGTH <= end:
            kind, status, length, _, _, _ = _HEADER(data, start)
            if kind not in TYPES or not _HEADER_LENGTH <= length <= _MAXIMUM_LENGTH:
                raise MalformedError("header", f"A packet has the type {kind} and {length} bytes.")
            stop = start + length
            if stop > end:
                return start
            part = data[start + _HEADER_LENGTH : stop]
            start = stop
            if len(self._parts[side]) < _MAXIMUM_MESSAGE:
                self._parts[side] += part
            if status & _END_OF_MESSAGE:
                message, self._parts[side] = self._parts[side], b""
                self._message(kind, message, frame, time, direction)
        return start

    def gap(self, direction: Direction, missing: int) -> None:
        """See `Session.gap`."""
        self._parts[direction.to_server] = b""

    def _message(self, number: int, message: bytes, frame: int, time: int, direction: Direction) -> None:
        kind, role = TYPES[number]
        key: tuple[object, ...] = (kind, *_about(number, message))
        request = None
        if not direction.to_server:
            request, self._asked = self._asked, None
            error = _first_error(message)
            role = Role.RESPONSE
            if error:
                role, key = Role.FAILURE, (kind, error)
        record = Record(frame, time, direction, NAME, kind, role, key, (number, message), _fields, request)
        self.emit(record)
        if direction.to_server:
            self._asked = record


def _about(number: int, message: bytes) -> tuple[object, ...]:
    if number == _LOGIN:
        login = _login(message)
        return login.get("database"), login.get("username")
    if number == _BATCH:
        return (" ".join(_batch_text(message).split()[:2]).upper(),)
    return ()


def _batch_text(message: bytes) -> str:
    """Behind the headers of version 7.2 and later, whose total length stands in front."""
    start = int.from_bytes(message[:4], "little") if len(message) >= 4 else 0
    start = start if 4 <= start <= min(len(message), 512) else 0
    return message[start : start + 2 * _SHOWN].decode("utf-16-le", "replace")


def _login(message: bytes) -> Fields:
    """Offsets and lengths of strings behind 36 bytes of fixed fields (section 2.2.6.4)."""
    reader = Reader(message, 4)
    login: Fields = {"tds_version": f"0x{reader.u32_little():08x}"}
    reader.skip(28)
    for name in _LOGIN_NAMES:
        offset, length = reader.u16_little(), reader.u16_little()
        octets = message[offset : offset + 2 * length]
        if name == "password":
            login["password_length"] = length
        elif name:
            login[name] = octets.decode("utf-16-le", "replace")
    return login


def _first_error(message: bytes) -> int:
    """The number of an error token, which failures begin with; 0 without one."""
    position = 0
    while position + 3 <= len(message) and message[position] in (
        _ERROR,
        _INFO,
        _ENVIRONMENT,
        _LOGIN_ACKNOWLEDGED,
    ):
        if message[position] == _ERROR:
            return int.from_bytes(message[position + 3 : position + 7], "little")
        position += 3 + (message[position + 1] | message[position + 2] << 8)
    return 0


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a Pre-login or Login7 packet; on its port with any."""
    if end - start < _HEADER_LENGTH:
        return False
    kind, status, length, _, _, window = _HEADER(data, start)
    if kind not in TYPES or status > 0x1F or window or not _HEADER_LENGTH < length <= _MAXIMUM_LENGTH:
        return False
    return expected or (kind in (_LOGIN, _PRE_LOGIN) and start + length == end)


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    number, message = record.body
    fields |= {"command": record.kind, "length": len(message)}
    if number == _LOGIN:
        fields |= _login(message)
    elif number == _BATCH:
        fields["statement"] = _batch_text(message)
    elif number == _RPC and len(message) >= 4:
        _procedure(message, fields)
    elif number == _RESULT:
        _tokens(Reader(message), fields)


def _procedure(message: bytes, fields: Fields) -> None:
    start = int.from_bytes(message[:4], "little")
    reader = Reader(message, start if 4 <= start <= min(len(message), 512) else 0)
    length = reader.u16_little()
    if length == 0xFFFF:
        fields["procedure"] = f"#{reader.u16_little()}"
    else:
        fields["procedure"] = reader.take(2 * length).decode("utf-16-le", "replace")


def _tokens(reader: Reader, fields: Fields) -> None:
    """Errors, notices and the answer to a sign-in, as far as they stand at the beginning."""
    while reader.left >= 3:
        token = reader.u8()
        if token not in (_ERROR, _INFO, _ENVIRONMENT, _LOGIN_ACKNOWLEDGED):
            return
        body = reader.within(reader.u16_little())
        if token == _ERROR:
            fields["error_number"], fields["error_state"] = body.u32_little(), body.u8()
            fields["error_class"] = body.u8()
            fields["error_message"] = body.take(2 * body.u16_little()).decode("utf-16-le", "replace")
        elif token == _LOGIN_ACKNOWLEDGED:
            body.skip(5)
            fields["program"] = body.take(2 * body.u8()).decode("utf-16-le", "replace").rstrip("\0")
            fields["program_version"] = ".".join(map(str, body.take(4)))


DISSECTOR: Dissector = Dissector(
    name=NAME, session=TdsSession, recognize=recognize, tcp=(1433,), over=("tcp",)
)
