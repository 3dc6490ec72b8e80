"""Cisco Discovery Protocol (no public specification; the TLVs that its documentation names). Key: (device,
port)."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text
from holdfast.defender.flows.headers import SNAP_SHIFT
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Fields, Record, Role

NAME: Final = "cdp"
_SNAP: Final = 1 << 40 | 0x00000C << SNAP_SHIFT | 0x2000
_DEVICE, _ADDRESSES, _PORT, _CAPABILITIES, _VERSION, _PLATFORM = 1, 2, 3, 4, 5, 6
_VTP_DOMAIN, _NATIVE_VLAN, _DUPLEX, _MANAGEMENT = 9, 10, 11, 22
_TEXTS: Final = {1: "device_id", 3: "port_id", 5: "software_version", 6: "platform", 9: "vtp_domain"}
_CAPABILITY_NAMES: Final = (
    "router",
    "transparent-bridge",
    "source-route-bridge",
    "switch",
    "host",
    "igmp",
    "repeater",
    "phone",
)
_MAXIMUM_TLVS: Final = 128


class CdpSession(Session):
    """The announcements of one port."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if end - start < 4:
            raise MalformedError(TRUNCATED, "A CDP header has 4 bytes.")
        reader = Reader(data, start + 4, end)
        values: list[tuple[int, bytes]] = []
        while reader.left >= 4 and len(values) < _MAXIMUM_TLVS:
            kind, length = reader.u16(), reader.u16()
            values.append((kind, reader.take(length - 4)))
        device, port = (next((octets for kind, octets in values if kind == wanted), b"") for wanted in (1, 3))
        body = (data[start], data[start + 1], values)
        self.emit(Record(frame, time, direction, NAME, "CDP", Role.NOTICE, (device, port), body, _fields))
        return end


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    version, ttl, values = record.body
    fields |= {"version": version, "ttl": ttl}
    for kind, octets in values:
        if kind in _TEXTS:
            fields[_TEXTS[kind]] = text(octets)
        elif kind == _CAPABILITIES and len(octets) >= 4:
            bits = int.from_bytes(octets[:4], "big")
            fields["capabilities"] = [name for bit, name in enumerate(_CAPABILITY_NAMES) if bits >> bit & 1]
        elif kind == _NATIVE_VLAN and len(octets) >= 2:
            fields["native_vlan"] = octets[0] << 8 | octets[1]
        elif kind == _DUPLEX and octets:
            fields["duplex"] = "full" if octets[0] else "half"
        elif kind in (_ADDRESSES, _MANAGEMENT):
            name = "addresses" if kind == _ADDRESSES else "management_addresses"
            fields[name] = _addresses(Reader(octets))


def _addresses(reader: Reader) -> list[str]:
    """Protocol type, protocol, address, each with its length."""
    found: list[str] = []
    for _ in range(min(reader.u32(), 64)):
        reader.skip(1)
        reader.skip(reader.u8())
        address = reader.take(reader.u16())
        if len(address) in (4, 16):
            found.append(ip_text(address))
    return found


DISSECTOR: Dissector = Dissector(name=NAME, session=CdpSession, ethertypes=(_SNAP,))
