"""FTP's control connection (RFC 959). Keys: of commands (command,), of replies (code,)."""

from __future__ import annotations

import re
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.session import Dissector, MalformedError, Session, take_over
from holdfast.defender.dissect.tls.session import TlsSession
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

NAME: Final = "ftp"
_MAXIMUM_LINE: Final = 8192
_TLS_BEGINS: Final = 234
_REPLY: Final = re.compile(rb"(\d{3})([ -])(.*)", re.DOTALL)
_COMMAND: Final = re.compile(rb"([A-Za-z]{3,4})(?: (.*))?", re.DOTALL)
COMMANDS: Final = frozenset(
    (
        b"USER PASS ACCT CWD CDUP SMNT QUIT REIN PORT PASV TYPE STRU MODE RETR STOR STOU APPE ALLO REST RNFR "
        b"RNTO ABOR DELE RMD MKD PWD LIST NLST SITE SYST STAT HELP NOOP FEAT OPTS AUTH PBSZ PROT EPRT EPSV "
        b"SIZE MDTM MLSD MLST LANG CLNT XPWD XCWD XMKD XRMD XCUP HOST"
    ).split()
)


class FtpSession(Session):
    """Commands and replies of one connection."""

    __slots__ = ("_asked", "_user", "_within")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._user = ""
        self._asked: Record | None = None
        self._within = b""
        """Code of the reply of several lines that is not over."""

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        while (stop := data.find(b"\n", start, end)) >= 0:
            line = data[start:stop].rstrip(b"\r")
            if direction.to_server:
                self._command(line, frame, time, direction)
            else:
                self._reply(line, frame, time, direction)
            start = stop + 1
        if end - start > _MAXIMUM_LINE:
            raise MalformedError("too long", f"A line has more than {_MAXIMUM_LINE} bytes.")
        return start

    def _command(self, line: bytes, frame: int, time: int, direction: Direction) -> None:
        found = _COMMAND.fullmatch(line)
        if found is None:
            raise MalformedError("command", "A line is no command.")
        command, argument = text(found[1].upper()), text(found[2] or b"")
        if command == "USER":
            self._user = argument
        body = (command, argument, self._user)
        record = Record(
            frame, time, direction, NAME, command, Role.REQUEST, (command,), body, _command_fields
        )
        self._asked = record
        self.emit(record)

    def _reply(self, line: bytes, frame: int, time: int, direction: Direction) -> None:
        if self._within and not line.startswith(self._within + b" "):
            return
        found = _REPLY.fullmatch(line)
        if found is None:
            raise MalformedError("reply", "A line is no reply.")
        if found[2] == b"-" and not self._within:
            self._within = found[1]
            return
        self._within = b""
        code = int(found[1])
        role = Role.FAILURE if code >= 400 else Role.RESPONSE
        body = (code, text(found[3]), self._user)
        kind = text(found[1])
        self.emit(Record(frame, time, direction, NAME, kind, role, (code,), body, _reply_fields, self._asked))
        if code >= 200:
            self._asked = None
        if code == _TLS_BEGINS:
            take_over(self.flow, TlsSession(self.flow, self.emit))


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a command or, on its port, a greeting; elsewhere a greeting that names
    FTP."""
    line = data[start : min(start + 512, end)].split(b"\n", 1)[0].rstrip(b"\r")
    found = _REPLY.fullmatch(line)
    if found is not None:
        return expected or (found[1] == b"220" and b"FTP" in line.upper())
    command = _COMMAND.fullmatch(line)
    return expected and command is not None and command[1].upper() in COMMANDS


@fields_of
def _command_fields(record: Record, fields: Fields) -> None:
    command, argument, user = record.body
    fields |= {"command": command, "arg": argument, "user": user or None}
    if command == "PASS":
        fields["password"] = argument


@fields_of
def _reply_fields(record: Record, fields: Fields) -> None:
    code, message, user = record.body
    fields |= {"reply_code": code, "reply_msg": message, "user": user or None}
    fields["command"] = record.request.kind if record.request is not None else None


DISSECTOR: Dissector = Dissector(name=NAME, session=FtpSession, recognize=recognize, tcp=(21,), over=("tcp",))
