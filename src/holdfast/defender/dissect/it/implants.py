"""Remote-control tools of attackers that speak protocols of their own over TCP: known by how they begin.

DarkComet's controller greets with the word IDTYPE, enciphered with a key that its builder fills in; Poison
Ivy's (2.3) answers a challenge of 256 bytes and says how long the code is that follows. What comes after is
enciphered and not read. Key: (family,).
"""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.session import Dissector, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

NAME: Final = "implant"
_GREETINGS: Final = {
    b"8EA4AB05FA7E": "2.0",
    b"B47CB892B702": "4.0",
    b"C7CF9C7CD932": "4.2",
    b"155CAD31A61F": "4.2F",
    b"1164805C82EE": "5.0",
    b"BF7CAB464EFB": "5.1",
}
"""DarkComet's greeting by version, as RC4 with the builder's own key makes it."""
_GREETING_LENGTH: Final = 12
_CHALLENGE_LENGTH: Final = 256
_CODE_LENGTH: Final = b"\xd0\x15\x00\x00"
"""Behind Poison Ivy's answer to the challenge: the length of its code in version 2.3."""


class ImplantSession(Session):
    """A connection that was recognized: one record tells it."""

    __slots__ = ("_over",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._over = False

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if self._over:
            return end
        family, version = _family(data, start, end)
        if not family:
            self._over = end - start >= _CHALLENGE_LENGTH + len(_CODE_LENGTH)
            return end if self._over else start
        self._over = True
        body: Fields = {"family": family, "version": version}
        self.emit(Record(frame, time, direction, NAME, family, Role.NOTICE, (family,), body, _fields))
        return end


def _family(data: bytes, start: int, end: int) -> tuple[str, str]:
    version = _GREETINGS.get(data[start : min(start + _GREETING_LENGTH, end)])
    if version is not None:
        return "DarkComet", version
    code = start + _CHALLENGE_LENGTH
    if end - code >= len(_CODE_LENGTH) and data.startswith(_CODE_LENGTH, code):
        return "Poison Ivy", "2.3"
    return "", ""


def recognize(data: bytes, start: int, end: int, _expected: bool) -> bool:
    """Whether a payload begins as one of the tools does."""
    return bool(_family(data, start, end)[0])


def _fields(record: Record) -> Fields:
    fields: Fields = record.body
    return fields


DISSECTOR: Dissector = Dissector(name=NAME, session=ImplantSession, recognize=recognize, over=("tcp",))
