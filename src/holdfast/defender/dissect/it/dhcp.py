"""DHCP (RFC 2131, RFC 2132) over UDP. Key: (message type, client's MAC, requested or assigned address)."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text, mac_text
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Fields, Record

NAME: Final = "dhcp"
_COOKIE: Final = b"\x63\x82\x53\x63"
_HEADER_LENGTH: Final = 236
MESSAGES: Final = {
    1: ("DISCOVER", REQUEST),
    2: ("OFFER", RESPONSE),
    3: ("REQUEST", REQUEST),
    4: ("DECLINE", FAILURE),
    5: ("ACK", RESPONSE),
    6: ("NAK", FAILURE),
    7: ("RELEASE", NOTICE),
    8: ("INFORM", REQUEST),
}
_MESSAGE_TYPE, _REQUESTED, _PAD, _END = 53, 50, 0, 255
_TEXTS: Final = {12: "host_name", 15: "domain", 56: "message", 60: "vendor_class", 67: "bootfile"}
_ADDRESSES: Final = {1: "subnet_mask", 50: "requested_addr", 54: "server_addr"}
_ADDRESS_LISTS: Final = {3: "routers", 6: "dns_servers", 42: "ntp_servers"}
_LEASE, _PARAMETERS, _CLIENT_IDENTIFIER, _FQDN = 51, 55, 61, 81


class DhcpSession(Session):
    """The messages between two addresses."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if end - start < _HEADER_LENGTH:
            raise MalformedError(TRUNCATED, "A DHCP message has at least 236 bytes.")
        body = data[start:end]
        options = _options(body)
        number = options.get(_MESSAGE_TYPE, b"\0")[:1]
        default = ("BOOTP request", REQUEST) if body[0] == 1 else ("BOOTP reply", RESPONSE)
        kind, role = MESSAGES.get(number[0] if number else 0, default)
        address = options.get(_REQUESTED, body[16:20])
        key = (kind, body[28:34], address)
        self.emit(Record(frame, time, direction, NAME, kind, role, key, (body, options), _fields))
        return end


def _options(body: bytes) -> dict[int, bytes]:
    """Options by number; parts of the same one are joined (RFC 3396)."""
    found: dict[int, bytes] = {}
    if body[_HEADER_LENGTH : _HEADER_LENGTH + 4] != _COOKIE:
        return found
    reader = Reader(body, _HEADER_LENGTH + 4)
    while reader.left:
        code = reader.u8()
        if code == _END:
            break
        if code != _PAD and reader.left:
            octets = reader.take(reader.u8())
            found[code] = found.get(code, b"") + octets
    return found


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload is a BOOTP message with DHCP's cookie."""
    if end - start < _HEADER_LENGTH + 4 or data[start] not in (1, 2):
        return False
    return data[start + _HEADER_LENGTH : start + _HEADER_LENGTH + 4] == _COOKIE


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    body, options = record.body
    fields |= {
        "msg_type": record.kind,
        "trans_id": int.from_bytes(body[4:8], "big"),
        "mac": mac_text(body[28:34])
        if body[1] == 1 and body[2] == 6
        else body[28 : 28 + min(body[2], 16)].hex(),
        "client_addr": _address(body[12:16]),
        "assigned_addr": _address(body[16:20]),
        "relay_addr": _address(body[24:28]),
    }
    for code, octets in options.items():
        if code in _TEXTS:
            fields[_TEXTS[code]] = text(octets)
        elif code in _ADDRESSES and len(octets) == 4:
            fields[_ADDRESSES[code]] = ip_text(octets)
        elif code in _ADDRESS_LISTS:
            starts = range(0, len(octets) - 3, 4)
            fields[_ADDRESS_LISTS[code]] = [ip_text(octets[start : start + 4]) for start in starts]
        elif code == _LEASE:
            fields["lease_time"] = int.from_bytes(octets, "big")
        elif code == _PARAMETERS:
            fields["parameters"] = list(octets)
        elif code == _CLIENT_IDENTIFIER:
            fields["client_id"] = octets.hex()
        elif code == _FQDN and len(octets) > 3:
            fields["client_fqdn"] = text(octets[3:])


def _address(octets: bytes) -> str | None:
    return ip_text(octets) if any(octets) else None


DISSECTOR: Dissector = Dissector(
    name=NAME, session=DhcpSession, recognize=recognize, udp=(67, 68), over=("udp",)
)
