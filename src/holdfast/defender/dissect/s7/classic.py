"""Classic S7 communication (protocol identifier 0x32).

Keys: of jobs and their answers (function code, what it is about): for variables the areas and data blocks,
for PLC Control the service, for transfers the file name; of user data (group, sub-function, SZL identifier).
Failures have the error code behind.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable
from functools import lru_cache
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import remembered, text
from holdfast.defender.dissect.s7.fields import ack_fields, continues, job_fields, user_data_fields
from holdfast.defender.dissect.s7.names import FUNCTIONS, SUBFUNCTIONS, USER_DATA_GROUPS
from holdfast.defender.dissect.s7.variables import referenced
from holdfast.defender.dissect.session import TRUNCATED, MalformedError
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Record

NAME: Final = "s7comm"
PROTOCOL_IDENTIFIER: Final = 0x32
JOB, ACK, ACK_DATA, USER_DATA = 1, 2, 3, 7
_READ, _WRITE, _PLC_CONTROL = 0x04, 0x05, 0x28
_TRANSFERS: Final = frozenset({0x1A, 0x1B, 0x1C, 0x1D})
_MAXIMUM_OUTSTANDING: Final = 64
_HEADER: Final = struct.Struct(">xBHHHH").unpack_from
_READ_SZL: Final = (0x4, 0x01)
_USER_DATA_ROLES: Final = {4: REQUEST, 8: RESPONSE}


class _Shape(NamedTuple):
    kind: str
    key: tuple[Hashable, ...]


@remembered(16_384)
def _job_shape(parameters: bytes) -> _Shape:
    """What a job asks. Polls repeat, so it is remembered by its parameters, which hold no values."""
    if not parameters:
        return _Shape("unknown", (None, None))
    function = parameters[0]
    about: Hashable = None
    if function in (_READ, _WRITE):
        about = referenced(parameters)
    elif function == _PLC_CONTROL:
        about = control_service(parameters)
    elif function in _TRANSFERS:
        about = file_name(parameters)
    return _Shape(FUNCTIONS.get(function, "unknown"), (function, about))


def control_service(parameters: bytes) -> str:
    """The name of the service in a PLC Control job: behind a parameter block with its length in front."""
    if len(parameters) < 10:
        return ""
    position = 10 + (parameters[8] << 8 | parameters[9])
    if position >= len(parameters):
        return ""
    return text(parameters[position + 1 : position + 1 + parameters[position]])


def file_name(parameters: bytes) -> str:
    """The block that a job uploads or downloads, such as `_0A00001P`."""
    if len(parameters) < 9:
        return ""
    return text(parameters[9 : 9 + parameters[8]])


@lru_cache(maxsize=4096)
def _user_data_shape(group: int, subfunction: int, szl: bytes) -> _Shape:
    name = SUBFUNCTIONS.get(group, {}).get(subfunction) or USER_DATA_GROUPS.get(group, "unknown")
    identifier = int.from_bytes(szl, "big") if szl else None
    return _Shape(name, (group, subfunction, identifier))


class Classic:
    """The jobs of one connection and their answers."""

    __slots__ = ("_asked", "_emit")

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._asked: dict[int, tuple[Record, _Shape]] = {}

    def take(self, message: bytes, frame: int, time: int, direction: Direction) -> None:
        """Read one PDU; see `cotp.Upper`."""
        if len(message) < 10:
            raise MalformedError(TRUNCATED, "An S7 header has at least 10 bytes.")
        kind, _, reference, parameters, data = _HEADER(message)
        start = 12 if kind in (ACK, ACK_DATA) else 10
        if start + parameters + data > len(message):
            raise MalformedError(TRUNCATED, "S7 parameters and data are longer than their message.", 6)
        body = (message, start, parameters)
        if kind == JOB:
            shape = _job_shape(message[start : start + parameters])
            record = Record(frame, time, direction, NAME, shape.kind, REQUEST, shape.key, body, job_fields)
            self._emit(record)
            self._remember(reference, record, shape)
        elif kind == USER_DATA:
            self._user_data(message, start, parameters, reference, frame, time, direction)
        elif kind in (ACK, ACK_DATA):
            self._ack(message, start, parameters, reference, frame, time, direction)
        else:
            raise MalformedError("rosctr", f"The message type {kind} does not exist.", 1)

    def _remember(self, reference: int, record: Record, shape: _Shape) -> None:
        self._asked[reference] = record, shape
        if len(self._asked) > _MAXIMUM_OUTSTANDING:
            del self._asked[next(iter(self._asked))]

    def _ack(
        self,
        message: bytes,
        start: int,
        parameters: int,
        reference: int,
        frame: int,
        time: int,
        direction: Direction,
    ) -> None:
        request, shape = self._asked.pop(reference, (None, None))
        if shape is None:
            function = message[start] if parameters else None
            shape = _Shape(FUNCTIONS.get(function or 0, "unknown"), (function, None))
        role, key = RESPONSE, shape.key
        error = message[10] << 8 | message[11]
        if error:
            role, key = FAILURE, (*shape.key, error)
        body = (message, start, parameters)
        self._emit(Record(frame, time, direction, NAME, shape.kind, role, key, body, ack_fields, request))

    def _user_data(
        self,
        message: bytes,
        start: int,
        parameters: int,
        reference: int,
        frame: int,
        time: int,
        direction: Direction,
    ) -> None:
        if parameters < 8:
            raise MalformedError(TRUNCATED, "The parameters of S7 user data have at least 8 bytes.", 6)
        sort, group, subfunction = message[start + 5] >> 4, message[start + 5] & 15, message[start + 6]
        data = start + parameters
        request = self._asked.pop(reference, (None, None))[0] if sort == 8 else None
        is_szl = (group, subfunction) == _READ_SZL and len(message) >= data + 6 and not continues(request)
        shape = _user_data_shape(group, subfunction, message[data + 4 : data + 6] if is_szl else b"")
        role, key = _USER_DATA_ROLES.get(sort, NOTICE), shape.key
        if parameters >= 12:
            error = message[start + 10] << 8 | message[start + 11]
            if error:
                role, key = FAILURE, (*shape.key, error)
        body = (message, start, parameters)
        record = Record(frame, time, direction, NAME, shape.kind, role, key, body, user_data_fields, request)
        self._emit(record)
        if sort == 4:
            self._remember(reference, record, shape)
