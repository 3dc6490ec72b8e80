"""DNS (RFC 1035) over UDP and TCP, multicast DNS (RFC 6762) and LLMNR (RFC 4795).

Key: (operation or response code, name and type of the first question or answer).
"""

from __future__ import annotations

import struct
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record

DNS, MDNS, LLMNR = "dns", "mdns", "llmnr"
_BY_PORT: Final = {5353: MDNS, 5355: LLMNR}
_HEADER: Final = struct.Struct(">HHHHHH").unpack_from
_HEADER_LENGTH: Final = 12
_RESPONSE: Final = 0x8000
_MAXIMUM_OUTSTANDING: Final = 64
_MAXIMUM_QUESTIONS: Final = 16
"""Where no port tells; multicast DNS asks far more."""
_MAXIMUM_RECORDS: Final = 256
_MAXIMUM_JUMPS: Final = 32
_MAXIMUM_NAME: Final = 255

TYPES: Final = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    10: "NULL",
    12: "PTR",
    13: "HINFO",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    35: "NAPTR",
    41: "OPT",
    43: "DS",
    46: "RRSIG",
    47: "NSEC",
    48: "DNSKEY",
    65: "HTTPS",
    252: "AXFR",
    255: "*",
}
CLASSES: Final = {1: "C_INTERNET", 3: "C_CHAOS", 255: "C_ANY"}
RESPONSE_CODES: Final = {
    0: "NOERROR",
    1: "FORMERR",
    2: "SERVFAIL",
    3: "NXDOMAIN",
    4: "NOTIMP",
    5: "REFUSED",
    6: "YXDOMAIN",
    9: "NOTAUTH",
}
_OPERATIONS: Final = {0: "query", 1: "inverse query", 2: "status", 4: "notify", 5: "update"}


class DnsSession(Session):
    """The messages between two ports."""

    __slots__ = ("_asked", "_name")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        port = flow.server.source.port
        self._name = _BY_PORT.get(port) or _BY_PORT.get(flow.client.source.port, DNS)
        self._asked: dict[tuple[int, bool], Record] = {}
        flow.service = self._name

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if self.flow.transport == "udp":
            self._message(data[start:end], frame, time, direction)
            return end
        while start + 2 <= end:
            stop = start + 2 + (data[start] << 8 | data[start + 1])
            if stop > end:
                return start
            self._message(data[start + 2 : stop], frame, time, direction)
            start = stop
        return start

    def _message(self, body: bytes, frame: int, time: int, direction: Direction) -> None:
        if len(body) < _HEADER_LENGTH:
            raise MalformedError(TRUNCATED, "A DNS header has 12 bytes.")
        identifier, flags, questions, answers, _, _ = _HEADER(body)
        name, kind_number = _first_name(body, questions or answers)
        operation = _OPERATIONS.get(flags >> 11 & 15, f"operation-{flags >> 11 & 15}")
        if not flags & _RESPONSE:
            key: tuple[object, ...] = (operation, name, kind_number)
            record = Record(frame, time, direction, self._name, operation, REQUEST, key, body, _fields)
            self.emit(record)
            self._asked[identifier, direction.to_server] = record
            if len(self._asked) > _MAXIMUM_OUTSTANDING:
                del self._asked[next(iter(self._asked))]
            return
        request = self._asked.pop((identifier, not direction.to_server), None)
        code = flags & 15
        key = (RESPONSE_CODES.get(code, f"{code}"), name, kind_number)
        role = FAILURE if code else (RESPONSE if self._name == DNS else NOTICE)
        self.emit(Record(frame, time, direction, self._name, "response", role, key, body, _fields, request))


def _first_name(body: bytes, count: int) -> tuple[str, int]:
    if not count:
        return "", 0
    reader = Reader(body, _HEADER_LENGTH)
    name = read_name(reader)
    return name, reader.u16()


