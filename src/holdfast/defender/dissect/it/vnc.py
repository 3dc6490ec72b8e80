"""VNC's remote framebuffer protocol until the desktop shows (RFC 6143). Key: (kind, version or method)."""

from __future__ import annotations

import re
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

NAME: Final = "vnc"
_VERSION: Final = re.compile(rb"RFB (\d{3})\.(\d{3})\n")
_VERSION_LENGTH: Final = 12
METHODS: Final = {
    0: "Invalid",
    1: "None",
    2: "VNC",
    5: "RA2",
    16: "Tight",
    17: "Ultra",
    18: "TLS",
    19: "VeNCrypt",
    20: "GTK-VNC SASL",
    21: "MD5 hash authentication",
    22: "Colin Dean xvp",
    30: "Apple Remote Desktop",
}
_CHALLENGE_LENGTH: Final = 16


class VncSession(Session):
    """One connection through its stages: versions, method, challenge, result; the desktop is passed over."""

    __slots__ = ("_method", "_minor", "_stage")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._stage = ["version", "version"]
        self._minor = 3
        self._method = 0

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        side = direction.to_server
        while start < end:
            stage = self._stage[side]
            if stage == "over":
                return end
            used = (
                self._client(data, start, end, frame, time, direction)
                if side
                else self._server(data, start, end, frame, time, direction)
            )
            if used == start:
                return start
            start = used
        return start

    def _version(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        if end - start < _VERSION_LENGTH:
            return start
        found = _VERSION.fullmatch(data, start, start + _VERSION_LENGTH)
        if found is None:
            raise MalformedError("version", "A version message is unreadable.")
        kind = "client version" if direction.to_server else "server version"
        version = f"{int(found[1])}.{int(found[2])}"
        if direction.to_server:
            self._minor = int(found[2])
        self.emit(
            Record(frame, time, direction, NAME, kind, Role.NOTICE, (kind, version), version, _version_fields)
        )
        self._stage[direction.to_server] = "method"
        return start + _VERSION_LENGTH

    def _server(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        stage = self._stage[False]
        if stage == "version":
            return self._version(data, start, end, frame, time, direction)
        if stage == "method":
            return self._methods(data, start, end, frame, time, direction)
        if stage == "challenge" and self._method == 2:
            if end - start < _CHALLENGE_LENGTH:
                return start
            self._stage[False] = "result"
            return start + _CHALLENGE_LENGTH
        if stage in ("challenge", "result"):
            if end - start < 4:
                return start
            self._result(int.from_bytes(data[start : start + 4], "big"), frame, time, direction)
            return start + 4
        return end

    def _methods(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """Before version 3.7 the server decides, in four bytes; later it offers a list."""
        if self._minor < 7:
            if end - start < 4:
                return start
            self._choose(int.from_bytes(data[start : start + 4], "big"), frame, time, direction)
            return start + 4
        stop = start + 1 + data[start]
        if stop > end:
            return start
        self._stage[False] = "challenge"
        return stop

    def _choose(self, method: int, frame: int, time: int, direction: Direction) -> None:
        self._method = method
        self._stage[False] = "challenge" if method != 1 or self._minor >= 8 else "over"
        self._stage[True] = "over"
        name = METHODS.get(method, f"unknown-{method}")
        kind = "authentication"
        self.emit(
            Record(frame, time, direction, NAME, kind, Role.REQUEST, (kind, name), name, _method_fields)
        )

    def _client(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        if self._stage[True] == "version":
            return self._version(data, start, end, frame, time, direction)
        if self._minor >= 7:
            self._choose(data[start], frame, time, direction)
            return start + 1
        return start

    def _result(self, code: int, frame: int, time: int, direction: Direction) -> None:
        self._stage = ["over", "over"]
        role, kind = (Role.FAILURE, "refused") if code else (Role.RESPONSE, "accepted")
        self.emit(Record(frame, time, direction, NAME, kind, role, (kind,), code == 0, _result_fields))


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload is a version message."""
    return _VERSION.fullmatch(data, start, min(start + _VERSION_LENGTH, end)) is not None


@fields_of
def _version_fields(record: Record, fields: Fields) -> None:
    major, minor = text(record.body.encode()).split(".")
    side = "client" if record.direction.to_server else "server"
    fields[f"{side}_major_version"], fields[f"{side}_minor_version"] = (
        f"{int(major):03d}",
        f"{int(minor):03d}",
    )


@fields_of
def _method_fields(record: Record, fields: Fields) -> None:
    fields["authentication_method"] = record.body


@fields_of
def _result_fields(record: Record, fields: Fields) -> None:
    fields["auth"] = record.body


DISSECTOR: Dissector = Dissector(
    name=NAME, session=VncSession, recognize=recognize, tcp=(5900, 5901, 5800), over=("tcp",)
)
