"""LLDP (IEEE 802.1AB) with PROFINET's additions. Key: (chassis, port)."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text, mac_text
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import NOTICE, Emit, Fields, Record

NAME: Final = "lldp"
_END, _CHASSIS, _PORT, _TTL, _PORT_DESCRIPTION = 0, 1, 2, 3, 4
_SYSTEM_NAME, _SYSTEM_DESCRIPTION, _CAPABILITIES, _MANAGEMENT, _ORGANIZATION = 5, 6, 7, 8, 127
_MAC_SUBTYPES: Final = {_CHASSIS: 4, _PORT: 3}
_ADDRESS_SUBTYPES: Final = {_CHASSIS: 5, _PORT: 4}
_PROFIBUS, _IEEE_8021 = b"\x00\x0e\xcf", b"\x00\x80\xc2"
_CAPABILITY_NAMES: Final = (
    "other",
    "repeater",
    "bridge",
    "wlan-access-point",
    "router",
    "telephone",
    "docsis-cable-device",
    "station",
)
_MAXIMUM_TLVS: Final = 128


class LldpSession(Session):
    """The announcements of one port, which says the same every few seconds."""

    __slots__ = ("_last", "_octets")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._octets = b""
        self._last: Record | None = None
        """What they were read as."""

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        octets, last = data[start:end], self._last
        if last is not None and octets == self._octets:
            record = Record(
                frame,
                time,
                direction,
                NAME,
                last.kind,
                NOTICE,
                last.key,
                last.body,
                _fields,
                None,
                last.decoded,
            )
        else:
            values = _tlvs(data, start, end)
            first = dict(reversed(values))
            chassis, port = first.get(_CHASSIS, b""), first.get(_PORT, b"")
            if not chassis or not port:
                raise MalformedError(TRUNCATED, "An LLDP frame names its chassis and port.")
            record = Record(frame, time, direction, NAME, "LLDP", NOTICE, (chassis, port), values, _fields)
        self._octets, self._last = octets, record
        self.emit(record)
        return end


def _tlvs(data: bytes, start: int, end: int) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    while start + 2 <= end and len(found) < _MAXIMUM_TLVS:
        head = data[start] << 8 | data[start + 1]
        start, stop = start + 2, start + 2 + (head & 0x1FF)
        if head >> 9 == _END:
            break
        if stop > end:
            raise MalformedError(TRUNCATED, f"A value of {head & 0x1FF} bytes is cut.", start)
        found.append((head >> 9, data[start:stop]))
        start = stop
    return found


def _identifier(kind: int, octets: bytes) -> str:
    """Of a chassis or port: a MAC address, a network address or text, as its first byte says."""
    subtype, value = octets[0], octets[1:]
    if subtype == _MAC_SUBTYPES[kind] and len(value) == 6:
        return mac_text(value)
    if subtype == _ADDRESS_SUBTYPES[kind] and len(value) in (5, 17):
        return ip_text(value[1:])
    return text(value)


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    for kind, octets in record.body:
        if kind in _MAC_SUBTYPES and octets:
            fields["chassis_id" if kind == _CHASSIS else "port_id"] = _identifier(kind, octets)
        elif kind == _TTL and len(octets) >= 2:
            fields["ttl"] = octets[0] << 8 | octets[1]
        elif kind == _PORT_DESCRIPTION:
            fields["port_description"] = text(octets)
        elif kind == _SYSTEM_NAME:
            fields["system_name"] = text(octets)
        elif kind == _SYSTEM_DESCRIPTION:
            fields["system_description"] = text(octets)
        elif kind == _CAPABILITIES and len(octets) >= 4:
            enabled = octets[2] << 8 | octets[3]
            fields["capabilities"] = [
                name for bit, name in enumerate(_CAPABILITY_NAMES) if enabled >> bit & 1
            ]
        elif kind == _MANAGEMENT and len(octets) >= 6:
            _management(octets, fields)
        elif kind == _ORGANIZATION and len(octets) >= 4:
            _organization(octets, fields)


def _management(octets: bytes, fields: Fields) -> None:
    length = octets[0] - 1
    address = octets[2 : 2 + length]
    if (octets[1], length) in ((1, 4), (2, 16)) and len(address) == length:
        fields.setdefault("management_addresses", []).append(ip_text(address))


def _organization(octets: bytes, fields: Fields) -> None:
    if octets[:3] == _PROFIBUS and octets[3] == 5 and len(octets) >= 10:
        fields["profinet_mac"] = mac_text(octets[4:10])
    elif octets[:3] == _IEEE_8021 and octets[3] == 1 and len(octets) >= 6:
        fields["port_vlan"] = octets[4] << 8 | octets[5]


DISSECTOR: Dissector = Dissector(name=NAME, session=LldpSession, ethertypes=(0x88CC,))
