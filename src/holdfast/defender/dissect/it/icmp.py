"""ICMP (RFC 792) and ICMPv6 (RFC 4443, RFC 4861). Key: (type, code)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text, mac_text
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Fields, Record, Role

ICMP, ICMPV6 = "icmp", "icmpv6"
_TYPES: Final = {
    0: ("echo reply", Role.RESPONSE),
    3: ("destination unreachable", Role.FAILURE),
    4: ("source quench", Role.NOTICE),
    5: ("redirect", Role.NOTICE),
    8: ("echo request", Role.REQUEST),
    9: ("router advertisement", Role.NOTICE),
    10: ("router solicitation", Role.REQUEST),
    11: ("time exceeded", Role.FAILURE),
    12: ("parameter problem", Role.FAILURE),
    13: ("timestamp request", Role.REQUEST),
    14: ("timestamp reply", Role.RESPONSE),
    17: ("address mask request", Role.REQUEST),
    18: ("address mask reply", Role.RESPONSE),
}
_TYPES_6: Final = {
    1: ("destination unreachable", Role.FAILURE),
    2: ("packet too big", Role.FAILURE),
    3: ("time exceeded", Role.FAILURE),
    4: ("parameter problem", Role.FAILURE),
    128: ("echo request", Role.REQUEST),
    129: ("echo reply", Role.RESPONSE),
    130: ("multicast listener query", Role.REQUEST),
    131: ("multicast listener report", Role.NOTICE),
    132: ("multicast listener done", Role.NOTICE),
    133: ("router solicitation", Role.REQUEST),
    134: ("router advertisement", Role.NOTICE),
    135: ("neighbor solicitation", Role.REQUEST),
    136: ("neighbor advertisement", Role.RESPONSE),
    137: ("redirect", Role.NOTICE),
    143: ("multicast listener report v2", Role.NOTICE),
}
_ECHO: Final = frozenset({"echo request", "echo reply"})
_NEIGHBOR: Final = frozenset({"neighbor solicitation", "neighbor advertisement"})
_ERRORS: Final = frozenset(
    {"destination unreachable", "time exceeded", "packet too big", "parameter problem"}
)


@lru_cache(maxsize=1024)
def _shape(protocol: str, number: int) -> tuple[str, Role]:
    return (_TYPES if protocol == ICMP else _TYPES_6).get(number, (f"type-{number}", Role.NOTICE))


class IcmpSession(Session):
    """The messages between two addresses."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if end - start < 4:
            raise MalformedError(TRUNCATED, "An ICMP header has at least 4 bytes.")
        protocol = self.flow.service
        number, code = data[start], data[start + 1]
        kind, role = _shape(protocol, number)
        body = data[start:end]
        self.emit(Record(frame, time, direction, protocol, kind, role, (number, code), body, _fields))
        return end


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    fields |= {"icmp_type": body[0], "icmp_code": body[1], "payload_len": max(len(body) - 8, 0)}
    if len(body) < 8:
        return
    if record.kind in _ECHO:
        fields["identifier"], fields["sequence"] = body[4] << 8 | body[5], body[6] << 8 | body[7]
    elif record.kind in _NEIGHBOR and len(body) >= 24:
        fields["target_address"] = ip_text(body[8:24])
        if len(body) >= 32 and body[24] in (1, 2):
            fields["link_address"] = mac_text(body[26:32])
    elif record.kind in _ERRORS and record.protocol == ICMP and len(body) >= 28:
        fields["original_source"], fields["original_destination"] = ip_text(body[20:24]), ip_text(body[24:28])
        fields["original_protocol"] = body[17]
    elif record.kind == "redirect" and record.protocol == ICMP:
        fields["gateway"] = ip_text(body[4:8])


DISSECTOR: Dissector = Dissector(name=ICMP, session=IcmpSession, ip_protocols=(1,))
DISSECTOR_6: Dissector = Dissector(name=ICMPV6, session=IcmpSession, ip_protocols=(58,))
