"""Remote Desktop ([MS-RDPBCGR]): the negotiation in the transport connection, the settings behind it, and
PDUs of sessions without TLS.

Keys: of a connection request (kind, cookie), a confirmation (kind, protocol or failure code), settings (kind,
client name, client build); of everything else (kind,).
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

NAME: Final = "rdp"
_REQUEST, _RESPONSE, _FAILURE = 1, 2, 3
_NEGOTIATION: Final = struct.Struct("<BBHI").unpack_from
_COOKIE: Final = b"Cookie: mstshash="
_TOKEN: Final = b"Cookie: msts="
SECURITY: Final = {0: "RDP", 1: "SSL", 2: "HYBRID", 4: "RDSTLS", 8: "HYBRID_EX", 16: "RDSAAD"}
"""By Zeek's names."""
_FAILURES: Final = {
    1: "SSL_REQUIRED_BY_SERVER",
    2: "SSL_NOT_ALLOWED_BY_SERVER",
    3: "SSL_CERT_NOT_ON_SERVER",
    4: "INCONSISTENT_FLAGS",
    5: "HYBRID_REQUIRED_BY_SERVER",
    6: "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
}
_BUILDS: Final = {
    419: "RDP 4.0",
    2195: "RDP 5.0",
    2221: "RDP 5.0",
    2600: "RDP 5.1",
    3790: "RDP 5.2",
    6000: "RDP 6.0",
    6001: "RDP 6.1",
    6002: "RDP 6.2",
    7600: "RDP 7.0",
    7601: "RDP 7.1",
    9200: "RDP 8.0",
    9600: "RDP 8.1",
}
_ENCRYPTION_METHODS: Final = {0: "None", 1: "40bit", 2: "128bit", 8: "56bit", 16: "FIPS"}
_ENCRYPTION_LEVELS: Final = {0: "None", 1: "Low", 2: "Client compatible", 3: "High", 4: "FIPS"}

_CONNECT_INITIAL, _CONNECT_RESPONSE = b"\x7f\x65", b"\x7f\x66"
_DOMAIN_PDUS: Final = {
    1: "erect domain",
    8: "disconnect provider ultimatum",
    10: "attach user request",
    11: "attach user confirm",
    14: "channel join request",
    15: "channel join confirm",
    25: "send data request",
    26: "send data indication",
}
"""Of T.125, by the upper six bits of the first byte."""
_CLIENT_CORE, _CLIENT_NETWORK, _SERVER_CORE, _SERVER_SECURITY = 0xC001, 0xC003, 0x0C01, 0x0C02
_TPKT_VERSION: Final = 3
_PAYLOAD_OF_DATA: Final = 7
"""Bytes of TPKT and data TPDU in front of an MCS PDU."""


class Negotiation(NamedTuple):
    """What stands behind the fixed part of a connection request or confirmation."""

    cookie: str
    token: str
    kind: int
    """0 where there is no negotiation."""
    flags: int
    value: int
    """Of a request the protocols offered, of a response the one selected, of a failure its code."""


def read_negotiation(variable: bytes) -> Negotiation | None:
    """Of the part of a CR or CC behind its class; None when it is not that of RDP."""
    cookie = token = ""
    for mark in (_COOKIE, _TOKEN):
        if variable.startswith(mark):
            line, _, variable = variable.partition(b"\r\n")
            if mark == _COOKIE:
                cookie = text(line[len(mark) :])
            else:
                token = text(line[len(mark) :])
    if len(variable) >= 8 and variable[0] in (_REQUEST, _RESPONSE, _FAILURE) and variable[2:4] == b"\x08\0":
        kind, flags, _, value = _NEGOTIATION(variable)
        return Negotiation(cookie, token, kind, flags, value)
    return Negotiation(cookie, token, 0, 0, 0) if cookie or token else None


