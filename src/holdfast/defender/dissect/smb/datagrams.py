"""NetBIOS datagrams (RFC 1002, section 4.4) on UDP port 138: what computers announce about themselves.

Key: (kind, source name, announced name, version).
"""

from __future__ import annotations

import struct
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.it.dns import read_name
from holdfast.defender.dissect.it.nbns import decode_name
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.dissect.smb.version1 import read_blocks
from holdfast.defender.flows.addresses import ip_text
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Fields, Record, Role

NAME: Final = "nbdgm"
_HEADER_LENGTH: Final = 14
_HEADER: Final = struct.Struct(">BBH4sHHH").unpack_from
_WITH_NAMES: Final = frozenset({0x10, 0x11, 0x12})
_TYPES: Final = {
    0x10: "direct unique datagram",
    0x11: "direct group datagram",
    0x12: "broadcast datagram",
    0x13: "datagram error",
    0x14: "datagram query request",
    0x15: "datagram positive response",
    0x16: "datagram negative response",
}
_BROWSE: Final = {
    1: "host announcement",
    2: "announcement request",
    8: "election request",
    9: "backup list request",
    10: "backup list response",
    11: "become backup browser",
    12: "domain announcement",
    13: "master announcement",
    14: "reset browser state",
    15: "local master announcement",
}
_ANNOUNCING: Final = frozenset({1, 12, 15})
_SERVER_TYPES: Final = {
    0: "workstation",
    1: "server",
    2: "sql server",
    3: "domain controller",
    4: "backup domain controller",
    5: "time source",
    6: "apple server",
    7: "novell server",
    8: "domain member",
    9: "print server",
    10: "dial-in server",
    11: "xenix server",
    12: "nt workstation",
    13: "windows for workgroups",
    15: "nt server",
    16: "potential browser",
    17: "backup browser",
    18: "master browser",
    19: "domain master browser",
    22: "windows",
    23: "dfs server",
}


class DatagramSession(Session):
    """The datagrams between two addresses."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        body = data[start:end]
        if len(body) < _HEADER_LENGTH:
            raise MalformedError(TRUNCATED, "A NetBIOS datagram header has 14 bytes.")
        if body[0] not in _TYPES:
            raise MalformedError("type", f"A NetBIOS datagram has the type {body[0]}.")
        fields: Fields = {"message_type": _TYPES[body[0]], "dgm_id": int.from_bytes(body[2:4], "big")}
        kind = _TYPES[body[0]]
        if body[0] in _WITH_NAMES:
            kind = _names(body, kind, fields)
        key = (kind, fields.get("source_name"), fields.get("host_name"), fields.get("os_version"))
        self.emit(Record(frame, time, direction, NAME, kind, Role.NOTICE, key, fields, _fields))
        return end


def _names(body: bytes, kind: str, fields: Fields) -> str:
    """Read names and payload; returns the kind that the payload tells."""
    reader = Reader(body, 4)
    fields["source_ip"], fields["source_port"] = ip_text(reader.take(4)), reader.u16()
    reader.skip(4)
    fields["source_name"], fields["source_suffix"] = decode_name(read_name(reader))
    fields["destination_name"], fields["destination_suffix"] = decode_name(read_name(reader))
    message = reader.rest()
    if message[:4] != b"\xffSMB":
        return kind
    block = read_blocks(message)[0]
    fields["mailslot"] = text(block.octets[block.start : block.end].split(b"\0", 1)[0])
    content = block.part(block.word(22), block.word(24))
    if fields["mailslot"].upper() == "\\MAILSLOT\\BROWSE" and content:
        if content[0] in _ANNOUNCING and len(content) >= 32:
            _announcement(content, fields)
        return _BROWSE.get(content[0], kind)
    return kind


def _announcement(content: bytes, fields: Fields) -> None:
    """[MS-BRWS], section 2.2.1."""
    types = int.from_bytes(content[24:28], "little")
    fields |= {
        "host_name": text(content[6:22].split(b"\0", 1)[0]),
        "os_version": f"{content[22]}.{content[23]}",
        "server_types": [name for bit, name in _SERVER_TYPES.items() if types >> bit & 1],
        "browser_version": f"{content[28]}.{content[29]}",
        "comment": text(content[32:].split(b"\0", 1)[0]) or None,
    }


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a datagram header; asked of port 138 only."""
    return expected and end - start >= _HEADER_LENGTH and data[start] in _TYPES


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    fields |= record.body


DISSECTOR: Dissector = Dissector(
    name=NAME, session=DatagramSession, recognize=recognize, udp=(138,), over=("udp",)
)
