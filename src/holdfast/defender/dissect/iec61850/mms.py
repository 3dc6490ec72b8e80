"""MMS (ISO 9506) on ISO session, presentation and association control: one record an MMS PDU.

Keys: of confirmed services and their answers (service number, objects named by the request), failures with
the error class and code behind; of unconfirmed ones (service name,); of the others (PDU name,).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NamedTuple

from holdfast.defender.dissect import ber
from holdfast.defender.dissect.decoding import remembered, text
from holdfast.defender.dissect.iec61850 import mms_fields
from holdfast.defender.dissect.iec61850.mms_names import CONFIRMED_SERVICES, UNCONFIRMED_SERVICES
from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Record

NAME: Final = "mms"
_MAXIMUM_OUTSTANDING: Final = 64
_NAMED_BY_IDENTIFIER: Final = frozenset({27, 29, 36, 37, 39, 45})
"""Services whose only argument is the name of a domain or a program invocation."""
_NAMED_FIRST: Final = frozenset({26, 38, 40, 41, 42, 43, 44})
"""Services that name one first: initiateDownloadSequence, createProgramInvocation, start to kill."""
_MAXIMUM_NAMES: Final = 64
"""Objects of a request that its key holds."""

_CONFIRMED_REQUEST, _CONFIRMED_RESPONSE, _CONFIRMED_ERROR, _UNCONFIRMED = 0xA0, 0xA1, 0xA2, 0xA3
_OTHER_PDUS: Final = {
    0xA4: ("reject", FAILURE),
    0x85: ("cancel-Request", REQUEST),
    0x86: ("cancel-Response", RESPONSE),
    0xA7: ("cancel-Error", FAILURE),
    0xA8: ("initiate-Request", REQUEST),
    0xA9: ("initiate-Response", RESPONSE),
    0xAA: ("initiate-Error", FAILURE),
    0x8B: ("conclude-Request", REQUEST),
    0x8C: ("conclude-Response", RESPONSE),
    0xAD: ("conclude-Error", FAILURE),
}
_CONFIRMED: Final = frozenset({_CONFIRMED_REQUEST, _CONFIRMED_RESPONSE, _CONFIRMED_ERROR})
_MMS_TAGS: Final = _CONFIRMED | {_UNCONFIRMED} | frozenset(_OTHER_PDUS)

_VISIBLE_STRING, _LIST_OF_MODIFIERS = 0x1A, 0xA1
_NAMED, _DEVICE_SPECIFIC, _DOMAIN_SPECIFIC = 0xA0, 0x80, 0xA1

# ISO 8327-1 session PDUs
_GIVE_TOKENS: Final = 0x01
_SESSION_PDUS: Final = frozenset({_GIVE_TOKENS, 0x09, 0x0A, 0x0C, 0x0D, 0x0E, 0x19})
"""And finish, disconnect, refuse, connect, accept, abort."""
_SESSION_USER_DATA: Final = frozenset({0xC1, 0xC2})
# ISO 8823 and 8650
_FULLY_ENCODED_DATA, _SINGLE_ASN1_TYPE = 0x61, 0xA0
_ACSE: Final = frozenset({0x60, 0x61, 0x62, 0x63, 0x64})
_USER_INFORMATION, _EXTERNAL = 0xBE, 0x28


class _Shape(NamedTuple):
    kind: str
    service: int
    names: tuple[str, ...]


@remembered(8192)
def _request_shape(service: bytes) -> _Shape:
    """Which service a request asks for, of which objects. Polls repeat, so it is remembered."""
    element = ber.read(service, 0, len(service))
    number = service_number(element.tag)
    return _Shape(CONFIRMED_SERVICES.get(number, f"unknown-{number}"), number, object_names(service, element))


def service_number(tag: int) -> int:
    """The number of a context tag."""
    return tag & 0x1F if tag <= 0xFF else tag & 0x7F


def object_names(data: bytes, element: ber.Element) -> tuple[str, ...]:
    """Objects that a service names: `domain/item`, each once, in order."""
    number = service_number(element.tag)
    if not ber.constructed(element):
        return (text(data[element.start : element.stop]),) if number in _NAMED_BY_IDENTIFIER else ()
    if number in _NAMED_FIRST:
        first = next(ber.children(data, element.start, element.stop), None)
        return (text(data[first.start : first.stop]),) if first and first.tag == _DEVICE_SPECIFIC else ()
    found: dict[str, None] = {}
    for inner in ber.walk(data, element.start, element.stop):
        name = _object_name(data, inner)
        if name:
            found[name] = None
            if len(found) >= _MAXIMUM_NAMES:
                break
    return tuple(found)


def _object_name(data: bytes, element: ber.Element) -> str:
    """`domain/item` or `item` when the element is an object's name within a domain or the whole device."""
    if element.tag not in (_DOMAIN_SPECIFIC, _NAMED):
        return ""
    parts = list(ber.children(data, element.start, element.stop))
    wanted = [_VISIBLE_STRING] * 2 if element.tag == _DOMAIN_SPECIFIC else [_DEVICE_SPECIFIC]
    if [part.tag for part in parts] != wanted:
        return ""
    return "/".join(text(data[part.start : part.stop]) for part in parts)


