"""ARP (RFC 826). Key: (operation, sender's IP, sender's MAC, target's IP)."""

from __future__ import annotations

import struct
from typing import Final

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text, mac_text
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import NOTICE, REQUEST, RESPONSE, Fields, Record

NAME: Final = "arp"
OPERATIONS: Final = {
    1: ("request", REQUEST),
    2: ("reply", RESPONSE),
    3: ("reverse request", REQUEST),
    4: ("reverse reply", RESPONSE),
}
_ETHERNET, _IPV4 = 1, 0x0800
_LENGTH: Final = 28
_HEADER: Final = struct.Struct(">HHBBH6s4s6s4s").unpack_from


class ArpSession(Session):
    """The messages from one MAC address to another."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if end - start < _LENGTH:
            raise MalformedError(TRUNCATED, "An ARP message for IPv4 has 28 bytes.")
        hardware, protocol, hardware_length, protocol_length, operation, mac, ip, _, target = _HEADER(
            data, start
        )
        if (hardware_length, protocol_length) != (6, 4):
            raise MalformedError(
                "length", f"ARP addresses have {hardware_length} and {protocol_length} bytes.", 4
            )
        kind, role = OPERATIONS.get(operation, (f"operation-{operation}", NOTICE))
        if ip == target and operation == 1:
            kind, role = "announcement", NOTICE
        elif not any(ip) and operation == 1:
            kind = "probe"
        if hardware != _ETHERNET or protocol != _IPV4:
            raise MalformedError("type", f"ARP translates type 0x{protocol:04x} to hardware {hardware}.")
        key = (operation, ip, mac, target)
        self.emit(
            Record(frame, time, direction, NAME, kind, role, key, data[start : start + _LENGTH], _fields)
        )
        return end


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    _, _, _, _, operation, mac, ip, target_mac, target = _HEADER(record.body)
    fields |= {
        "hw_type": "ethernet",
        "proto_type": "ipv4",
        "opcode": OPERATIONS.get(operation, (str(operation),))[0],
        "src_mac": mac_text(mac),
        "src_ip": ip_text(ip),
        "dest_mac": mac_text(target_mac),
        "dest_ip": ip_text(target),
    }


DISSECTOR: Dissector = Dissector(name=NAME, session=ArpSession, ethertypes=(0x0806,))
