"""What happens to conversations and to PDUs that cannot be read, as records."""

from __future__ import annotations

from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Emit, Fields, Record, Role

_PAYLOAD_SHOWN = 64
"""Bytes of a malformed PDU that its record shows."""


def announce(
    emit: Emit, kind: str, direction: Direction, frame: int, time: int, details: Fields | None = None
) -> None:
    """Emit a record with `Role.FLOW`; see `record.FLOW_KINDS`."""
    transport = direction.flow.transport
    emit(Record(frame, time, direction, transport, kind, Role.FLOW, kind, details, _flow_fields))


def change_state(emit: Emit, state: str, direction: Direction, frame: int, time: int) -> None:
    """Put the flow into `state` and say so."""
    direction.flow.state = state
    announce(emit, state, direction, frame, time)


def report_malformed(
    emit: Emit,
    direction: Direction,
    protocol: str,
    error: MalformedError,
    payload: bytes,
    moment: tuple[int, int],
) -> None:
    """Emit a record with `Role.MALFORMED` for `payload`, which `protocol` cannot read; `moment`: frame and
    time."""
    details = {
        "reason": str(error),
        "offset": error.offset,
        "payload": payload[:_PAYLOAD_SHOWN].hex(),
    }
    key = (protocol, error.kind)
    emit(Record(*moment, direction, protocol, error.kind, Role.MALFORMED, key, details, _details))


def _details(record: Record) -> Fields:
    fields: Fields = record.body
    return fields


def _flow_fields(record: Record) -> Fields:
    flow = record.direction.flow
    fields: Fields = {
        "service": flow.service,
        "state": flow.state,
        "started": flow.started,
        "orig_pkts": flow.client.frames,
        "orig_wire_bytes": flow.client.octets,
        "resp_pkts": flow.server.frames,
        "resp_wire_bytes": flow.server.octets,
    }
    return fields | record.body if record.body else fields
