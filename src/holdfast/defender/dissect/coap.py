"""CoAP over UDP (RFC 7252): one record a message.

Keys: of requests and their responses (method, path), failures with the response code behind; of empty
messages (type,).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record

NAME: Final = "coap"
TYPES: Final = ("CON", "NON", "ACK", "RST")
METHODS: Final = {1: "GET", 2: "POST", 3: "PUT", 4: "DELETE", 5: "FETCH", 6: "PATCH", 7: "iPATCH"}
_CLIENT_ERROR: Final = 4
_PAYLOAD_MARKER: Final = 0xFF
_MAXIMUM_OUTSTANDING: Final = 64
_MAXIMUM_OPTIONS: Final = 64

_URI_HOST, _OBSERVE, _URI_PORT, _LOCATION, _URI_PATH, _CONTENT_FORMAT = 3, 6, 7, 8, 11, 12
_URI_QUERY, _ACCEPT, _BLOCK2, _BLOCK1, _PROXY_URI = 15, 17, 23, 27, 35
_NUMBERS: Final = {
    _OBSERVE: "observe",
    _URI_PORT: "uri_port",
    _CONTENT_FORMAT: "content_format",
    _ACCEPT: "accept",
}
_TEXTS: Final = {_URI_HOST: "uri_host", _PROXY_URI: "proxy_uri"}


class _Message(NamedTuple):
    kind: int
    code: int
    identifier: int
    token: bytes
    options: list[tuple[int, bytes]]
    payload: bytes

    @property
    def path(self) -> str:
        return "/" + "/".join(text(value) for number, value in self.options if number == _URI_PATH)


def _read_message(data: bytes, start: int, end: int) -> _Message:
    """Section 3. Raises `MalformedError`."""
    reader = Reader(data, start, end)
    first, code = reader.u8(), reader.u8()
    if first >> 6 != 1:
        raise MalformedError("version", f"The CoAP version is {first >> 6}.")
    if first & 15 > 8:
        raise MalformedError("token", f"The token length is {first & 15}.")
    identifier, token = reader.u16(), reader.take(first & 15)
    options: list[tuple[int, bytes]] = []
    number = 0
    while reader.left and len(options) < _MAXIMUM_OPTIONS:
        octet = reader.u8()
        if octet == _PAYLOAD_MARKER:
            if not reader.left:
                raise MalformedError(TRUNCATED, "A payload marker has no payload behind it.", reader.position)
            break
        number += _extended(reader, octet >> 4)
        options.append((number, reader.take(_extended(reader, octet & 15))))
    return _Message(first >> 4 & 3, code, identifier, token, options, reader.rest())


def _extended(reader: Reader, nibble: int) -> int:
    if nibble == 13:
        return reader.u8() + 13
    if nibble == 14:
        return reader.u16() + 269
    if nibble == 15:
        raise MalformedError("option", "An option has the reserved length 15.", reader.position)
    return nibble


class CoapSession(Session):
    """The messages between two ports; either side may ask."""

    __slots__ = ("_asked",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._asked: dict[tuple[bool, bytes], tuple[Record, tuple[object, ...]]] = {}

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        message = _read_message(data, start, end)
        code = message.code
        if code == 0:
            kind, role = f"Empty {TYPES[message.kind]}", NOTICE
            if message.kind == 3:
                kind, role = "Reset", FAILURE
            self.emit(Record(frame, time, direction, NAME, kind, role, (kind,), message, _fields))
            return end
        if code < 32:
            method = METHODS.get(code, f"0.{code:02d}")
            key: tuple[object, ...] = (method, message.path)
            record = Record(frame, time, direction, NAME, method, REQUEST, key, message, _fields)
            self._asked[direction.to_server, message.token] = record, key
            if len(self._asked) > _MAXIMUM_OUTSTANDING:
                del self._asked[next(iter(self._asked))]
            self.emit(record)
            return end
        request, key = self._asked.get((not direction.to_server, message.token), (None, (None, None)))
        name = f"{code >> 5}.{code & 31:02d}"
        role = FAILURE if code >> 5 >= _CLIENT_ERROR else RESPONSE
        if role is FAILURE:
            key = (*key, name)
        self.emit(Record(frame, time, direction, NAME, name, role, key, message, _fields, request))
        return end


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload is a well-formed message; off its port a request with a path or a plausible
    response."""
    if end - start < 4 or data[start] >> 6 != 1:
        return False
    try:
        message = _read_message(data, start, end)
    except MalformedError:
        return False
    if expected:
        return True
    numbers = {number for number, _ in message.options}
    return message.code in METHODS and _URI_PATH in numbers and max(numbers) < 300


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    message: _Message = record.body
    code = message.code
    fields |= {
        "type": TYPES[message.kind],
        "code": f"{code >> 5}.{code & 31:02d}",
        "message_id": message.identifier,
        "token": message.token.hex(),
    }
    if code in METHODS:
        fields["method"], fields["uri_path"] = METHODS[code], message.path
    queries = [text(value) for number, value in message.options if number == _URI_QUERY]
    if queries:
        fields["uri_query"] = queries
    for number, value in message.options:
        if number in _NUMBERS:
            fields[_NUMBERS[number]] = int.from_bytes(value, "big")
        elif number in _TEXTS:
            fields[_TEXTS[number]] = text(value)
        elif number in (_BLOCK1, _BLOCK2):
            block = int.from_bytes(value, "big")
            fields["block1" if number == _BLOCK1 else "block2"] = (
                f"{block >> 4}/{block >> 3 & 1}/{16 << (block & 7)}"
            )
    fields["payload_len"] = len(message.payload)


DISSECTOR: Dissector = Dissector(
    name=NAME, session=CoapSession, recognize=recognize, udp=(5683,), over=("udp",)
)
