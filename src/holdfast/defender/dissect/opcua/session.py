"""OPC UA connection protocol and secure conversation (OPC 10000-6, sections 6.7 and 7.1): one record a
message chunk.

Keys: of services and their answers (service, nodes named by the request), failures with the status code
behind; of events, which get a record each, (kind, severity); of other messages (message type,).
"""

from __future__ import annotations

import contextlib
import struct
from functools import lru_cache
from typing import Final

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.opcua import events, headers, services
from holdfast.defender.dissect.opcua.status import status_name
from holdfast.defender.dissect.opcua.types import byte_string, node_id, string
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.dissect.tables import names
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record

NAME: Final = "opcua"
_HEADER: Final = struct.Struct("<3s1sI").unpack_from
_HEADER_LENGTH: Final = 8
_MAXIMUM_CHUNK: Final = 16 * 1024 * 1024
_MAXIMUM_KEPT: Final = 128 * 1024
"""Longer chunks are passed over without being held in memory: their head is enough for a record."""
_MAXIMUM_MESSAGE: Final = 1024 * 1024
_MAXIMUM_OUTSTANDING: Final = 256
_CHUNKS: Final = frozenset(b"FCA")
_HELLO, _ACKNOWLEDGE, _ERROR, _REVERSE_HELLO = b"HEL", b"ACK", b"ERR", b"RHE"
_OPEN, _CLOSE, _MESSAGE = b"OPN", b"CLO", b"MSG"
_PLAIN: Final = {
    _HELLO: ("Hello", REQUEST),
    _ACKNOWLEDGE: ("Acknowledge", RESPONSE),
    _ERROR: ("Error", FAILURE),
    _REVERSE_HELLO: ("ReverseHello", NOTICE),
}
_SECURED: Final = frozenset({_OPEN, _CLOSE, _MESSAGE})
_SERVICE_FAULT: Final = 397
_BAD: Final = 0x8000_0000
_EVENT: Final = "EventNotification"


class OpcUaSession(Session):
    """The chunks of one connection."""

    __slots__ = ("_asked", "_parts", "_selected", "_skip")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._asked: dict[int, tuple[Record, tuple[str, ...]]] = {}
        self._parts: dict[tuple[bool, int], bytes] = {}
        self._selected: dict[int, list[str]] = {}
        """By client handle, the fields of events that the client wants."""
        self._skip = [0, 0]
        """Bytes of a long chunk that are still to be passed over, by direction."""

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        side = direction.to_server
        if self._skip[side]:
            passed = min(self._skip[side], end - start)
            self._skip[side] -= passed
            start += passed
        while start + _HEADER_LENGTH <= end:
            kind, chunk, size = _HEADER(data, start)
            if chunk[0] not in _CHUNKS or (kind not in _PLAIN and kind not in _SECURED):
                raise MalformedError("type", f"The message type {kind!r} does not exist.")
            if not _HEADER_LENGTH <= size <= _MAXIMUM_CHUNK:
                raise MalformedError("length", f"The message size is {size}.", 4)
            stop = start + size
            if stop > end:
                if size <= _MAXIMUM_KEPT:
                    return start
                self._skip[side], stop = stop - end, end
            self._chunk(kind, chunk, data[start:stop], frame, time, direction)
            start = stop
        return start

    def gap(self, direction: Direction, missing: int) -> None:
        """See `Session.gap`."""
        self._skip[direction.to_server] = max(self._skip[direction.to_server] - missing, 0)
        self._parts.clear()

    def _chunk(
        self, kind: bytes, chunk: bytes, body: bytes, frame: int, time: int, direction: Direction
    ) -> None:
        if kind in _PLAIN:
            name, role = _PLAIN[kind]
            self.emit(Record(frame, time, direction, NAME, name, role, (name,), body, _plain_fields))
            return
        reader = Reader(body, _HEADER_LENGTH)
        _security(kind, reader, {})
        sequence, request = reader.u32_little(), reader.u32_little()
        content = reader.rest()
        place = (direction.to_server, request)
        if chunk == b"A":
            self._parts.pop(place, None)
        elif chunk == b"C" or place in self._parts:
            content = self._parts.pop(place, b"") + content
            if chunk == b"C":
                self._keep_part(place, content)
        if chunk != b"F":
            name = "Abort" if chunk == b"A" else "Chunk"
            whole = (body, sequence, request, b"", "")
            self.emit(Record(frame, time, direction, NAME, name, NOTICE, (name,), whole, _service_fields))
            return
        self._service((body, sequence, request), content, frame, time, direction)

    def _keep_part(self, place: tuple[bool, int], content: bytes) -> None:
        if len(content) <= _MAXIMUM_MESSAGE and len(self._parts) < _MAXIMUM_OUTSTANDING:
            self._parts[place] = content

    def _service(
        self, head: tuple[bytes, int, int], content: bytes, frame: int, time: int, direction: Direction
    ) -> None:
        name, parameters = _service_of(content)
        request = head[2]
        whole = (*head, parameters, name)
        if name.endswith("Request"):
            kind = name[: -len("Request")]
            nodes = _nodes(kind, parameters)
            key = (kind, *nodes)
            record = Record(frame, time, direction, NAME, kind, REQUEST, key, whole, _service_fields)
            self.emit(record)
            if kind == "CreateMonitoredItems":
                self._select(parameters)
            self._asked[request] = record, nodes
            if len(self._asked) > _MAXIMUM_OUTSTANDING:
                del self._asked[next(iter(self._asked))]
            return
        asked, nodes = self._asked.pop(request, (None, ()))
        kind = name[: -len("Response")] if name.endswith("Response") else (asked.kind if asked else name)
        role, key = RESPONSE, (kind, *nodes)
        if not name or name == "Encrypted":
            role, kind, key = NOTICE, "Encrypted", ("Encrypted",)
        elif headers.service_result(parameters) & _BAD:
            role = FAILURE
            key = (*key, status_name(headers.service_result(parameters)))
        self.emit(Record(frame, time, direction, NAME, kind, role, key, whole, _service_fields, asked))
        if events.EVENT_NOTIFICATIONS in parameters and name == "PublishResponse":
            self._events(parameters, frame, time, direction)

    def _select(self, parameters: bytes) -> None:
        with contextlib.suppress(MalformedError):
            self._selected |= services.selections(headers.skip_request_header(parameters))
        if len(self._selected) > _MAXIMUM_OUTSTANDING:
            self._selected.clear()

    def _events(self, parameters: bytes, frame: int, time: int, direction: Direction) -> None:
        """A record for each event that a server reports."""
        reader = Reader(parameters)
        with contextlib.suppress(MalformedError):
            headers.response_header(reader, {})
            for event in events.read_events(reader, self._selected):
                key = (_EVENT, event.get("severity"))
                self.emit(Record(frame, time, direction, NAME, _EVENT, NOTICE, key, event, _event_fields))


