"""What happens to conversations, as records."""

from __future__ import annotations

from holdfast.defender.flows.model import Direction
from holdfast.defender.record import FLOW, Emit, Fields, Record


def announce(
    emit: Emit, kind: str, direction: Direction, frame: int, time: int, details: Fields | None = None
) -> None:
    """Emit a record with `Role.FLOW`; see `record.FLOW_KINDS`."""
    transport = direction.flow.transport
    emit(Record(frame, time, direction, transport, kind, FLOW, kind, details, _flow_fields))


def change_state(emit: Emit, state: str, direction: Direction, frame: int, time: int) -> None:
    """Put the flow into `state` and say so."""
    direction.flow.state = state
    announce(emit, state, direction, frame, time)


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
