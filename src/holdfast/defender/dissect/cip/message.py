"""CIP messages: services asked of objects and their answers (CIP volume 1, chapters 2 and 3).

Key of requests and responses: (service code, class, instance, attribute, symbol), None for what the path does
not name; a response has its request's. Failures have the general status behind.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from itertools import pairwise, zip_longest
from typing import Final, NamedTuple, cast

from holdfast.defender.dissect.cip import detail
from holdfast.defender.dissect.cip.names import CLASS_SERVICES, CONNECTION_MANAGER, SERVICES
from holdfast.defender.dissect.cip.path import Path, parse_path
from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.session import TRUNCATED, MalformedError
from holdfast.defender.dissect.tables import names
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import FAILURE, REQUEST, RESPONSE, Emit, Fields, Record

NAME: Final = "cip"
_RESPONSE: Final = 0x80
_MULTIPLE_SERVICE: Final = 0x0A
_UNCONNECTED_SEND: Final = 0x52
_MAXIMUM_OUTSTANDING: Final = 64
"""Requests of one connection that wait for their response."""
_MAXIMUM_EMBEDDED: Final = 512
_MAXIMUM_DEPTH: Final = 3
_GOOD_STATUSES: Final = frozenset({0x00, 0x06})
"""Success, and a partial transfer, which more requests continue."""
_U16: Final[Callable[[bytes, int], tuple[int]]] = struct.Struct("<H").unpack_from

Key = tuple[int | str | None, ...]


class _Shape(NamedTuple):
    kind: str
    key: Key
    path: Path


@lru_cache(maxsize=65_536)
def _request_shape(head: bytes) -> _Shape:
    """What a request asks of which object; `head` is the service, the path's size and the path."""
    path = parse_path(head[2:])
    service = head[0]
    kind = _service_name(service, path.class_id)
    return _Shape(kind, (service, path.class_id, path.instance_id, path.attribute_id, path.symbol), path)


def _service_name(service: int, class_id: int | None) -> str:
    if class_id is not None and (class_id, service) in CLASS_SERVICES:
        return CLASS_SERVICES[class_id, service]
    return SERVICES.get(service, "unknown")


_Asked = tuple[Record, Sequence["_Asked"]]
"""A request and those embedded in it."""
Message = tuple[int, int, Direction, int | None]
"""Where a message was found: frame, time, direction, and the sequence count of a connected message."""


class Conversation:
    """The messages of one EtherNet/IP session: pairs responses with requests."""

    __slots__ = ("_asked", "_emit")

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._asked: dict[int | bytes, _Asked] = {}

    def take(self, octets: bytes, message: Message, transaction: int | bytes) -> None:
        """Emit a message and those embedded in it. `transaction` is what a request shares with its
        response."""
        if len(octets) < 2:
            raise MalformedError(TRUNCATED, "A CIP message has no service and path.")
        if octets[0] & _RESPONSE:
            self._response(octets, message, self._asked.pop(transaction, None), _MAXIMUM_DEPTH)
            return
        self._asked[transaction] = self._request(octets, message, _MAXIMUM_DEPTH)
        if len(self._asked) > _MAXIMUM_OUTSTANDING:
            del self._asked[next(iter(self._asked))]

    def _request(self, octets: bytes, message: Message, depth: int) -> _Asked:
        end_of_path = 2 + 2 * octets[1]
        if end_of_path > len(octets):
            raise MalformedError(TRUNCATED, "A CIP path is longer than its message.", 1)
        kind, key, path = _request_shape(octets[:end_of_path])
        frame, time, direction, sequence = message
        body = (octets, sequence, path)
        record = Record(frame, time, direction, NAME, kind, REQUEST, key, body, _request_fields)
        self._emit(record)
        service = octets[0]
        if service == _MULTIPLE_SERVICE and depth:
            parts = _split(octets, end_of_path)
            return record, [self._request(part, message, depth - 1) for part in parts]
        if service == _UNCONNECTED_SEND and path.class_id == CONNECTION_MANAGER and depth:
            inner = _sent_unconnected(octets, end_of_path)
            return record, (self._request(inner, message, depth - 1),)
        return record, ()

    def _response(self, octets: bytes, message: Message, asked: _Asked | None, depth: int) -> None:
        if len(octets) < 4:
            raise MalformedError(TRUNCATED, "A CIP response has no status.")
        service, status = octets[0] & 0x7F, octets[2]
        while (
            asked is not None and asked[0].body[0][0] != service
        ):  # what was sent unconnected answers itself
            asked = asked[1][0] if asked[1] else None
        key: Hashable
        if asked is None:
            request, kind, key = None, SERVICES.get(service, "unknown"), (service, None, None, None, "")
        else:
            request = asked[0]
            kind, key = request.kind, request.key
        role = RESPONSE
        if status not in _GOOD_STATUSES:
            role, key = FAILURE, (*cast(Key, key), status)
        frame, time, direction, sequence = message
        body = (octets, sequence)
        self._emit(Record(frame, time, direction, NAME, kind, role, key, body, _response_fields, request))
        if service == _MULTIPLE_SERVICE and depth:
            parts = _split(octets, 4 + 2 * octets[3])
            embedded = asked[1] if asked is not None else ()
            for part, inner in zip_longest(parts, embedded[: len(parts)]):
                self._response(part, message, inner, depth - 1)