def _nodes(kind: str, parameters: bytes) -> tuple[str, ...]:
    try:
        return services.nodes_of(kind, headers.skip_request_header(parameters))
    except MalformedError:
        return ()


def _service_of(content: bytes) -> tuple[str, bytes]:
    """The name of the service, whose NodeId begins the content, and its parameters; `Encrypted` when it is
    none."""
    reader = Reader(content)
    try:
        identifier = node_id(reader)
    except MalformedError:
        return "Encrypted", b""
    known = names("opcua_services")
    if identifier.namespace or identifier.kind != "i" or identifier.identifier not in known:
        return "Encrypted", b""
    return known[int(identifier.identifier)], reader.rest()


@lru_cache(maxsize=1)
def _identifiers() -> dict[str, int]:
    """The numbers of the services by name."""
    return {name: number for number, name in names("opcua_services").items()}


def _security(kind: bytes, reader: Reader, fields: Fields) -> None:
    """The security header: of an OPN asymmetric with policy and certificates, otherwise a token."""
    fields["sec_channel_id"] = reader.u32_little()
    if kind != _OPEN:
        fields["sec_token_id"] = reader.u32_little()
        return
    policy = string(reader) or ""
    sender, receiver = byte_string(reader), byte_string(reader)
    fields |= {
        "sec_policy_uri_len": len(policy),
        "sec_policy_uri": policy,
        "snd_cert_len": len(sender) if sender else -1,
        "rcv_cert_len": len(receiver) if receiver else -1,
    }
    if sender:
        fields["snd_cert"] = sender.hex()
    if receiver:
        fields["rcv_cert"] = receiver.hex()


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a message chunk."""
    if end - start < _HEADER_LENGTH:
        return False
    kind, chunk, size = _HEADER(data, start)
    known = kind in _PLAIN or kind in _SECURED
    return known and chunk[0] in _CHUNKS and _HEADER_LENGTH <= size <= _MAXIMUM_CHUNK


def _head(body: bytes, fields: Fields) -> None:
    fields |= {
        "msg_type": body[:3].decode("latin-1"),
        "is_final": chr(body[3]),
        "msg_size": int.from_bytes(body[4:8], "little"),
    }


@fields_of
def _plain_fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    _head(body, fields)
    reader = Reader(body, _HEADER_LENGTH)
    if record.kind == "Error":
        code = reader.u32_little()
        fields["error"], fields["status"], fields["reason"] = code, status_name(code), string(reader)
        return
    if record.kind == "ReverseHello":
        fields["server_uri"], fields["endpoint_url"] = string(reader), string(reader)
        return
    for name in ("version", "rcv_buf_size", "snd_buf_size", "max_msg_size", "max_chunk_cnt"):
        fields[name] = reader.u32_little()
    if record.kind == "Hello":
        fields["endpoint_url"] = string(reader)


def _event_fields(record: Record) -> Fields:
    event: Fields = record.body
    return event


@fields_of
def _service_fields(record: Record, fields: Fields) -> None:
    body, sequence, request, parameters, name = record.body
    _head(body, fields)
    _security(body[:3], Reader(body, _HEADER_LENGTH), fields)
    fields |= {"seq_number": sequence, "request_id": request, "identifier_str": name}
    if name in _identifiers():
        fields |= {"namespace_idx": 0, "identifier": _identifiers()[name]}
    reader = Reader(parameters)
    if record.role is REQUEST:
        headers.request_header(reader, fields)
        services.read_request(record.kind, reader, fields)
    elif record.role in (RESPONSE, FAILURE):
        headers.response_header(reader, fields)
        if record.role is RESPONSE:
            services.read_response(record.kind, reader, fields)


DISSECTOR: Dissector = Dissector(
    name=NAME, session=OpcUaSession, recognize=recognize, tcp=(4840,), over=("tcp",)
)