class RdpSession(Session):
    """A connection that does without TLS: TPKTs and fast-path PDUs."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        while start + 4 <= end:
            slow = data[start] == _TPKT_VERSION
            if slow:
                length = data[start + 2] << 8 | data[start + 3]
            else:
                length = data[start + 1]
                if length & 0x80:
                    length = (length & 0x7F) << 8 | data[start + 2]
            if length < 3 or (slow and length <= _PAYLOAD_OF_DATA):
                raise MalformedError("length", f"A PDU has {length} bytes.")
            if start + length > end:
                return start
            if slow:
                self.take(data[start + _PAYLOAD_OF_DATA : start + length], frame, time, direction)
            else:
                self._say("fast path", data[start : start + length], frame, time, direction)
            start += length
        return start

    def negotiated(
        self, negotiation: Negotiation, frame: int, time: int, direction: Direction, request: Record | None
    ) -> Record:
        """Emit and return the record of the connection's request or confirmation."""
        if direction.to_server:
            kind, role, about = "connection request", Role.REQUEST, negotiation.cookie
        else:
            failed = negotiation.kind == _FAILURE
            kind, role = "connection confirm", Role.FAILURE if failed else Role.RESPONSE
            about = (_FAILURES if failed else SECURITY).get(negotiation.value, str(negotiation.value))
        key = (kind, about)
        record = Record(
            frame, time, direction, NAME, kind, role, key, negotiation, _negotiation_fields, request
        )
        self.emit(record)
        return record

    def take(self, message: bytes, frame: int, time: int, direction: Direction) -> None:
        """Read one MCS PDU (T.125)."""
        if message.startswith((_CONNECT_INITIAL, _CONNECT_RESPONSE)):
            initial = message.startswith(_CONNECT_INITIAL)
            kind = "client settings" if initial else "server settings"
            settings = _settings(message)
            key = (kind, settings.get("client_name"), settings.get("client_build"))
            role = Role.REQUEST if initial else Role.RESPONSE
            self.emit(Record(frame, time, direction, NAME, kind, role, key, settings, _settings_fields))
            return
        kind = _DOMAIN_PDUS.get(message[0] >> 2, "") if message else ""
        if not kind:
            raise MalformedError("mcs", "An MCS PDU has an unknown type.")
        self._say(kind, message, frame, time, direction)

    def _say(self, kind: str, message: bytes, frame: int, time: int, direction: Direction) -> None:
        length = len(message)
        self.emit(Record(frame, time, direction, NAME, kind, Role.NOTICE, (kind,), length, _length_fields))


def uses_tls(negotiation: Negotiation) -> bool:
    """Whether a confirmation selects a protocol that begins with TLS."""
    return negotiation.kind == _RESPONSE and bool(negotiation.value & 0b1011)


@fields_of
def _negotiation_fields(record: Record, fields: Fields) -> None:
    negotiation: Negotiation = record.body
    if record.role is Role.REQUEST:
        fields |= {"cookie": negotiation.cookie or None, "routing_token": negotiation.token or None}
        offered = [name for bit, name in SECURITY.items() if bit & negotiation.value]
        fields["requested_protocols"] = offered or [SECURITY[0]]
    elif record.role is Role.FAILURE:
        fields["result"] = _FAILURES.get(negotiation.value, f"unknown-{negotiation.value}")
    else:
        fields["security_protocol"] = SECURITY.get(negotiation.value, f"unknown-{negotiation.value}")
        fields["result"] = "encrypted" if uses_tls(negotiation) else "Success"


def _settings(message: bytes) -> Fields:
    """The blocks of a GCC conference's user data (section 2.2.1.3); what is cut off is left out."""
    settings: Fields = {}
    mark = max(message.find(b"Duca"), message.find(b"McDn"))
    if mark < 0:
        return settings
    reader = Reader(message, mark + 4)
    try:
        if reader.u8() & 0x80:
            reader.skip(1)
        while reader.left >= 4:
            kind, length = reader.u16_little(), reader.u16_little()
            if length < 4:
                raise MalformedError(TRUNCATED, "A block of settings is shorter than its header.")
            _block(kind, reader.within(length - 4), settings)
    except MalformedError:
        settings["truncated"] = True
    return settings


def _block(kind: int, block: Reader, settings: Fields) -> None:
    if kind == _CLIENT_CORE:
        _client_core(block, settings)
    elif kind == _CLIENT_NETWORK:
        count = min(block.u32_little(), block.left // 12)
        settings["client_channels"] = [text(block.take(12)[:8].split(b"\0", 1)[0]) for _ in range(count)]
    elif kind == _SERVER_CORE:
        settings["server_version"] = f"{block.u32_little():#010x}"
    elif kind == _SERVER_SECURITY:
        method, level = block.u32_little(), block.u32_little()
        settings["encryption_method"] = _ENCRYPTION_METHODS.get(method, str(method))
        settings["encryption_level"] = _ENCRYPTION_LEVELS.get(level, str(level))


def _client_core(block: Reader, settings: Fields) -> None:
    settings["client_version"] = f"{block.u32_little():#010x}"
    settings["desktop_width"], settings["desktop_height"] = block.u16_little(), block.u16_little()
    block.skip(4)
    settings["keyboard_layout"] = block.u32_little()
    build = block.u32_little()
    settings["client_build"] = _BUILDS.get(build, str(build))
    settings["client_name"] = _wide(block.take(32))
    block.skip(12 + 64)
    if block.left >= 16:
        block.skip(8)
        settings["requested_color_depth"] = f"{block.u16_little()}bit"
        block.skip(4)
    if block.left >= 64:
        settings["client_dig_product_id"] = _wide(block.take(64))


def _wide(octets: bytes) -> str:
    return octets.decode("utf-16-le", "replace").split("\0", 1)[0]


def _settings_fields(record: Record) -> Fields:
    settings: Fields = record.body
    return settings


@fields_of
def _length_fields(record: Record, fields: Fields) -> None:
    fields["length"] = record.body


def open_session(flow: Flow, emit: Emit) -> RdpSession:
    """The reader of a transport connection that turned out to be RDP."""
    flow.service = NAME
    return RdpSession(flow, emit)
