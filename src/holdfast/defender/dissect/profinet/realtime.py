"""PROFINET real-time frames (EtherType 0x8892): cyclic data, alarms, time synchronization, DCP.

Key: (frame identifier,); of DCP see `dcp`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.profinet import dcp
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import NOTICE, Fields, Record

NAME: Final = "pn_rt"
PTCP: Final = "pn_ptcp"

_CLASSES: Final = (
    # First frame identifier, record protocol, kind (section 4.7.3.2).
    (0x0000, PTCP, "PTCP"),
    (0x0100, NAME, "RT_CLASS_3 cyclic"),
    (0x8000, NAME, "RT_CLASS_1 cyclic"),
    (0xC000, NAME, "RT_CLASS_UDP cyclic"),
    (0xFC00, NAME, "reserved"),
    (0xFC01, NAME, "Alarm high"),
    (0xFC02, NAME, "reserved"),
    (0xFE01, NAME, "Alarm low"),
    (0xFE02, NAME, "reserved"),
    (0xFE03, NAME, "RSI"),
    (0xFE04, NAME, "reserved"),
    (0xFEFC, dcp.NAME, "DCP"),
    (0xFF00, PTCP, "PTCP"),
    (0xFFA0, NAME, "Fragmentation"),
    (0xFFB0, NAME, "reserved"),
)
_STARTS: Final = tuple(first for first, _, _ in _CLASSES)
_KNOWN: Final = {
    identifier: _CLASSES[bisect_right(_STARTS, identifier) - 1][1:] for identifier in range(0x10000)
}
"""Record protocol and kind of each frame identifier: one look-up a frame."""
_STATUS_LENGTH: Final = 4
"""Of the APDU status at the end of cyclic data: cycle counter, data status, transfer status."""
_STATUS_BITS: Final = {
    0x01: "primary",
    0x02: "redundancy",
    0x04: "data_valid",
    0x10: "run",
    0x20: "station_ok",
    0x80: "ignore",
}


class RealtimeSession(Session):
    """The frames between two MAC addresses."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if end - start < 2:
            raise MalformedError(TRUNCATED, "A PROFINET frame has no frame identifier.")
        identifier = data[start] << 8 | data[start + 1]
        protocol, kind = _KNOWN[identifier]
        if protocol == dcp.NAME:
            self.emit(dcp.record(identifier, data[start + 2 : end], frame, time, direction))
            return end
        body = data[start:end]
        self.emit(Record(frame, time, direction, protocol, kind, NOTICE, (identifier,), body, _fields))
        return end


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    fields |= {"frame_id": f"0x{body[0] << 8 | body[1]:04x}", "frame_type": record.kind}
    if record.protocol == NAME and record.kind.endswith("cyclic") and len(body) >= 2 + _STATUS_LENGTH:
        fields["data_length"] = len(body) - 2 - _STATUS_LENGTH
        fields["cycle_counter"] = body[-4] << 8 | body[-3]
        fields["data_status"] = [name for bit, name in _STATUS_BITS.items() if body[-2] & bit]
        fields["transfer_status"] = body[-1]
    elif record.kind.startswith("Alarm") and len(body) >= 14:
        fields |= {
            "destination_endpoint": body[2] << 8 | body[3],
            "source_endpoint": body[4] << 8 | body[5],
            "pdu_type": body[6] & 15,
        }


DISSECTOR: Dissector = Dissector(
    name=NAME,
    session=RealtimeSession,
    ethertypes=(0x8892,),
    records=(dcp.NAME, PTCP),
)
