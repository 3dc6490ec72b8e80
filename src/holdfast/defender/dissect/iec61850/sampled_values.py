"""Sampled values (IEC 61850-9-2, section 8): one record a PDU, which holds one or more ASDUs.

Key: (APPID, sampled value identifier, dataset, configuration revision) of the first ASDU.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from holdfast.defender.dissect import ber
from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.iec61850.data import utc_time
from holdfast.defender.dissect.iec61850.station_bus import content_start, pdu_bounds
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import NOTICE, Emit, Fields, Record

NAME: Final = "sv"
_PDU, _SEQUENCE_OF_ASDU, _ASDU = 0x60, 0xA2, 0x30
_SV_ID, _DATASET, _SAMPLE_COUNT, _CONF_REV = 0x80, 0x81, 0x82, 0x83
_REFRESH_TIME, _SAMPLES = 0x84, 0x87
_NUMBERS: Final = {0x82: "smpCnt", 0x83: "confRev", 0x85: "smpSynch", 0x86: "smpRate", 0x88: "smpMod"}
_MAXIMUM_STREAMS: Final = 256


class _Stream(NamedTuple):
    """What a publisher repeats in every message: everything up to the sample counter."""

    head: bytes
    identifier: str
    dataset: str


class SampledValuesSession(Session):
    """The messages of one publisher to one group address."""

    __slots__ = ("_streams",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._streams: dict[int, _Stream] = {}

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        appid, stop = pdu_bounds(data, start, end)
        first = content_start(data, start, stop, _PDU)
        stream = self._streams.get(appid)
        if stream is None or not data.startswith(stream.head, first):
            stream = _read_stream(data, first, stop)
            if len(self._streams) < _MAXIMUM_STREAMS:
                self._streams[appid] = stream
        counter = first + len(stream.head)
        revision = _revision(data, counter, stop)
        key = (appid, stream.identifier, stream.dataset, revision)
        self.emit(Record(frame, time, direction, NAME, "SV", NOTICE, key, data[start:stop], _fields))
        return stop


def _read_stream(data: bytes, first: int, stop: int) -> _Stream:
    asdu = ber.find(data, first, stop, (_SEQUENCE_OF_ASDU, _ASDU))
    if asdu is None:
        raise MalformedError("pdu", "A sampled value PDU has no ASDU.")
    identifier = dataset = ""
    position = asdu.start
    for element in ber.children(data, asdu.start, asdu.stop):
        if element.tag == _SV_ID:
            identifier = text(data[element.start : element.stop])
        elif element.tag == _DATASET:
            dataset = text(data[element.start : element.stop])
        else:
            return _Stream(data[first:position], identifier, dataset)
        position = element.stop
    raise MalformedError("pdu", "A sampled value ASDU has no samples.")


def _revision(data: bytes, position: int, stop: int) -> int:
    """The configuration revision, which follows the sample counter."""
    count = ber.read(data, position, stop)
    revision = ber.read(data, count.stop, stop)
    if count.tag != _SAMPLE_COUNT or revision.tag != _CONF_REV:
        raise MalformedError("pdu", "A sampled value ASDU has no counter and revision.")
    return ber.unsigned(data, revision)


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    data: bytes = record.body
    fields["appid"] = f"0x{data[0] << 8 | data[1]:04x}"
    first = content_start(data, 0, len(data), _PDU)
    found = ber.find(data, first, len(data), (_SEQUENCE_OF_ASDU,))
    asdus: list[Fields] = []
    fields["asdus"] = asdus
    if found is None:
        return
    asdus += [_asdu(data, each) for each in ber.children(data, found.start, found.stop)]
    fields["noASDU"] = len(asdus)
    if asdus:
        fields |= {
            name: asdus[0][name] for name in ("svID", "datSet", "smpCnt", "confRev") if name in asdus[0]
        }


def _asdu(data: bytes, asdu: ber.Element) -> Fields:
    entry: Fields = {}
    for element in ber.children(data, asdu.start, asdu.stop):
        octets = data[element.start : element.stop]
        if element.tag in _NUMBERS:
            entry[_NUMBERS[element.tag]] = int.from_bytes(octets, "big")
        elif element.tag == _SV_ID:
            entry["svID"] = text(octets)
        elif element.tag == _DATASET:
            entry["datSet"] = text(octets)
        elif element.tag == _REFRESH_TIME:
            entry["refrTm"] = utc_time(octets)
        elif element.tag == _SAMPLES:
            entry["seqData"] = octets.hex()
    return entry


DISSECTOR: Dissector = Dissector(name=NAME, session=SampledValuesSession, ethertypes=(0x88BA,))
