"""S7comm-plus (protocol identifier 0x72): headers of its PDUs, and the objects that requests name; the rest
is not public and mostly encrypted.

Key: (opcode, function code, objects); function None for notifications and fragments.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.s7.names import PLUS_FUNCTIONS, PLUS_OPCODES
from holdfast.defender.dissect.s7.plus_objects import HEAD, objects_of
from holdfast.defender.dissect.session import TRUNCATED, MalformedError
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Emit, Fields, Record, Role

NAME: Final = "s7comm_plus"
PROTOCOL_IDENTIFIER: Final = 0x72
_WITH_DIGEST: Final = 3
"""From this version on a digest with its length stands in front of each PDU's data."""
_SYSTEM_EVENT, _KEEP_ALIVE = 0xFE, 0xFF
_NOTIFICATION: Final = 0x33
_ROLES: Final = {0x31: Role.REQUEST, 0x32: Role.RESPONSE}
_MAXIMUM_OUTSTANDING: Final = 64
_DATA: Final = 14
"""Where a request's data begin: behind opcode, function, sequence number, session and transport flags."""
_IDENTITY: Final = re.compile(rb"1;(6[EA][SGV]\d [\w -]{5,24}?) ?;V(\d+\.\d+)")
"""What a controller says of itself when a session begins: order number and firmware version."""


@lru_cache(maxsize=1024)
def _shape(opcode: int, function: int | None) -> tuple[str, Role, tuple[int, int | None]]:
    kind = PLUS_OPCODES.get(opcode) or f"Unknown s7comm-plus opcode-0x{opcode:02x}"
    if function is not None:
        kind = PLUS_FUNCTIONS.get(function) or f"Unknown s7comm-plus function-0x{function:04x}"
    return kind, _ROLES.get(opcode, Role.NOTICE), (opcode, function)


class Plus:
    """The PDUs of one connection."""

    __slots__ = ("_asked", "_emit", "_within")

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._within = [False, False]
        """By direction: the previous PDU was not the last of its message."""
        self._asked: dict[int, Record] = {}

    def take(self, message: bytes, frame: int, time: int, direction: Direction) -> None:
        """Read one PDU; see `cotp.Upper`."""
        if len(message) < 4:
            raise MalformedError(TRUNCATED, "An S7comm-plus header has 4 bytes.")
        version, length = message[1], message[2] << 8 | message[3]
        side = direction.to_server
        continues, self._within[side] = self._within[side], _goes_on(message, version, length)
        if version in (_SYSTEM_EVENT, _KEEP_ALIVE):
            self._within[side] = continues
            key = (version, None)
            kind = "Keep Alive" if version == _KEEP_ALIVE else "System Event"
            self._emit(Record(frame, time, direction, NAME, kind, Role.NOTICE, key, message, _other_fields))
            return
        if continues:
            self._emit(
                Record(
                    frame,
                    time,
                    direction,
                    NAME,
                    "Fragment",
                    Role.NOTICE,
                    (None, None),
                    message,
                    _other_fields,
                )
            )
            return
        start = 4
        if version >= _WITH_DIGEST and len(message) > 4:
            start += 1 + message[4]
        if start + 10 > len(message):
            raise MalformedError(TRUNCATED, "An S7comm-plus PDU has no opcode and function.", 4)
        self._message(message, start, frame, time, direction)

    def _message(self, message: bytes, start: int, frame: int, time: int, direction: Direction) -> None:
        opcode = message[start]
        function = None if opcode == _NOTIFICATION else message[start + 3] << 8 | message[start + 4]
        kind, role, head = _shape(opcode, function)
        sequence = message[start + 7] << 8 | message[start + 8]
        request = self._asked.pop(sequence, None) if role is Role.RESPONSE else None
        objects: tuple[str, ...] = ()
        if role is Role.REQUEST and function is not None:
            objects = objects_of(function, message[start + _DATA : start + _DATA + HEAD])
        key = (*head, objects)
        body = (message, start, objects)
        record = Record(frame, time, direction, NAME, kind, role, key, body, _fields, request)
        self._emit(record)
        if role is Role.REQUEST:
            self._asked[sequence] = record
            if len(self._asked) > _MAXIMUM_OUTSTANDING:
                del self._asked[next(iter(self._asked))]


def _goes_on(message: bytes, version: int, length: int) -> bool:
    """Whether a PDU is not the last of its message: only the last one has a trailer behind its data."""
    return len(message) <= 4 + length < 0xFFFF and version not in (_SYSTEM_EVENT, _KEEP_ALIVE)


@fields_of
def _other_fields(record: Record, fields: Fields) -> None:
    fields |= {"version": record.body[1], "opcode": None, "opcode_name": record.kind}


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    message, start, objects = record.body
    opcode = message[start]
    fields |= {
        "version": message[1],
        "opcode": f"0x{opcode:02x}",
        "opcode_name": PLUS_OPCODES.get(opcode, f"Unknown s7comm-plus opcode-0x{opcode:02x}"),
        "function_code": None,
        "function_name": None,
    }
    if opcode != _NOTIFICATION:
        function = message[start + 3] << 8 | message[start + 4]
        fields |= {"function_code": f"0x{function:04x}", "function_name": record.kind}
        fields["sequence_number"] = message[start + 7] << 8 | message[start + 8]
    if objects:
        fields["objects"] = list(objects)
    found = _IDENTITY.search(message)
    if found:
        fields["order_number"], fields["firmware_version"] = text(found[1]).strip(), f"V{text(found[2])}"
