"""ISO transport services on port 102 and elsewhere: finds out whether S7, S7comm-plus, MMS or RDP is
carried."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect import cotp
from holdfast.defender.dissect.iec61850 import mms
from holdfast.defender.dissect.it import rdp
from holdfast.defender.dissect.s7 import classic, plus
from holdfast.defender.dissect.session import Dissector, Session, take_over
from holdfast.defender.dissect.tls.session import TlsSession
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Record

NAME: Final = "cotp"
_MCS_CONNECT: Final = 0x7F


class _Applications:
    """Gives each message to the protocol that its first byte tells."""

    def __init__(self, flow: Flow, emit: Emit) -> None:
        self._flow = flow
        self._emit = emit
        self._readers: dict[int, cotp.Upper] = {}
        self._session = _Session(flow, emit)
        self._desktop: rdp.RdpSession | None = None
        self._asked: Record | None = None

    def take(self, message: bytes, frame: int, time: int, direction: Direction) -> None:
        """See `cotp.Upper`."""
        if message[0] == _MCS_CONNECT:
            self._open_desktop().take(message, frame, time, direction)
            take_over(self._flow, self._open_desktop())
            return
        identifier = message[0]
        reader = self._readers.get(identifier)
        if reader is None:
            reader = self._readers[identifier] = self._open(identifier)
        reader.take(message, frame, time, direction)

    def opened(self, variable: bytes, frame: int, time: int, direction: Direction) -> None:
        """See `cotp.Applications`."""
        negotiation = rdp.read_negotiation(variable)
        if negotiation is None:
            return
        desktop = self._open_desktop()
        self._asked = desktop.negotiated(negotiation, frame, time, direction, self._asked)
        if rdp.uses_tls(negotiation):
            take_over(self._flow, TlsSession(self._flow, self._emit))

    def _open_desktop(self) -> rdp.RdpSession:
        if self._desktop is None:
            self._desktop = rdp.open_session(self._flow, self._emit)
        return self._desktop

    def _open(self, identifier: int) -> cotp.Upper:
        if identifier == classic.PROTOCOL_IDENTIFIER:
            self._flow.service = classic.NAME
            return classic.Classic(self._emit)
        if identifier == plus.PROTOCOL_IDENTIFIER:
            self._flow.service = plus.NAME
            return plus.Plus(self._emit)
        return self._session


class _Session:
    """Reads MMS out of ISO session PDUs, and lets everything else pass."""

    def __init__(self, flow: Flow, emit: Emit) -> None:
        self._flow = flow
        self._mms = mms.Mms(emit)

    def take(self, message: bytes, frame: int, time: int, direction: Direction) -> None:
        """See `cotp.Upper`."""
        if self._mms.take(message, frame, time, direction):
            self._flow.service = mms.NAME


class IsoTransportSession(Session):
    """One transport connection."""

    __slots__ = ("_carrier",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._carrier = cotp.Carrier(emit, _Applications(flow, emit))

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        return self._carrier.feed(data, start, end, frame, time, direction)

    def gap(self, direction: Direction, missing: int) -> None:
        """See `Session.gap`."""
        self._carrier.gap()


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a TPKT."""
    return cotp.looks_like_tpkt(data, start, end)


DISSECTOR: Dissector = Dissector(
    name=NAME,
    session=IsoTransportSession,
    recognize=recognize,
    tcp=(102, 3389),
    over=("tcp",),
    records=(classic.NAME, plus.NAME, mms.NAME, rdp.NAME),
)
