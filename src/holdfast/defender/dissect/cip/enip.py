"""EtherNet/IP encapsulation over TCP and UDP, with CIP inside, and CIP I/O over UDP.

Keys: of `enip` (command, status); of `cip_io` (connection identifier,); of `cip_identity` (vendor, device
type, product code, serial number); of `cip` see `message`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from holdfast.defender.dissect.cip.detail import identity_attributes
from holdfast.defender.dissect.cip.message import NAME as CIP
from holdfast.defender.dissect.cip.message import Conversation
from holdfast.defender.dissect.cip.names import COMMANDS, STATUSES
from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record

NAME: Final = "enip"
CIP_IO: Final = "cip_io"
CIP_IDENTITY: Final = "cip_identity"

_Header = tuple[int, int, int, int, bytes, int]
_HEADER: Final[Callable[[bytes, int], _Header]] = struct.Struct("<HHII8sI").unpack_from
_ITEM: Final[Callable[[bytes, int], tuple[int, int]]] = struct.Struct("<HH").unpack_from
_U16: Final[Callable[[bytes, int], tuple[int]]] = struct.Struct("<H").unpack_from
_CONNECTED: Final = struct.Struct("<6xHHH4xHHH").unpack_from
_CONNECTED_LENGTH: Final = 22
_IO: Final = struct.Struct("<HHHIIHH").unpack_from
_HEADER_LENGTH: Final = 24
_LIST_IDENTITY: Final = 0x63
_SEND_RR_DATA: Final = 0x6F
_SEND_UNIT_DATA: Final = 0x70
_WITH_PACKET_FORMAT: Final = frozenset({_SEND_RR_DATA, _SEND_UNIT_DATA})

_CONNECTED_ADDRESS: Final = 0x00A1
_CONNECTED_DATA: Final = 0x00B1
_UNCONNECTED_DATA: Final = 0x00B2
_IDENTITY: Final = 0x000C
_SEQUENCED_ADDRESS: Final = 0x8002
_MAXIMUM_ITEMS: Final = 16
_ONLY_CONNECTED: Final = [2, _CONNECTED_ADDRESS, 4, _CONNECTED_DATA]
"""How nearly all connected messages begin: two items, an address of four bytes, data."""


class EnipSession(Session):
    """Encapsulation messages of one connection."""

    __slots__ = ("_conversation",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._conversation = Conversation(emit)

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        while start + _HEADER_LENGTH <= end:
            command, length, _, status, context, _ = _HEADER(data, start)
            kind = COMMANDS.get(command)
            if kind is None:
                raise MalformedError("command", f"The encapsulation command 0x{command:04x} does not exist.")
            begin = start + _HEADER_LENGTH
            stop = begin + length
            if stop > end:
                return start
            role = REQUEST if direction.to_server else RESPONSE
            if status:
                role = FAILURE
            key, body = (command, status), data[start:begin]
            self.emit(Record(frame, time, direction, NAME, kind, role, key, body, _enip_fields))
            start = stop
            if not length:
                continue
            if command == _SEND_UNIT_DATA and length >= _CONNECTED_LENGTH:
                *head, size, sequence = _CONNECTED(data, begin)
                if head == _ONLY_CONNECTED and 4 <= size <= length - _CONNECTED_LENGTH + 2:
                    octets = data[begin + _CONNECTED_LENGTH : begin + _CONNECTED_LENGTH - 2 + size]
                    self._conversation.take(octets, (frame, time, direction, sequence), sequence)
                    continue
            if command in _WITH_PACKET_FORMAT:
                self._packet_items(data, begin + 6, stop, context, (frame, time, direction))
            elif command == _LIST_IDENTITY:
                self._packet_items(data, begin, stop, context, (frame, time, direction))
        return start

    def _packet_items(
        self, data: bytes, start: int, stop: int, context: bytes, message: tuple[int, int, Direction]
    ) -> None:
        """The common packet format (volume 2, section 2-6): a count, then items with type and length."""
        if start + 2 > stop:
            raise MalformedError(TRUNCATED, "The common packet format has no item count.", start)
        (count,) = _U16(data, start)
        start += 2
        for _ in range(min(count, _MAXIMUM_ITEMS)):
            if start + 4 > stop:
                raise MalformedError(TRUNCATED, f"{count} items are announced, fewer are there.", start)
            kind, length = _ITEM(data, start)
            start += 4
            finish = start + length
            if finish > stop:
                raise MalformedError(TRUNCATED, "An item is longer than its message.", start)
            self._item(kind, data, start, finish, context, message)
            start = finish

    def _item(
        self,
        kind: int,
        data: bytes,
        start: int,
        finish: int,
        context: bytes,
        message: tuple[int, int, Direction],
    ) -> None:
        if kind == _UNCONNECTED_DATA:
            self._conversation.take(data[start:finish], (*message, None), context)
        elif kind == _CONNECTED_DATA and finish - start >= 4:
            (sequence,) = _U16(data, start)
            self._conversation.take(data[start + 2 : finish], (*message, sequence), sequence)
        elif kind == _IDENTITY:
            body = data[start:finish]
            key = (body[18:24], body[28:32])
            self.emit(Record(*message, CIP_IDENTITY, "Identity", NOTICE, key, body, _identity_fields))


class CipIoSession(Session):
    """I/O of class 0 and 1 connections over UDP (volume 2, section 3-2.1): an address item and a data
    item."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if end - start < 18:
            raise MalformedError(TRUNCATED, "A CIP I/O packet has at least 18 bytes.")
        count, address, octets, connection, _, kind, length = _IO(data, start)
        if count < 2 or address != _SEQUENCED_ADDRESS or octets != 8 or kind != _CONNECTED_DATA:
            raise MalformedError("items", "A CIP I/O packet has a sequenced address and connected data.")
        if start + 18 + length > end:
            raise MalformedError(TRUNCATED, "CIP I/O data is longer than its packet.", 16)
        body = data[start + 6 : start + 18 + length]
        self.emit(Record(frame, time, direction, CIP_IO, "I/O Data", NOTICE, (connection,), body, _io_fields))
        return end


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with an encapsulation header: off its ports it must be the whole payload."""
    if end - start < _HEADER_LENGTH:
        return False
    command, length, _, status, _, options = _HEADER(data, start)
    if command not in COMMANDS or status not in STATUSES:
        return False
    return expected or (command != 0 and options == 0 and start + _HEADER_LENGTH + length == end)


def recognize_io(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload is a CIP I/O packet."""
    if end - start < 18:
        return False
    count, address, octets, _, _, kind, length = _IO(data, start)
    expected_items = (2, _SEQUENCED_ADDRESS, 8, _CONNECTED_DATA)
    return (count, address, octets, kind) == expected_items and bool(start + 18 + length <= end)


