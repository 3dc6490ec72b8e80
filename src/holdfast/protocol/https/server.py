"""HTTP/1.1 as the gateway speaks it with devices: bytes in, heads and bodies out. No I/O.

The framing is h11's. Added here: bounds on the head, one shape for what comes in, and one error class for
whatever a peer may do wrong, with the status that answers it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote

import h11

from holdfast.protocol.errors import ProtocolError

MAXIMUM_HEAD = 32 * 1024
"""Bytes of a request's line and headers: 16 KB of message properties, a token of 4 KB (nginx: 32 KB)."""
MAXIMUM_HEADERS = 200
"""128 message properties and what clients add of their own."""
MAXIMUM_TARGET = 8 * 1024

Headers: TypeAlias = Sequence[tuple[str, str]]


class HttpError(ProtocolError):
    """The peer does not speak HTTP as it must; `status` answers it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Head(NamedTuple):
    """The beginning of a request."""

    method: str
    path: str
    """As it stands in the target, encoded, with its slash in front."""
    query: dict[str, str]
    """Decoded; of two parameters with one name the first counts. A name alone has the empty text."""
    headers: dict[str, str]
    """By lower-case name; of two with one name the first counts."""
    pairs: tuple[tuple[str, str], ...]
    """All headers with their names as the peer spelled them, in order."""
    length: int | None
    """Bytes of the body if the peer said; None when it comes in chunks of unknown number."""
    expects_continue: bool
    """Whether the peer waits for leave to send its body (RFC 9110 section 10.1.1)."""


class End(NamedTuple):
    """The request is complete."""


Event: TypeAlias = Head | bytes | End


class HttpServer:
    """One connection's server side."""

    __slots__ = ("_connection",)

    def __init__(self) -> None:
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAXIMUM_HEAD)

    # ---- what comes in

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer; `events` says what they mean."""
        if data:  # an empty text means the end of the connection to h11
            self._connection.receive_data(data)

    def events(self) -> Iterator[Event]:
        """What is complete by now. Ends after a request until `next_request`. Raises HttpError."""
        while True:
            try:
                event = self._connection.next_event()
            except h11.RemoteProtocolError as error:
                raise HttpError("The request is not HTTP/1.1.", error.error_status_hint) from None
            match event:
                case h11.Request():
                    yield _head(event, self._connection.they_are_waiting_for_100_continue)
                case h11.Data():
                    yield bytes(event.data)
                case h11.EndOfMessage():
                    yield End()
                case _:
                    return

    @property
    def is_open(self) -> bool:
        """Whether an answer can be sent now."""
        return self._connection.our_state in {h11.IDLE, h11.SEND_RESPONSE}

    @property
    def is_receiving(self) -> bool:
        """Whether the present request's body is not complete."""
        return self._connection.their_state is h11.SEND_BODY

    # ---- what goes out

    def leave_to_continue(self) -> bytes:
        """The 100 that a peer waits for before it sends its body."""
        return self._send(h11.InformationalResponse(status_code=100, headers=[], reason="Continue"))

    def response_head(self, status: int, headers: Headers) -> bytes:
        """The beginning of the answer. With a `Content-Length` or without a body, as HTTP demands."""
        return self._send(h11.Response(status_code=status, headers=[*headers], reason=_reason(status)))

    def response_data(self, data: bytes) -> bytes:
        """A part of the answer's body."""
        return self._send(h11.Data(data=data))

    def response_end(self) -> bytes:
        """The end of the answer."""
        return self._send(h11.EndOfMessage())

    def _send(self, event: h11.Event) -> bytes:
        return self._connection.send(event) or b""

    def next_request(self) -> bool:
        """Be ready for the next request; False when the connection is to be closed instead."""
        if self._connection.our_state is not h11.DONE or self._connection.their_state is not h11.DONE:
            return False
        self._connection.start_next_cycle()
        return True


_REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    206: "Partial Content",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    416: "Range Not Satisfiable",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}
"""The Node SDKs make their error's message of it."""


def _reason(status: int) -> str:
    return _REASONS.get(status, "")


def _head(request: h11.Request, expects_continue: bool) -> Head:
    if len(request.target) > MAXIMUM_TARGET:
        raise HttpError("The request's target is too long.", 414)
    if len(request.headers) > MAXIMUM_HEADERS:
        raise HttpError(f"The request has more than {MAXIMUM_HEADERS} headers.", 431)
    if request.http_version not in {b"1.0", b"1.1"}:
        raise HttpError("The request is not HTTP/1.1.", 505)
    path, _, query = request.target.decode("latin-1").partition("?")
    if not path.startswith("/"):
        raise HttpError("The request's target is no path.")
    pairs = tuple((name.decode("ascii"), _text(value)) for name, value in request.headers.raw_items())
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers.setdefault(name.lower(), value)
    return Head(
        request.method.decode("ascii").upper(),
        path,
        _parameters(query),
        headers,
        pairs,
        _length(headers),
        expects_continue,
    )


def _text(value: bytes) -> str:
    """Header values are ASCII as a rule (RFC 9110 section 5.5); some clients send UTF-8 none the less."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _length(headers: dict[str, str]) -> int | None:
    if "transfer-encoding" in headers:
        return None
    text = headers.get("content-length", "0")
    return int(text)  # h11 refuses what is no number


def _parameters(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        parameters.setdefault(unquote(name), unquote(value))
    return parameters


def path_segments(path: str) -> tuple[str, ...]:
    """The decoded parts of a path between its slashes. HttpError for parts that no client means.

    A slash that is encoded stays inside its part; a dot or two alone are refused, as is a NUL.
    """
    parts = tuple(unquote(part) for part in path[1:].split("/"))
    for part in parts:
        if part in {".", ".."} or "\0" in part:
            raise HttpError("The path holds a part that is not allowed.")
    return parts
