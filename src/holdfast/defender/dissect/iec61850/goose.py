"""GOOSE (IEC 61850-8-1, section 18): one record a PDU.

Key: (APPID, control block reference, dataset, configuration revision, time allowed to live).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from holdfast.defender.dissect import ber
from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.iec61850.data import read_values, utc_time
from holdfast.defender.dissect.iec61850.station_bus import content_start, pdu_bounds
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import NOTICE, Emit, Fields, Record

NAME: Final = "goose"
_PDU: Final = 0x61
_GOCB_REF, _TIME_ALLOWED, _DATASET, _GO_ID, _TIME = 0x80, 0x81, 0x82, 0x83, 0x84
_CONF_REV, _ALL_DATA = 0x88, 0xAB
_MAXIMUM_BLOCKS: Final = 256

_NUMBERS: Final = {
    0x81: "timeAllowedtoLive",
    0x85: "stNum",
    0x86: "sqNum",
    0x88: "confRev",
    0x8A: "numDatSetEntries",
}
_TEXTS: Final = {0x80: "gocbRef", 0x82: "datSet", 0x83: "goID"}
_FLAGS: Final = {0x87: "simulation", 0x89: "ndsCom"}


class _ControlBlock(NamedTuple):
    """What a publisher repeats in every message."""

    head: bytes
    """The fields in front of the time."""
    reference: str
    dataset: str
    time_allowed: int


class GooseSession(Session):
    """The messages of one publisher to one group address."""

    __slots__ = ("_blocks",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._blocks: dict[int, _ControlBlock] = {}

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        appid, stop = pdu_bounds(data, start, end)
        first = content_start(data, start, stop, _PDU)
        block = self._blocks.get(appid)
        if block is None or not data.startswith(block.head, first):
            block = _read_control_block(data, first, stop)
            if len(self._blocks) < _MAXIMUM_BLOCKS:
                self._blocks[appid] = block
        revision = _revision(data, first + len(block.head), stop)
        key = (appid, block.reference, block.dataset, revision, block.time_allowed)
        self.emit(Record(frame, time, direction, NAME, "GOOSE", NOTICE, key, data[start:stop], _fields))
        return stop


def _read_control_block(data: bytes, first: int, stop: int) -> _ControlBlock:
    found = {_GOCB_REF: "", _DATASET: ""}
    time_allowed, position = 0, first
    for element in ber.children(data, first, stop):
        if element.tag >= _TIME:
            break
        if element.tag == _TIME_ALLOWED:
            time_allowed = ber.unsigned(data, element)
        else:
            found[element.tag] = text(data[element.start : element.stop])
        position = element.stop
    return _ControlBlock(data[first:position], found[_GOCB_REF], found[_DATASET], time_allowed)


def _revision(data: bytes, position: int, stop: int) -> int:
    """The configuration revision, behind time, numbers and the simulation flag: short fields all."""
    while position + 2 <= stop:
        tag, length = data[position], data[position + 1]
        finish = position + 2 + length
        if length >= 0x80 or finish > stop:
            break
        if tag == _CONF_REV:
            return int.from_bytes(data[position + 2 : finish], "big")
        position = finish
    raise MalformedError("pdu", "A GOOSE PDU has no configuration revision.")


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    data: bytes = record.body
    fields["appid"] = f"0x{data[0] << 8 | data[1]:04x}"
    first = content_start(data, 0, len(data), _PDU)
    for element in ber.children(data, first, len(data)):
        if element.tag in _NUMBERS:
            fields[_NUMBERS[element.tag]] = ber.unsigned(data, element)
        elif element.tag in _TEXTS:
            fields[_TEXTS[element.tag]] = text(data[element.start : element.stop])
        elif element.tag in _FLAGS:
            fields[_FLAGS[element.tag]] = any(data[element.start : element.stop])
        elif element.tag == _TIME:
            fields["t"] = utc_time(data[element.start : element.stop])
        elif element.tag == _ALL_DATA:
            fields["allData"] = read_values(data, element.start, element.stop)


DISSECTOR: Dissector = Dissector(name=NAME, session=GooseSession, ethertypes=(0x88B8,))