@fields_of
def _enip_fields(record: Record, fields: Fields) -> None:
    command, length, session, status, context, options = _HEADER(record.body, 0)
    fields |= {
        "enip_command_code": f"0x{command:02x}",
        "enip_command": record.kind,
        "length": length,
        "session_handle": f"0x{session:08x}",
        "enip_status": STATUSES.get(status, f"Unknown ENIP Status-0x{status:02x}"),
        "sender_context": f"0x{context.hex()}",
        "options": f"0x{options:08x}",
    }


@fields_of
def _identity_fields(record: Record, fields: Fields) -> None:
    """The identity item (volume 2, section 2-4.3): the socket address in network order, then the Identity
    object."""
    reader = Reader(record.body)
    fields["encapsulation_version"] = reader.u16_little()
    reader.skip(2)
    fields["socket_port"], fields["socket_address"] = reader.u16(), ip_text(reader.take(4))
    reader.skip(8)
    fields |= identity_attributes(reader)
    fields["device_state"] = f"0x{reader.u8():04x}"


@fields_of
def _io_fields(record: Record, fields: Fields) -> None:
    reader = Reader(record.body)
    fields["connection_id"] = f"0x{reader.u32_little():08x}"
    fields["sequence_number"] = reader.u32_little()
    reader.skip(2)
    fields["data_length"] = reader.u16_little()
    fields["io_data"] = reader.rest().hex()


DISSECTOR: Dissector = Dissector(
    name=NAME,
    session=EnipSession,
    recognize=recognize,
    tcp=(44818,),
    udp=(44818,),
    over=("tcp", "udp"),
    records=(CIP, CIP_IDENTITY),
)

IO_DISSECTOR: Dissector = Dissector(
    name=CIP_IO, session=CipIoSession, recognize=recognize_io, udp=(2222,), over=("udp",)
)
