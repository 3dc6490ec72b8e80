"""Events that an OPC UA server reports (OPC 10000-4, section 7.25; OPC 10000-5, section 6.4.2).

A client says which fields it wants when it subscribes; the server's notifications hold the values alone, in
that order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.defender.dissect.opcua.types import (
    array,
    extension_object,
    node_id,
    qualified_name,
    string,
    variant,
)
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.record import Fields

EVENT_NOTIFICATIONS: Final = b"\x01\x00\x94\x03"
"""The NodeId of EventNotificationList (i=916) as it stands in a message."""
_EVENT_FILTER, _EVENT_LIST = 727, 916
_MAXIMUM_EVENTS: Final = 64
_SHOWN: Final = {
    "EventType": "event_type",
    "Message": "message",
    "Severity": "severity",
    "SourceName": "source_name",
    "Time": "event_time",
}
"""Fields of every event that a record shows, by their browse names."""


def selected_fields(kind: object, body: bytes) -> list[str]:
    """The last browse name of each field that an EventFilter selects; none for other filters."""
    if str(kind) != f"i={_EVENT_FILTER}":
        return []
    reader = Reader(body)
    return [_selected(reader) for _ in array(reader)]


def _selected(reader: Reader) -> str:
    """SimpleAttributeOperand."""
    node_id(reader)
    path = [qualified_name(reader) for _ in array(reader)]
    reader.skip(4)
    string(reader)
    return path[-1] if path else ""


def read_events(reader: Reader, selections: dict[int, list[str]]) -> Iterator[Fields]:
    """The events of a Publish response behind its header; `selections` are the fields by client handle."""
    subscription = reader.u32_little()
    for _ in array(reader):
        reader.skip(4)
    reader.skip(1 + 4 + 8)
    count = 0
    for _ in array(reader):
        kind, body = extension_object(reader)
        if str(kind) != f"i={_EVENT_LIST}":
            continue
        events = Reader(body)
        for _ in array(events):
            if count < _MAXIMUM_EVENTS:
                yield {"subscription_id": subscription, **_event(events, selections)}
            count += 1


def _event(reader: Reader, selections: dict[int, list[str]]) -> Fields:
    handle = reader.u32_little()
    values = [variant(reader) for _ in array(reader)]
    fields: Fields = {"client_handle": handle, "values": values}
    for name, value in zip(selections.get(handle, ()), values, strict=False):
        if name in _SHOWN:
            fields[_SHOWN[name]] = value
    return fields
