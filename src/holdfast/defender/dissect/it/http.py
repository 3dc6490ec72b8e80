"""HTTP/1 (RFC 9112): one record a request or response head; bodies are passed over.

Keys: of requests (method, host, path without query); of responses the request's with the status code's class
behind, failures (4xx, 5xx) with the status code.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

NAME: Final = "http"
_MAXIMUM_HEAD: Final = 64 * 1024
_MAXIMUM_OUTSTANDING: Final = 64
_METHODS: Final = frozenset(
    b"GET HEAD POST PUT DELETE OPTIONS TRACE CONNECT PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK "
    b"SEARCH REPORT M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE".split()
)
_REQUEST_LINE: Final = re.compile(rb"([A-Z-]{3,16}) (\S{1,8000}) HTTP/(\d\.\d)")
_STATUS_LINE: Final = re.compile(rb"HTTP/(\d\.\d) (\d{3})(?: (.{0,200}))?")
_ENDS_OF_HEAD: Final = (b"\n\r\n", b"\n\n")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[^\r\n]{0,200})?\r\n")
_WITHOUT_BODY: Final = frozenset({204, 304})
_UNTIL_CLOSE: Final = -1


class _Head(NamedTuple):
    """The start line and headers of a message."""

    first: bytes
    headers: list[tuple[str, str]]
    length: int

    def get(self, name: str) -> str | None:
        """The first header with this lower-case name."""
        return next((value for key, value in self.headers if key == name), None)


class _Body:
    """What of a body is still to be passed over."""

    __slots__ = ("chunked", "left")

    def __init__(self) -> None:
        self.left = 0
        """Bytes; `_UNTIL_CLOSE` when the connection's end ends the body."""
        self.chunked = False


