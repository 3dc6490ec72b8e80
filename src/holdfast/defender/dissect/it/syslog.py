"""Syslog (RFC 3164, RFC 5424) over UDP and TCP. Key: (facility, severity)."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Fields, Record, Role

NAME: Final = "syslog"
FACILITIES: Final = (
    "KERN",
    "USER",
    "MAIL",
    "DAEMON",
    "AUTH",
    "SYSLOG",
    "LPR",
    "NEWS",
    "UUCP",
    "CRON",
    "AUTHPRIV",
    "FTP",
    "NTP",
    "AUDIT",
    "ALERT",
    "CLOCK",
    *(f"LOCAL{number}" for number in range(8)),
)
SEVERITIES: Final = ("EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG")
_HIGHEST: Final = len(FACILITIES) * 8 - 1
_MAXIMUM_LINE: Final = 8192


class SyslogSession(Session):
    """The messages of one sender."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if self.flow.transport == "udp":
            self._message(data[start:end], frame, time, direction)
            return end
        while (stop := data.find(b"\n", start, end)) >= 0:
            self._message(data[start:stop], frame, time, direction)
            start = stop + 1
        if end - start > _MAXIMUM_LINE:
            raise MalformedError("too long", f"A line has more than {_MAXIMUM_LINE} bytes.")
        return start

    def _message(self, line: bytes, frame: int, time: int, direction: Direction) -> None:
        priority, after = _priority(line, 0, len(line))
        if priority < 0:
            raise MalformedError("priority", "A message does not begin with its priority.")
        key = (priority >> 3, priority & 7)
        body = (priority, line[after:])
        self.emit(
            Record(frame, time, direction, NAME, SEVERITIES[priority & 7], Role.NOTICE, key, body, _fields)
        )


def _priority(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The number in angle brackets (and in front of it a length, RFC 6587) and where it stops; -1 without
    one."""
    first = data.find(b"<", start, min(start + 8, end))
    if first < 0 or (first > start and not data[start:first].strip().isdigit()):
        return -1, start
    stop = data.find(b">", first, min(first + 5, end))
    digits = data[first + 1 : stop] if stop > 0 else b""
    if not digits.isdigit() or int(digits) > _HIGHEST:
        return -1, start
    return int(digits), stop + 1


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a priority in angle brackets."""
    priority, after = _priority(data, start, end)
    return priority >= 0 and (expected or (after < end and data[after : after + 1].isalnum()))


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    priority, message = record.body
    fields |= {
        "facility": FACILITIES[priority >> 3],
        "severity": SEVERITIES[priority & 7],
        "message": text(message).rstrip("\r\n"),
    }


DISSECTOR: Dissector = Dissector(
    name=NAME, session=SyslogSession, recognize=recognize, udp=(514,), tcp=(514, 601), over=("udp", "tcp")
)
