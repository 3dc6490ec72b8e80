"""BACnet/IP over UDP: one record a virtual link message.

Keys: of services and their answers (service, what the request is about as (object type, instance, property)
triples, source network, destination network), failures with the result code behind; of network messages
(message,); of virtual link messages (function,).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from holdfast.defender.dissect.bacnet.names import (
    ABORT_REASONS,
    CONFIRMED_SERVICES,
    LINK_FUNCTIONS,
    LINK_RESULTS,
    NETWORK_MESSAGES,
    PDU_TYPES,
    REJECT_REASONS,
    UNCONFIRMED_SERVICES,
)
from holdfast.defender.dissect.bacnet.services import About, about, read_service
from holdfast.defender.dissect.bacnet.tags import read_tag
from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.dissect.tables import names
from holdfast.defender.flows.addresses import ip_text
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record
from holdfast.kernel.structs import FrozenStruct

NAME: Final = "bacnet"
_BACNET_IP: Final = 0x81
_FORWARDED_NPDU: Final = 4
_DISTRIBUTE_BROADCAST: Final = 9
_ORIGINAL_UNICAST: Final = 10
_ORIGINAL_BROADCAST: Final = 11
_WITH_NPDU: Final = frozenset(
    {_FORWARDED_NPDU, _DISTRIBUTE_BROADCAST, _ORIGINAL_UNICAST, _ORIGINAL_BROADCAST}
)
_LINK_ROLES: Final = {0: RESPONSE, 3: RESPONSE, 7: RESPONSE}
_CONFIRMED: Final = 0
_UNCONFIRMED: Final = 1
_SIMPLE_ACK: Final = 2
_COMPLEX_ACK: Final = 3
_SEGMENT_ACK: Final = 4
_ERROR: Final = 5
_REJECT: Final = 6
_ABORT: Final = 7
_SEGMENTED: Final = 0x08
_MORE: Final = 0x04
# Bits of the network layer's control octet
_NETWORK_MESSAGE: Final = 0x80
_DESTINATION: Final = 0x20
_SOURCE: Final = 0x08
_ADDRESSED: Final = _DESTINATION | _SOURCE
_MAXIMUM_OUTSTANDING: Final = 64
_MAXIMUM_MESSAGE: Final = 256 * 1024
"""Bytes of one segmented message."""
_UNASKED_KINDS: Final = {_SEGMENT_ACK: "segment_ack", _REJECT: "reject", _ABORT: "abort"}
"""Names of answers that do not name their service."""
_ANNOUNCING: Final = frozenset({"who_is", "who_has", "who_am_i"})
_U16: Final[Callable[[bytes, int], tuple[int]]] = struct.Struct(">H").unpack_from


class _Network(FrozenStruct, frozen=True):
    """What the network layer says (clause 6.2)."""

    destination: int | None
    source: int | None
    destination_address: bytes
    source_address: bytes


_LOCAL: Final = _Network(None, None, b"", b"")
"""Nearly all messages stay in their network."""
_Asked = tuple[Record, About]


_UNASKED: Final[tuple[None, About]] = (None, ())


class BacnetSession(Session):
    """The messages between two BACnet/IP addresses; each side may ask."""

    __slots__ = ("_asked", "_segments")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._asked: dict[tuple[bool, int, bytes], _Asked] = {}
        self._segments: dict[tuple[bool, int, int], bytes] = {}

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if end - start < 4:
            raise MalformedError(TRUNCATED, "A BACnet virtual link header has 4 bytes.")
        if data[start] != _BACNET_IP:
            raise MalformedError("type", f"The virtual link type is 0x{data[start]:02x}.")
        function = data[start + 1]
        (length,) = _U16(data, start + 2)
        if length < 4:
            raise MalformedError("length", f"The length is {length}.", 2)
        body = data[start : min(start + length, end)]  # some devices count more than they send
        if function in _WITH_NPDU:
            self._network(body, 10 if function == _FORWARDED_NPDU else 4, frame, time, direction)
        else:
            kind = LINK_FUNCTIONS.get(function) or f"Unknown BVLC Function Code-0x{function:02x}"
            role = _LINK_ROLES.get(function, REQUEST)
            if function == 0 and any(body[4:6]):
                role = FAILURE
            self.emit(Record(frame, time, direction, NAME, kind, role, (kind,), body, _link_fields))
        return end

    def _network(self, body: bytes, start: int, frame: int, time: int, direction: Direction) -> None:
        """A network message, or what the network layer carries."""
        try:
            control, end, network = body[start + 1], start + 2, _LOCAL
            if body[start] != 1 or control & _ADDRESSED:
                end = _end_of_network(body, start)
                network = _network(body[start:end])
            sort = body[end] >> 4
            if control & _NETWORK_MESSAGE:
                self._network_message(body, end, frame, time, direction)
            elif sort == _CONFIRMED:
                self._confirmed(body, end, network, frame, time, direction)
            elif sort == _UNCONFIRMED:
                self._unconfirmed(body, end, network, frame, time, direction)
            elif sort <= _ABORT:
                self._answer(body, end, network, frame, time, direction)
            else:
                raise MalformedError("type", f"The APDU type {sort} does not exist.", end)
        except IndexError:
            raise MalformedError(TRUNCATED, "A BACnet message is cut.", len(body)) from None

    def _network_message(self, body: bytes, start: int, frame: int, time: int, direction: Direction) -> None:
        kind = NETWORK_MESSAGES.get(body[start]) or f"unknown-0x{body[start]:02x}"
        content = (body, start + 1)
        self.emit(Record(frame, time, direction, NAME, kind, NOTICE, (kind,), content, _network_fields))

    def _unconfirmed(
        self, body: bytes, start: int, network: _Network, frame: int, time: int, direction: Direction
    ) -> None:
        number = body[start + 1]
        kind = UNCONFIRMED_SERVICES.get(number) or f"Unknown Service Choice-0x{number:02x}"
        role = REQUEST if kind in _ANNOUNCING else NOTICE
        key = (kind, (), network.source, network.destination)
        content = (body, start, kind, body[start + 2 :])
        self.emit(Record(frame, time, direction, NAME, kind, role, key, content, _apdu_fields))

    def _confirmed(
        self, body: bytes, start: int, network: _Network, frame: int, time: int, direction: Direction
    ) -> None:
        flags, invoke, number = body[start], body[start + 2], body[start + 3]
        octets: bytes | None = body[start + 4 :]
        if flags & _SEGMENTED:
            place = (direction.to_server, invoke, _CONFIRMED)
            sequence, number = number, body[start + 5]
            octets = self._whole(body[start + 6 :], flags, sequence, place)
        kind = CONFIRMED_SERVICES.get(number) or f"Unknown Service Choice-0x{number:02x}"
        objects = about(kind, octets) if octets is not None else ()
        key = (kind, objects, network.source, network.destination)
        content = (body, start, kind, octets)
        record = Record(frame, time, direction, NAME, kind, REQUEST, key, content, _apdu_fields)
        self.emit(record)
        self._asked[direction.to_server, invoke, network.destination_address] = record, objects
        if len(self._asked) > _MAXIMUM_OUTSTANDING:
            del self._asked[next(iter(self._asked))]

    def _answer(
        self, body: bytes, start: int, network: _Network, frame: int, time: int, direction: Direction
    ) -> None:
        flags, invoke, number = body[start], body[start + 1], body[start + 2]
        octets: bytes | None = body[start + 3 :]
        sort = flags >> 4
        if sort == _COMPLEX_ACK and flags & _SEGMENTED:
            place = (direction.to_server, invoke, _COMPLEX_ACK)
            sequence, number = number, body[start + 4]
            octets = self._whole(body[start + 5 :], flags, sequence, place)
        pending = (not direction.to_server, invoke, network.source_address)
        request, objects = self._asked.get(pending, _UNASKED)
        kind = CONFIRMED_SERVICES.get(number) or f"Unknown Service Choice-0x{number:02x}"
        if sort in _UNASKED_KINDS:
            kind = request.kind if request else _UNASKED_KINDS[sort]
        if sort != _SEGMENT_ACK and octets is not None:
            self._asked.pop(pending, None)
        role = FAILURE if sort >= _ERROR else RESPONSE
        key: tuple[object, ...] = (kind, objects, network.source, network.destination)
        if role is FAILURE:
            key = (*key, number if sort != _ERROR else _error_code(octets or b""))
        content = (body, start, kind, octets)
        self.emit(Record(frame, time, direction, NAME, kind, role, key, content, _apdu_fields, request))

    def _whole(self, octets: bytes, flags: int, sequence: int, place: tuple[bool, int, int]) -> bytes | None:
        """The whole message of segments; None while some are missing."""
        begun = b"" if sequence == 0 else self._segments.pop(place, None)
        if begun is None or len(begun) + len(octets) > _MAXIMUM_MESSAGE:
            return None
        if not flags & _MORE:
            self._segments.pop(place, None)
            return begun + octets
        if len(self._segments) >= _MAXIMUM_OUTSTANDING:
            del self._segments[next(iter(self._segments))]
        self._segments[place] = begun + octets
        return None


def _end_of_network(body: bytes, start: int) -> int:
    """Where the layer above the network layer begins. Raises IndexError when the header is cut."""
    if body[start] != 1:
        raise MalformedError("version", "The BACnet network version is not 1.", start)
    control, end = body[start + 1], start + 2
    if control & _DESTINATION:
        end += 3 + body[end + 2]
    if control & _SOURCE:
        end += 3 + body[end + 2]
    return end + 1 if control & _DESTINATION else end  # the hop count


@lru_cache(maxsize=4096)
def _network(header: bytes) -> _Network:
    """A whole header from its version on."""
    reader = Reader(header, 2)
    destination = source = None
    destination_address = source_address = b""
    if header[1] & _DESTINATION:
        destination, destination_address = reader.u16(), reader.take(reader.u8())
    if header[1] & _SOURCE:
        source, source_address = reader.u16(), reader.take(reader.u8())
    return _Network(destination, source, destination_address, source_address)


def _error_code(octets: bytes) -> int:
    """Behind the error class, both as enumerated values; some services wrap them in tag 0."""
    reader = Reader(octets)
    try:
        tags = [tag for tag in (read_tag(reader) for _ in range(4) if reader.left) if tag.octets]
    except MalformedError:
        return -1
    return tags[1].unsigned if len(tags) > 1 else -1


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload is a virtual link message."""
    if end - start < 4 or data[start] != _BACNET_IP or data[start + 1] not in LINK_FUNCTIONS:
        return False
    length = data[start + 2] << 8 | data[start + 3]
    if length < 4:
        return False
    return expected or (length == end - start and (data[start + 1] not in _WITH_NPDU or length > 6))


