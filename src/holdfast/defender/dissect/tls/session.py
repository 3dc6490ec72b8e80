"""TLS on a connection: one record a handshake message, alert, change of cipher, or piece of application data.

Keys: of a client hello (kind, server name, JA3), a server hello (kind, cipher, version), certificates (kind,
the SHA-256 of the message), alerts (kind, level, description); of everything else (kind,).
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import Final

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.dissect.tables import names
from holdfast.defender.dissect.tls.certificates import certificate_fields, chain
from holdfast.defender.dissect.tls.hello import (
    Hello,
    client_fields,
    ja3,
    read_client_hello,
    read_old_client_hello,
    read_server_hello,
    server_fields,
)
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record, Role

NAME: Final = "tls"
_HEADER: Final = struct.Struct(">BHH").unpack_from
_CHANGE_CIPHER, _ALERT, _HANDSHAKE, _DATA, _HEARTBEAT = 20, 21, 22, 23, 24
_CONTENT_TYPES: Final = frozenset({_CHANGE_CIPHER, _ALERT, _HANDSHAKE, _DATA, _HEARTBEAT})
_MAXIMUM_RECORD: Final = 16384 + 2048
_MAXIMUM_MESSAGE: Final = 128 * 1024
_TLS_1_3: Final = 0x0304

_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE = 1, 2, 11
HANDSHAKES: Final = {
    0: "hello request",
    _CLIENT_HELLO: "client hello",
    _SERVER_HELLO: "server hello",
    3: "hello verify request",
    4: "new session ticket",
    5: "end of early data",
    6: "hello retry request",
    8: "encrypted extensions",
    _CERTIFICATE: "certificate",
    12: "server key exchange",
    13: "certificate request",
    14: "server hello done",
    15: "certificate verify",
    16: "client key exchange",
    20: "finished",
    21: "certificate url",
    22: "certificate status",
    23: "supplemental data",
    24: "key update",
    25: "compressed certificate",
    67: "next protocol",
}


class TlsSession(Session):
    """One connection's handshake and what follows."""

    __slots__ = ("_asked", "_encrypted", "_parts")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._asked: Record | None = None
        self._encrypted = [False, False]
        self._parts = [b"", b""]
        """Of the handshake message that goes on in the next record, by direction."""

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        while start + 5 <= end:
            sort, version, length = _HEADER(data, start)
            if version >> 8 != 3 or sort not in _CONTENT_TYPES or length > _MAXIMUM_RECORD:
                if not _is_old_hello(data, start, end):
                    raise MalformedError("record", f"A record has type {sort} and version {version:#06x}.")
                stop = start + 2 + data[start + 1]
                if stop > end:
                    return start
                self._hello(
                    _CLIENT_HELLO, read_old_client_hello(data[start + 2 : stop]), frame, time, direction
                )
            else:
                stop = start + 5 + length
                if stop > end:
                    return start
                self._record(sort, data[start + 5 : stop], frame, time, direction)
            start = stop
        return start

    def gap(self, direction: Direction, missing: int) -> None:
        """See `Session.gap`."""
        self._parts = [b"", b""]

    def _record(self, sort: int, content: bytes, frame: int, time: int, direction: Direction) -> None:
        side = direction.to_server
        if sort == _DATA:
            self._say("application data", NOTICE, len(content), frame, time, direction)
        elif sort == _HANDSHAKE:
            if self._encrypted[side] and not _is_whole_hello(content):
                self._say("encrypted handshake", NOTICE, len(content), frame, time, direction)
            else:
                self._handshake(self._parts[side] + content, frame, time, direction)
        elif sort == _CHANGE_CIPHER:
            self._encrypted[side] = True
            self._parts[side] = b""
            self._say("change cipher spec", NOTICE, len(content), frame, time, direction)
        elif sort == _ALERT and len(content) == 2:
            key = ("alert", content[0], content[1])
            role = FAILURE if content[0] == 2 else NOTICE
            self.emit(Record(frame, time, direction, NAME, "alert", role, key, content, _alert_fields))
        else:
            kind = "encrypted alert" if sort == _ALERT else "heartbeat"
            self._say(kind, NOTICE, len(content), frame, time, direction)

    def _handshake(self, content: bytes, frame: int, time: int, direction: Direction) -> None:
        side = direction.to_server
        self._parts[side] = b""
        start = 0
        while start + 4 <= len(content):
            sort = content[start]
            stop = start + 4 + int.from_bytes(content[start + 1 : start + 4], "big")
            if sort not in HANDSHAKES or stop - start > _MAXIMUM_MESSAGE:
                self._encrypted[side] = True  # joined behind the change of cipher
                self._say("encrypted handshake", NOTICE, len(content), frame, time, direction)
                return
            if stop > len(content):
                break
            self._message(sort, content[start + 4 : stop], frame, time, direction)
            start = stop
        self._parts[side] = content[start:]

    def _message(self, sort: int, body: bytes, frame: int, time: int, direction: Direction) -> None:
        kind = HANDSHAKES[sort]
        if sort == _CLIENT_HELLO:
            self._hello(sort, read_client_hello(body), frame, time, direction)
        elif sort == _SERVER_HELLO:
            self._hello(sort, read_server_hello(body), frame, time, direction)
        elif sort == _CERTIFICATE:
            key = (kind, sha256(body).hexdigest())
            self.emit(Record(frame, time, direction, NAME, kind, NOTICE, key, body, _certificate_fields))
        else:
            self._say(kind, NOTICE, len(body), frame, time, direction)

    def _hello(self, sort: int, hello: Hello, frame: int, time: int, direction: Direction) -> None:
        kind = HANDSHAKES[sort]
        if sort == _CLIENT_HELLO:
            key: tuple[object, ...] = (kind, hello.server_name, ja3(hello))
            record = Record(frame, time, direction, NAME, kind, REQUEST, key, hello, _hello_fields)
            self._asked = record
            self.emit(record)
            return
        key = (kind, hello.ciphers[0], hello.versions[0])
        self.emit(
            Record(frame, time, direction, NAME, kind, RESPONSE, key, hello, _hello_fields, self._asked)
        )
        self._asked = None

    def _say(self, kind: str, role: Role, length: int, frame: int, time: int, direction: Direction) -> None:
        self.emit(Record(frame, time, direction, NAME, kind, role, (kind,), length, _length_fields))