def read_name(reader: Reader) -> str:
    """A domain name with its compression undone. Raises `MalformedError` for loops and overlong names."""
    labels: list[str] = []
    position, jumped = reader.position, False
    length = 0
    for _ in range(_MAXIMUM_JUMPS + 128):
        if position >= reader.end:
            raise MalformedError(TRUNCATED, "A name is cut.", position)
        octet = reader.data[position]
        if octet >= 0xC0:
            if position + 2 > reader.end:
                raise MalformedError(TRUNCATED, "A name's pointer is cut.", position)
            if not jumped:
                reader.position, jumped = position + 2, True
            position = (octet & 0x3F) << 8 | reader.data[position + 1]
            continue
        position += 1 + octet
        if octet == 0:
            if not jumped:
                reader.position = position
            return ".".join(labels)
        length += 1 + octet
        if octet > 63 or length > _MAXIMUM_NAME or position > reader.end:
            raise MalformedError("name", "A name is longer than 255 bytes or its message.", position)
        labels.append(text(reader.data[position - octet : position]))
    raise MalformedError("name", "A name's pointers go round.", reader.position)


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload is a message with a readable question and sensible counts."""
    if end - start > 2 and data[start] << 8 | data[start + 1] == end - start - 2:
        start += 2  # over TCP the length stands in front
    if end - start < _HEADER_LENGTH + 5:
        return False
    _, flags, questions, answers, authorities, additional = _HEADER(data, start)
    if flags >> 11 & 15 not in _OPERATIONS or flags & 0x0040:
        return False
    if questions > (_MAXIMUM_RECORDS if expected else _MAXIMUM_QUESTIONS):
        return False
    if (not questions and not (expected and answers)) or max(
        answers, authorities, additional
    ) > _MAXIMUM_RECORDS:
        return False
    try:
        _, kind = _first_name(data[start:end], 1)
    except MalformedError:
        return False
    return expected or (questions == 1 and kind in TYPES)


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    identifier, flags, questions, answers, authorities, additional = _HEADER(body)
    fields |= {
        "trans_id": identifier,
        "opcode": flags >> 11 & 15,
        "AA": bool(flags & 0x0400),
        "TC": bool(flags & 0x0200),
        "RD": bool(flags & 0x0100),
        "RA": bool(flags & 0x0080),
        "Z": flags >> 4 & 7,
    }
    if flags & _RESPONSE:
        fields["rcode"], fields["rcode_name"] = flags & 15, RESPONSE_CODES.get(flags & 15, f"{flags & 15}")
    reader = Reader(body, _HEADER_LENGTH)
    asked = [_question(reader) for _ in range(min(questions, _MAXIMUM_RECORDS))]
    if asked:
        name, kind, group = asked[0]
        fields |= {
            "query": name,
            "qtype": kind,
            "qtype_name": TYPES.get(kind, f"query-{kind}"),
            "qclass": group & 0x7FFF,
            "qclass_name": CLASSES.get(group & 0x7FFF, f"qclass-{group & 0x7FFF}"),
        }
        if len(asked) > 1:
            fields["queries"] = [name for name, _, _ in asked]
    records: list[Fields] = []
    fields["records"] = records
    records += [_resource(reader) for _ in range(min(answers + authorities + additional, _MAXIMUM_RECORDS))]
    fields["answers"] = [each["value"] for each in records[:answers]]
    fields["TTLs"] = [each["ttl"] for each in records[:answers]]


def _question(reader: Reader) -> tuple[str, int, int]:
    return read_name(reader), reader.u16(), reader.u16()


def _resource(reader: Reader) -> Fields:
    name, kind, group, ttl = read_name(reader), reader.u16(), reader.u16(), reader.u32()
    length = reader.u16()
    inner = Reader(reader.data, reader.position, reader.position + length)
    reader.skip(length)
    return {
        "name": name,
        "type": TYPES.get(kind, f"type-{kind}"),
        "class": group & 0x7FFF,
        "ttl": ttl,
        "value": _value(kind, inner),
    }


def _value(kind: int, inner: Reader) -> str:
    """Of a resource record, as text; names within it may point anywhere in the message."""
    if kind in (1, 28):
        octets = inner.rest()
        return ip_text(octets) if len(octets) in (4, 16) else octets.hex()
    if kind in (2, 5, 12):
        return read_name(inner)
    if kind == 33:
        _, _, port = inner.u16(), inner.u16(), inner.u16()
        return f"{read_name(inner)}:{port}"
    if kind == 15:
        inner.skip(2)
        return read_name(inner)
    if kind in (13, 16):
        parts: list[str] = []
        while inner.left:
            parts.append(text(inner.take(inner.u8())))
        return " ".join(parts)
    return inner.rest().hex()


DISSECTOR: Dissector = Dissector(
    name=DNS,
    session=DnsSession,
    recognize=recognize,
    tcp=(53,),
    udp=(53, 5353, 5355),
    over=("tcp", "udp"),
    records=(MDNS, LLMNR),
)
