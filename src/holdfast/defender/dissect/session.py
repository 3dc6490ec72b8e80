"""What every dissector is: a `Session` that turns payload into records, and a `Dissector` that describes it.

A session lives as long as its flow and sees both directions. It does no I/O, keeps no bytes beyond what it
returns as unread, and raises nothing but `MalformedError`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from holdfast.defender.flows.model import Direction, Flow, PayloadReader
from holdfast.defender.record import Emit, Fields, Record, Role
from holdfast.kernel.errors import InvalidError

Recognize = Callable[[bytes, int, int, bool], bool]
"""`recognize(data, start, end, expected)`: whether `data[start:end]` begins a conversation of this protocol.

`expected` is True when the flow uses one of the protocol's ports; without it, be strict: others may look
alike."""


class MalformedError(InvalidError):
    """Payload that breaks its protocol's rules. `kind` is a few fixed words, `offset` counts within the
    payload."""

    code = "MalformedPdu"

    def __init__(self, kind: str, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.kind = kind
        self.offset = offset


TRUNCATED: Final = "truncated"
"""`MalformedError.kind` when a PDU ends before its own lengths say."""

_PAYLOAD_SHOWN: Final = 64
"""Bytes of a malformed PDU that its record shows."""


def malformed_record(
    error: MalformedError, payload: bytes, frame: int, time: int, direction: Direction
) -> Record:
    """The record with `Role.MALFORMED` for `payload`, which the flow's service cannot read. The flow counts
    it."""
    flow = direction.flow
    flow.errors += 1
    protocol = flow.service or flow.transport
    details = {"reason": str(error), "offset": error.offset, "payload": payload[:_PAYLOAD_SHOWN].hex()}
    key = (protocol, error.kind)
    return Record(frame, time, direction, protocol, error.kind, Role.MALFORMED, key, details, _details)


def _details(record: Record) -> Fields:
    fields: Fields = record.body
    return fields


class Session(PayloadReader):
    """The dissector's state for one flow. Subclasses override `feed`."""

    __slots__ = ("emit", "flow")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        self.flow = flow
        self.emit = emit

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """Read `data[start:end]`, emit a record a PDU, and return the position up to which everything was
        read.

        On a stream the unread rest is given again in front of the next bytes; a datagram's rest is dropped.
        Raises `MalformedError`, after which a stream goes on at its next segment.
        """
        raise MalformedError("unreadable", f"{type(self).__name__} reads nothing.")

    def gap(self, direction: Direction, missing: int) -> None:
        """`missing` bytes of the stream were not captured; the next `feed` begins behind them."""


def take_over(flow: Flow, session: Session) -> None:
    """From the next payload on, `session` reads the flow: after STARTTLS and its like, for example."""
    flow.session = session
    flow.client.reader = flow.server.reader = session


@dataclass(frozen=True, slots=True, eq=False)
class Dissector:
    """A protocol's entry in the registry's table."""

    name: str
    """What records and flows call it."""
    session: Callable[[Flow, Emit], Session]
    recognize: Recognize | None = None
    """None for protocols that their EtherType or IP protocol number tells."""
    tcp: tuple[int, ...] = ()
    """TCP ports on which it is expected; it is recognized on others too."""
    udp: tuple[int, ...] = ()
    over: tuple[str, ...] = ()
    """Transports whose flows are asked: `tcp`, `udp`."""
    ethertypes: tuple[int, ...] = ()
    ip_protocols: tuple[int, ...] = ()
    records: tuple[str, ...] = ()
    """Other protocol names under which its records come, such as `cip` for `enip`."""