class HttpSession(Session):
    """The messages of one connection."""

    __slots__ = ("_asked", "_bodies")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._asked: list[tuple[Record, tuple[object, ...]]] = []
        self._bodies = (_Body(), _Body())

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        body = self._bodies[direction.to_server]
        while start < end:
            start, waiting = _pass_body(data, start, end, body)
            if waiting or start >= end:
                return start
            stop = _end_of_head(data, start, end)
            if stop < 0:
                if end - start > _MAXIMUM_HEAD:
                    raise MalformedError("too long", f"A head has more than {_MAXIMUM_HEAD} bytes.")
                return start
            head = _read_head(data[start:stop].rstrip(b"\r\n"))
            start = stop
            self._message(head, body, frame, time, direction)
        return start

    def gap(self, direction: Direction, missing: int) -> None:
        """See `Session.gap`."""
        body = self._bodies[direction.to_server]
        if body.left > 0:
            body.left = max(body.left - missing, 0)
        body.chunked = False

    def _message(self, head: _Head, body: _Body, frame: int, time: int, direction: Direction) -> None:
        asked = _REQUEST_LINE.fullmatch(head.first)
        if asked is not None:
            method, path = text(asked[1]), text(asked[2])
            key: tuple[object, ...] = (method, head.get("host") or "", path.split("?", 1)[0])
            record = Record(frame, time, direction, NAME, method, Role.REQUEST, key, head, _request_fields)
            self.emit(record)
            self._asked.append((record, key))
            del self._asked[:-_MAXIMUM_OUTSTANDING]
            _expect_body(head, body, _content_length(head) or 0)
            return
        answered = _STATUS_LINE.fullmatch(head.first)
        if answered is None:
            raise MalformedError("start line", "A message begins with neither a request nor a status line.")
        status = int(answered[2])
        request, key = (None, ("", "", ""))
        if self._asked and status >= 200:
            request, key = self._asked.pop(0)
        role = Role.FAILURE if status >= 400 else Role.RESPONSE
        key = (*key, status if role is Role.FAILURE else status // 100)
        kind = str(status)
        self.emit(Record(frame, time, direction, NAME, kind, role, key, head, _response_fields, request))
        if status in _WITHOUT_BODY or status < 200 or (request is not None and request.kind == "HEAD"):
            return
        length = _content_length(head)
        _expect_body(head, body, _UNTIL_CLOSE if length is None else length)


def _end_of_head(data: bytes, start: int, end: int) -> int:
    """Where the body begins; -1 while the empty line has not come. Heads may come byte by byte."""
    found = [place + len(mark) for mark in _ENDS_OF_HEAD if (place := data.find(mark, start, end)) >= 0]
    return min(found, default=-1)


def _expect_body(head: _Head, body: _Body, length: int) -> None:
    """Note how the body of a message ends: chunks win over a length (RFC 9112, section 6.3)."""
    chunked = "chunked" in (head.get("transfer-encoding") or "").lower()
    body.chunked = chunked and (length == _UNTIL_CLOSE or _content_length(head) is None)
    body.left = 0 if body.chunked else length


def _pass_body(data: bytes, start: int, end: int, body: _Body) -> tuple[int, bool]:
    """Pass over a body as far as it is there. Returns where the rest begins, and whether more is to come
    first."""
    if body.left == _UNTIL_CLOSE:
        return end, True
    while True:
        passed = min(body.left, end - start)
        body.left -= passed
        start += passed
        if body.left or not body.chunked:
            return start, bool(body.left)
        chunk = _CHUNK.match(data, start, end)
        if chunk is None:
            if end - start > 256:
                body.chunked = False
                raise MalformedError("chunk", "A chunk has no readable length.")
            return start, True
        start = chunk.end()
        size = int(chunk[1], 16)
        body.left = size + 2  # and the line end behind it
        if size == 0:
            body.chunked = False


def _read_head(octets: bytes) -> _Head:
    first, *lines = octets.splitlines() or [b""]
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            headers.append((text(name).strip().lower(), text(value).strip()))
    return _Head(first.strip(), headers, len(octets))


def _content_length(head: _Head) -> int | None:
    value = head.get("content-length")
    return (
        int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 16 else None
    )


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a request or status line."""
    line = data[start : min(start + 8192, end)].split(b"\n", 1)[0].rstrip(b"\r")
    if _STATUS_LINE.fullmatch(line):
        return True
    method = line.split(b" ", 1)[0]
    if method not in _METHODS:
        return False
    return _REQUEST_LINE.fullmatch(line) is not None or (
        b"\n" not in data[start:end] and len(line) > len(method)
    )


_NAMED: Final = {
    "host": "host",
    "referer": "referrer",
    "user-agent": "user_agent",
    "origin": "origin",
    "content-type": "content_type",
    "soapaction": "soap_action",
    "server": "server",
    "x-powered-by": "powered_by",
    "www-authenticate": "authenticate",
    "location": "location",
}
"""Headers that become fields."""


def _common(head: _Head, fields: Fields) -> None:
    for name, value in head.headers:
        if name in _NAMED:
            fields.setdefault(_NAMED[name], value)
    fields["header_count"], fields["header_length"] = len(head.headers), head.length
    fields["body_len"] = _content_length(head)


@fields_of
def _request_fields(record: Record, fields: Fields) -> None:
    head: _Head = record.body
    parts = _REQUEST_LINE.fullmatch(head.first)
    if parts is None:
        return
    fields |= {"method": text(parts[1]), "uri": text(parts[2]), "version": text(parts[3])}
    _common(head, fields)
    scheme, _, credentials = (head.get("authorization") or "").partition(" ")
    if scheme:
        fields["authorization"] = scheme
    if scheme.lower() == "basic":
        user, _, password = _basic(credentials).partition(":")
        fields["username"], fields["password"] = user, password


def _basic(credentials: str) -> str:
    try:
        return text(base64.b64decode(credentials, validate=False))
    except (binascii.Error, ValueError):
        return ""


@fields_of
def _response_fields(record: Record, fields: Fields) -> None:
    head: _Head = record.body
    parts = _STATUS_LINE.fullmatch(head.first)
    if parts is None:
        return
    fields |= {"version": text(parts[1]), "status_code": int(parts[2]), "status_msg": text(parts[3] or b"")}
    _common(head, fields)


DISSECTOR: Dissector = Dissector(
    name=NAME,
    session=HttpSession,
    recognize=recognize,
    tcp=(80, 8080, 8000, 8008, 8081, 5000),
    over=("tcp",),
)
