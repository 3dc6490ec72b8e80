"""OPC UA chunks with security policy None."""

import struct

NONE = "http://opcfoundation.org/UA/SecurityPolicy#None"
BASIC256 = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"
READ, READ_ANSWER, FAULT, ACTIVATE, OPEN = 631, 634, 397, 467, 446
PUBLISH, PUBLISH_ANSWER = 826, 829
ANONYMOUS, USER_NAME = 321, 324
DENIED, NO_NODE = 0x801F0000, 0x80340000


def text(value: str | None) -> bytes:
    if value is None:
        return b"\xff\xff\xff\xff"
    return struct.pack("<I", len(value)) + value.encode()


def numeric(identifier: int) -> bytes:
    """A NodeId of namespace 0 in four bytes."""
    return struct.pack("<BBH", 1, 0, identifier)


def node(name: str) -> bytes:
    """A NodeId of namespace 1 by text."""
    return struct.pack("<BH", 3, 1) + text(name)


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + b"F" + struct.pack("<I", 8 + len(body)) + body


def hello(version: int = 0, url: str = "opc.tcp://plc:4840") -> bytes:
    return chunk(b"HEL", struct.pack("<IIIII", version, 65536, 65536, 0, 0) + text(url))


ACKNOWLEDGE = chunk(b"ACK", struct.pack("<IIIII", 0, 65536, 65536, 0, 0))


def request_header() -> bytes:
    return numeric(0) + struct.pack("<qII", 0, 1, 0) + text(None) + struct.pack("<I", 0) + b"\0\0\0"


def response_header(status: int = 0) -> bytes:
    return struct.pack("<qII", 0, 1, status) + b"\0" + struct.pack("<I", 0) + b"\0\0\0"


def open_channel(policy: str = NONE, mode: int = 1) -> bytes:
    body = struct.pack("<I", 0) + text(policy) + text(None) + text(None) + struct.pack("<II", 1, 1)
    body += numeric(OPEN) + request_header() + struct.pack("<III", 0, 0, mode) + text(None)
    return chunk(b"OPN", body + struct.pack("<I", 3600000))


def message(service: int, body: bytes, request: int = 2) -> bytes:
    head = struct.pack("<IIII", 1, 1, request, request)
    return chunk(b"MSG", head + numeric(service) + body)


def read(name: str, request: int = 2) -> bytes:
    body = request_header() + struct.pack("<dII", 0.0, 2, 1) + node(name) + struct.pack("<I", 13)
    return message(READ, body + text(None) + struct.pack("<H", 0) + text(None), request)


def read_answer(request: int = 2) -> bytes:
    return message(
        READ_ANSWER,
        response_header() + struct.pack("<I", 1) + b"\x01\x06\0\0\0\0" + struct.pack("<I", 0),
        request,
    )


def fault(status: int = NO_NODE, request: int = 2) -> bytes:
    return message(FAULT, response_header(status), request)


def activate(user: str = "", request: int = 2) -> bytes:
    if user:
        token = text("1") + text(user) + text("secret") + text(None)
        identity = numeric(USER_NAME) + b"\x01" + struct.pack("<I", len(token)) + token
    else:
        token = text("0")
        identity = numeric(ANONYMOUS) + b"\x01" + struct.pack("<I", len(token)) + token
    body = request_header() + text(None) + text(None) + struct.pack("<II", 0, 0) + identity
    return message(ACTIVATE, body + text(None) + text(None), request)


def watch_events(*selected: str, handle: int = 1, request: int = 2) -> bytes:
    """Subscribes to the events of the server with these fields."""
    clauses = b"".join(
        numeric(2041) + struct.pack("<IH", 1, 0) + text(name) + struct.pack("<I", 13) + text(None)
        for name in selected
    )
    wanted = struct.pack("<I", len(selected)) + clauses + struct.pack("<I", 0)
    item = numeric(2253) + struct.pack("<I", 12) + text(None) + struct.pack("<H", 0) + text(None)
    item += (
        struct.pack("<IId", 2, handle, 0.0) + numeric(727) + b"\x01" + struct.pack("<I", len(wanted)) + wanted
    )
    item += struct.pack("<I?", 1, True)
    return message(751, request_header() + struct.pack("<III", 1, 2, 1) + item, request)


def publish(request: int = 2) -> bytes:
    return message(PUBLISH, request_header() + struct.pack("<I", 0), request)


def event(severity: int, words: str = "Tank overflow", *, handle: int = 1, request: int = 2) -> bytes:
    """A server's report of one event: its severity, then its message."""
    values = b"\x05" + struct.pack("<H", severity) + b"\x15\x02" + text(words)
    listed = struct.pack("<III", 1, handle, 2) + values
    body = response_header() + struct.pack("<II?", 1, 0, False) + struct.pack("<Iq", 1, 0)
    body += struct.pack("<I", 1) + numeric(916) + b"\x01" + struct.pack("<I", len(listed)) + listed
    return message(PUBLISH_ANSWER, body + struct.pack("<II", 0, 0), request)


def activated(request: int = 2) -> bytes:
    return message(470, response_header() + text(None) + struct.pack("<II", 0, 0), request)