def _link(body: bytes, fields: Fields) -> None:
    function = body[1]
    fields["bvlc_function"] = LINK_FUNCTIONS.get(function, f"Unknown BVLC Function Code-0x{function:02x}")
    if function == _FORWARDED_NPDU:
        fields["forwarded_for"] = f"{ip_text(body[4:8])}:{body[8] << 8 | body[9]}"


@fields_of
def _link_fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    _link(body, fields)
    if body[1] == 0 and len(body) >= 6:
        code = body[4] << 8 | body[5]
        fields["result_code"] = LINK_RESULTS.get(code, f"Unknown BVLC Result Code-0x{code:02x}")


def _network_header(body: bytes, fields: Fields) -> None:
    start = 10 if body[1] == _FORWARDED_NPDU else 4
    network = _network(body[start : _end_of_network(body, start)])
    if network.destination is not None:
        fields |= {"dnet": network.destination, "dadr": network.destination_address.hex()}
    if network.source is not None:
        fields |= {"snet": network.source, "sadr": network.source_address.hex()}


@fields_of
def _network_fields(record: Record, fields: Fields) -> None:
    body, start = record.body
    _link(body, fields)
    fields |= {"pdu_type": "NPDU", "pdu_service": record.kind}
    _network_header(body, fields)
    reader = Reader(body, start)
    if record.kind in ("i_am_router_to_network", "who_is_router_to_network"):
        fields["networks"] = [reader.u16() for _ in range(reader.left // 2)]


@fields_of
def _apdu_fields(record: Record, fields: Fields) -> None:
    body, start, kind, octets = record.body
    sort = body[start] >> 4
    _link(body, fields)
    _network_header(body, fields)
    fields |= {"pdu_type": PDU_TYPES[sort], "pdu_service": kind, "invoke_id": None, "result_code": None}
    if sort in _UNASKED_KINDS:
        fields["pdu_service"] = None if sort == _SEGMENT_ACK else _UNASKED_KINDS[sort]
    if sort == _UNCONFIRMED:
        read_service(kind, True, octets, fields)
        return
    fields["invoke_id"] = body[start + (2 if sort == _CONFIRMED else 1)]
    if sort in (_ERROR, _REJECT, _ABORT):
        _failure(sort, body[start + 2], octets or b"", fields)
    elif sort in (_CONFIRMED, _COMPLEX_ACK) and octets is not None:
        read_service(kind, sort == _CONFIRMED, octets, fields)
    elif octets is None:
        fields["segment"] = True


def _failure(sort: int, reason: int, octets: bytes, fields: Fields) -> None:
    if sort == _ERROR:
        code = _error_code(octets)
        fields["result_code"] = names("bacnet_errors").get(code, f"Unknown Error Code-0x{code:02x}")
    elif sort == _REJECT:
        fields["result_code"] = REJECT_REASONS.get(reason, f"Unknown Reject Reason-0x{reason:02x}")
    else:
        fields["result_code"] = ABORT_REASONS.get(reason, f"Unknown Abort Reason-0x{reason:02x}")


DISSECTOR: Dissector = Dissector(
    name=NAME, session=BacnetSession, recognize=recognize, udp=(47808,), over=("udp",)
)