class Mms:
    """The MMS PDUs of one association."""

    __slots__ = ("_asked", "_emit")

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._asked: dict[int, tuple[Record, _Shape]] = {}

    def take(self, message: bytes, frame: int, time: int, direction: Direction) -> bool:
        """Read one session PDU; False when there is no MMS in it."""
        if message[0] in _MMS_TAGS:  # without session and presentation, as some devices have it
            return self._value(message, ber.Element(0, 0, len(message)), frame, time, direction)
        if message[0] not in _SESSION_PDUS:
            return False
        found = False
        for start, stop in _presentation_data(message):
            found = self._presentation(message, start, stop, frame, time, direction) or found
        return found

    def _presentation(
        self, data: bytes, start: int, stop: int, frame: int, time: int, direction: Direction
    ) -> bool:
        element = ber.read(data, start, stop)
        if element.tag != _FULLY_ENCODED_DATA:
            found = next(
                (each for each in ber.walk(data, start, stop) if each.tag == _FULLY_ENCODED_DATA), None
            )
            if found is None:
                return False
            element = found
        any_mms = False
        for item in ber.children(data, element.start, element.stop):
            value = ber.find(data, item.start, item.stop, (_SINGLE_ASN1_TYPE,))
            if value is not None and value.stop > value.start:
                any_mms = self._value(data, value, frame, time, direction) or any_mms
        return any_mms

    def _value(self, data: bytes, value: ber.Element, frame: int, time: int, direction: Direction) -> bool:
        """An MMS PDU, or association control around one."""
        pdu = ber.read(data, value.start, value.stop)
        if pdu.tag in _ACSE:
            path = (_USER_INFORMATION, _EXTERNAL, _SINGLE_ASN1_TYPE)
            inner = ber.find(data, pdu.start, pdu.stop, path)
            if inner is None or inner.stop == inner.start:
                return False
            pdu = ber.read(data, inner.start, inner.stop)
        if pdu.tag not in _MMS_TAGS:
            return False
        self._pdu(data, pdu, frame, time, direction)
        return True

    def _pdu(self, data: bytes, pdu: ber.Element, frame: int, time: int, direction: Direction) -> None:
        if pdu.tag in _CONFIRMED:
            self._confirmed(data, pdu, frame, time, direction)
            return
        body = data[pdu.start : pdu.stop]
        if pdu.tag == _UNCONFIRMED:
            number = service_number(ber.read(body, 0, len(body)).tag)
            kind = UNCONFIRMED_SERVICES.get(number) or f"unknown-{number}"
            decode, role = mms_fields.unconfirmed, NOTICE
        else:
            kind, role = _OTHER_PDUS[pdu.tag]
            decode = mms_fields.other
        self._emit(Record(frame, time, direction, NAME, kind, role, (kind,), body, decode))

    def _confirmed(self, data: bytes, pdu: ber.Element, frame: int, time: int, direction: Direction) -> None:
        parts = list(ber.children(data, pdu.start, pdu.stop))
        if len(parts) < 2:
            raise MalformedError("pdu", "A confirmed MMS PDU has an invoke identifier and a service.")
        invoke = ber.unsigned(data, parts[0])
        modified = parts[1].tag == _LIST_OF_MODIFIERS and len(parts) > 2
        service = data[parts[1 if modified else 0].stop : pdu.stop]
        if pdu.tag == _CONFIRMED_REQUEST:
            self._request(invoke, service, frame, time, direction)
            return
        request, asked = self._asked.pop(invoke, (None, None))
        names = asked.names if asked else ()
        if pdu.tag == _CONFIRMED_RESPONSE:
            number = service_number(parts[2 if modified else 1].tag)
            kind = CONFIRMED_SERVICES.get(number) or f"unknown-{number}"
            role, decode = RESPONSE, mms_fields.response
            key: tuple[Hashable, ...] = (number, *names)
        else:
            kind = asked.kind if asked else "confirmed-Error"
            error = mms_fields.service_error(service)
            role, decode = FAILURE, mms_fields.error
            key = (asked.service if asked else None, *names, *error)
        self._emit(Record(frame, time, direction, NAME, kind, role, key, (invoke, service), decode, request))

    def _request(self, invoke: int, service: bytes, frame: int, time: int, direction: Direction) -> None:
        shape = _request_shape(service)
        key = (shape.service, *shape.names)
        body = (invoke, service)
        record = Record(frame, time, direction, NAME, shape.kind, REQUEST, key, body, mms_fields.request)
        self._emit(record)
        self._asked[invoke] = record, shape
        if len(self._asked) > _MAXIMUM_OUTSTANDING:
            del self._asked[next(iter(self._asked))]


def _presentation_data(message: bytes) -> list[tuple[int, int]]:
    """Where the session layer's user data stands: behind Give Tokens and Data Transfer, or in a parameter."""
    if message[0] == _GIVE_TOKENS and len(message) >= 4:
        start = 2 + message[1]
        if start + 2 <= len(message):
            return [(start + 2 + message[start + 1], len(message))]
        return []
    position, end = _parameter(message, 1)
    found: list[tuple[int, int]] = []
    while position + 2 <= min(end, len(message)):
        code = message[position]
        start, position = _parameter(message, position + 1)
        if position > len(message):
            raise MalformedError("session", "A session parameter is longer than its PDU.", start)
        if code in _SESSION_USER_DATA and position > start:
            found.append((start, position))
    return found


def _parameter(message: bytes, position: int) -> tuple[int, int]:
    """Start and stop of a session parameter whose length stands at `position`: one byte, or 255 and two."""
    if position >= len(message):
        raise MalformedError("session", "A session PDU has no length.")
    length, position = message[position], position + 1
    if length == 0xFF:
        length, position = int.from_bytes(message[position : position + 2], "big"), position + 2
    return position, position + length