def _is_whole_hello(content: bytes) -> bool:
    """Whether a handshake record behind the change of cipher holds a second client hello (TLS 1.3)."""
    return (
        len(content) > 42 and content[0] in (1, 2) and content[1:4] == (len(content) - 4).to_bytes(3, "big")
    )


def _is_old_hello(data: bytes, start: int, end: int) -> bool:
    """Whether a client's hello in SSL version 2's shape begins here."""
    if end - start < 11 or data[start] != 0x80 or data[start + 2] != _CLIENT_HELLO:
        return False
    version = data[start + 3 : start + 5]
    lengths = sum(int.from_bytes(data[at : at + 2], "big") for at in range(start + 5, start + 11, 2))
    return (version == b"\0\2" or version[0] == 3) and data[start + 1] == 9 + lengths


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a record; without a port that expects it, with a plausible whole
    header."""
    if end - start < 6:
        return False
    sort, version, length = _HEADER(data, start)
    if not 0x0300 <= version <= _TLS_1_3 or not 0 < length <= _MAXIMUM_RECORD:
        return _is_old_hello(data, start, end)
    if sort == _HANDSHAKE:
        return expected or (length >= 4 and data[start + 5] in HANDSHAKES)
    return sort in _CONTENT_TYPES and (expected or (sort == _DATA and start + 5 + length <= end))


@fields_of
def _hello_fields(record: Record, fields: Fields) -> None:
    if record.role is REQUEST:
        client_fields(record.body, fields)
    else:
        server_fields(record.body, fields)


@fields_of
def _certificate_fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    # Since TLS 1.3 the message begins with a context, whose length is 0 for servers; it is encrypted there.
    with_context = len(body) > 4 and int.from_bytes(body[:3], "big") != len(body) - 3
    encoded = chain(body, with_context)
    fields["cert_chain_length"] = len(encoded)
    fields["certificates"] = [certificate_fields(each) for each in encoded]
    if fields["certificates"]:
        first: Fields = fields["certificates"][0]
        fields |= {name: first[name] for name in ("subject", "issuer", "fingerprint") if name in first}


@fields_of
def _alert_fields(record: Record, fields: Fields) -> None:
    level, description = record.body
    fields["level"] = {1: "warning", 2: "fatal"}.get(level, str(level))
    fields["description"] = names("tls_alerts").get(description, f"unknown-{description}")


@fields_of
def _length_fields(record: Record, fields: Fields) -> None:
    fields["length"] = record.body


DISSECTOR: Dissector = Dissector(
    name=NAME,
    session=TlsSession,
    recognize=recognize,
    tcp=(443, 8443, 4443, 636, 989, 990, 992, 993, 995, 465, 802, 4843, 5061, 5671, 5986, 8883, 9443, 10443),
    over=("tcp",),
)
