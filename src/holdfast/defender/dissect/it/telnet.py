"""Telnet (RFC 854): that it is used, who signs in, and whether it fails. Key: (kind,)."""

from __future__ import annotations

import re
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.session import Dissector, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

NAME: Final = "telnet"
_IAC, _SUBNEGOTIATION, _END = 0xFF, 0xFA, 0xF0
_COMMANDS: Final = re.compile(rb"\xff(?:\xfa.*?\xff\xf0|[\xfb-\xfe].|[^\xfa-\xfe])", re.DOTALL)
_USER_PROMPT: Final = re.compile(rb"(?:login|user(?: ?name)?|account)\s*:\s*$", re.IGNORECASE)
_PASSWORD_PROMPT: Final = re.compile(rb"pass(?:word|code)?\s*:\s*$", re.IGNORECASE)
_REFUSED: Final = re.compile(
    rb"(?:login|authentication|access|password)[^\n]{0,20}(?:incorrect|failed|denied|invalid)", re.I
)
_TAIL: Final = 256
"""Bytes of what the server said last in which a prompt is looked for."""
_MAXIMUM_TYPED: Final = 256


class TelnetSession(Session):
    """One connection; options are passed over."""

    __slots__ = ("_asked_for", "_seen", "_tail", "_typed", "_user")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._tail = b""
        self._typed = b""
        self._asked_for = ""
        self._user = ""
        self._seen = False

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        octets = data[start:end]
        if not self._seen:
            self._seen = True
            self._say("session", Role.NOTICE, frame, time, direction)
        plain = _COMMANDS.sub(b"", octets)
        if direction.to_server:
            self._from_client(plain, frame, time, direction)
        else:
            self._from_server(plain, frame, time, direction)
        return end

    def _from_server(self, plain: bytes, frame: int, time: int, direction: Direction) -> None:
        self._tail = (self._tail + plain)[-_TAIL:]
        if _REFUSED.search(self._tail):
            self._tail = b""
            self._say("login failed", Role.FAILURE, frame, time, direction)
        elif _PASSWORD_PROMPT.search(self._tail):
            self._asked_for = "password"
        elif _USER_PROMPT.search(self._tail):
            self._asked_for = "user"

    def _from_client(self, plain: bytes, frame: int, time: int, direction: Direction) -> None:
        if not self._asked_for:
            return
        self._typed = (self._typed + plain)[:_MAXIMUM_TYPED]
        line, ended, _ = self._typed.replace(b"\r", b"\n").partition(b"\n")
        if not ended:
            return
        asked_for, self._asked_for, self._typed, self._tail = self._asked_for, "", b"", b""
        if asked_for == "user":
            self._user = text(line)
        else:
            self._say("login", Role.REQUEST, frame, time, direction, len(line))

    def _say(
        self,
        kind: str,
        role: Role,
        frame: int,
        time: int,
        direction: Direction,
        password_length: int | None = None,
    ) -> None:
        body = (self._user, password_length)
        self.emit(Record(frame, time, direction, NAME, kind, role, (kind,), body, _fields))


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with the negotiation of an option."""
    if end - start >= 3 and data[start] == _IAC and 0xFB <= data[start + 1] <= 0xFE and data[start + 2] < 50:
        return True
    return expected and end - start > 0


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    user, password_length = record.body
    fields |= {"user": user or None, "event": record.kind}
    if password_length is not None:
        fields["password_length"] = password_length


DISSECTOR: Dissector = Dissector(
    name=NAME, session=TelnetSession, recognize=recognize, tcp=(23, 2323), over=("tcp",)
)