def _split(octets: bytes, start: int) -> list[bytes]:
    """The messages of a Multiple Service Packet: their count, then the offset of each from the count."""
    if start + 2 > len(octets):
        return []
    (count,) = _U16(octets, start)
    if count > _MAXIMUM_EMBEDDED or start + 2 + 2 * count > len(octets):
        raise MalformedError(TRUNCATED, f"A Multiple Service Packet announces {count} services.", start)
    offsets = struct.unpack_from(f"<{count}H", octets, start + 2)
    message = octets[start:]
    parts = [message[begin:end] for begin, end in pairwise((*offsets, len(message)))]
    if parts and min(map(len, parts)) < 2:
        raise MalformedError(TRUNCATED, "A service of a Multiple Service Packet has no bytes.", start)
    return parts


def _sent_unconnected(octets: bytes, start: int) -> bytes:
    """The message in an Unconnected Send: behind two bytes of time-out and its length."""
    if start + 4 > len(octets):
        raise MalformedError(TRUNCATED, "An Unconnected Send carries nothing.", start)
    (length,) = _U16(octets, start + 2)
    inner = octets[start + 4 : start + 4 + length]
    if len(inner) < 2 or len(inner) < length:
        raise MalformedError(TRUNCATED, "An Unconnected Send is shorter than it says.", start)
    return inner


def _hexadecimal(value: int | None) -> str | None:
    return None if value is None else f"0x{value:02x}"


@fields_of
def _request_fields(record: Record, fields: Fields) -> None:
    octets, sequence, path = record.body
    fields |= {
        "cip_sequence_count": sequence,
        "direction": "request",
        "cip_service_code": f"0x{octets[0]:02x}",
        "cip_service": record.kind,
        "class_id": _hexadecimal(path.class_id),
        "class_name": None if path.class_id is None else names("cip_classes").get(path.class_id, "unknown"),
        "instance_id": _hexadecimal(path.instance_id),
        "attribute_id": _hexadecimal(path.attribute_id),
    }
    if path.symbol:
        fields["symbol"] = path.symbol
    detail.request(octets[0], path, octets[2 + 2 * octets[1] :], fields)


@fields_of
def _response_fields(record: Record, fields: Fields) -> None:
    octets, sequence = record.body
    status = octets[2]
    fields |= {
        "cip_sequence_count": sequence,
        "direction": "response",
        "cip_service_code": f"0x{octets[0] & 0x7F:02x}",
        "cip_service": record.kind,
        "cip_status_code": f"0x{status:02x}",
        "cip_status": names("cip_status").get(status, f"Unknown CIP Status-0x{status:02x}"),
    }
    if octets[3] and len(octets) >= 6:
        (extended,) = _U16(octets, 4)
        fields["cip_extended_status_code"] = f"0x{extended:04x}"
        unknown = f"Unknown Extended Status-0x{extended:04x}"
        fields["cip_extended_status"] = names("cip_extended_status").get(extended, unknown)
    if record.request is not None and status in _GOOD_STATUSES:
        path: Path = record.request.body[2]
        detail.response(octets[0] & 0x7F, path, octets[4 + 2 * octets[3] :], fields)
