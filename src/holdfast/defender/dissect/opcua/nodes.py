"""Nodes that are browsed, read, written, called and watched (OPC 10000-4, sections 5.8 to 5.13), by
ICSNPP's names."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.opcua.events import selected_fields
from holdfast.defender.dissect.opcua.naming import (
    expanded_node_fields,
    node_fields,
    octets_text,
    text_fields,
)
from holdfast.defender.dissect.opcua.sessions import milliseconds
from holdfast.defender.dissect.opcua.status import status_fields, status_name
from holdfast.defender.dissect.opcua.types import (
    array,
    byte_string,
    data_value,
    extension_object,
    node_id,
    string,
    unix_time,
    variant,
)
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.record import Fields

_ATTRIBUTES: Final = (
    "", "NodeId", "NodeClass", "BrowseName", "DisplayName", "Description", "WriteMask", "UserWriteMask",
    "IsAbstract", "Symmetric", "InverseName", "ContainsNoLoops", "EventNotifier", "Value", "DataType",
    "ValueRank", "ArrayDimensions", "AccessLevel", "UserAccessLevel", "MinimumSamplingInterval",
    "Historizing", "Executable", "UserExecutable", "DataTypeDefinition", "RolePermissions",
    "UserRolePermissions", "AccessRestrictions", "AccessLevelEx",
)  # fmt: skip
"""By their number (OPC 10000-6, annex A.1)."""
_CLASSES: Final = {
    1: "Object", 2: "Variable", 4: "Method", 8: "ObjectType", 16: "VariableType", 32: "ReferenceType",
    64: "DataType", 128: "View",
}  # fmt: skip
"""Classes of nodes, which are also the bits of a mask (OPC 10000-3, section 8.29)."""
_STAMPS: Final = ("Source", "Server", "Both", "Neither")
_DIRECTIONS: Final = ("FWD", "INV", "BOTH")
_MODES: Final = ("Disabled", "Sampling", "Reporting")


def _named(table: tuple[str, ...], number: int) -> str:
    return table[number] if number < len(table) else f"unknown-{number}"


def _attribute(reader: Reader, prefix: str = "node_id") -> Fields:
    """A node and one of its attributes: `node_id` and `attribute` as engines read them, and in parts."""
    text, parts = node_fields(reader, prefix)
    return {"node_id": text, **parts, "attribute": reader.u32_little()}


def _qualified(reader: Reader, index: str, name: str) -> Fields:
    return {index: reader.u16_little(), name: string(reader)}


def read(reader: Reader, fields: Fields) -> None:
    """Read."""
    fields["max_age"] = milliseconds(reader)
    stamps = reader.u32_little()
    fields["timestamps_to_return"], fields["timestamps_to_return_str"] = stamps, _named(_STAMPS, stamps)
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        node = _attribute(reader)
        _describe(node, string(reader))
        nodes.append(node | _qualified(reader, "data_encoding_name_idx", "data_encoding_name"))


def _describe(node: Fields, index_range: str | None) -> None:
    number = node["attribute"]
    node["attribute_id"], node["attribute_id_str"] = number, _named(_ATTRIBUTES, number)
    node["index_range"] = index_range


def _data_value(reader: Reader) -> Fields:
    """A DataValue."""
    mask = reader.data[reader.position] if reader.left else 0
    inner = reader.data[reader.position + 1] & 0x3F if mask & 1 and reader.left > 1 else None
    value, status, stamps = data_value(reader)
    fields: Fields = {"data_value_encoding_mask": f"0x{mask:02x}", "value": value}
    if inner is not None:
        fields["built_in_data_type"] = inner
    return fields | stamps | ({"status": status_name(status)} | status_fields(status))


def read_answer(reader: Reader, fields: Fields) -> None:
    """The values of a Read."""
    results: list[Fields] = []
    fields["results"] = results
    results.extend({"level": 0, **_data_value(reader)} for _ in array(reader))


def write(reader: Reader, fields: Fields) -> None:
    """Write."""
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        node = _attribute(reader)
        nodes.append(node)
        _describe(node, string(reader))
        written = _data_value(reader)
        node |= {name: written[name] for name in written if name not in _OF_RESULTS}


_OF_RESULTS: Final = frozenset({"status", *status_fields(0)})
"""What a value has only where a server answers with it."""


def call(reader: Reader, fields: Fields) -> None:
    """Call."""
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        owner, method = str(node_id(reader)), str(node_id(reader))
        nodes.append({"node_id": method, "object_id": owner})
        nodes[-1]["arguments"] = [variant(reader) for _ in array(reader)]


def browse(reader: Reader, fields: Fields) -> None:
    """Browse."""
    fields["browse_service_type"] = "BrowseRequest"
    fields |= node_fields(reader, "browse_view_id")[1]
    fields["browse_view_description_timestamp"] = unix_time(reader)
    fields["browse_view_description_view_version"] = reader.u32_little()
    fields["req_max_ref_nodes"] = reader.u32_little()
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        text, node = node_fields(reader, "browse_description")
        node["node_id"], node["browse_direction"] = text, _named(_DIRECTIONS, reader.u32_little())
        node |= node_fields(reader, "browse_description_ref")[1]
        node["browse_description_include_subtypes"] = bool(reader.u8())
        node["browse_node_class_mask"] = _class_mask(reader.u32_little())
        node["browse_result_mask"] = f"0x{reader.u32_little():08x}"
        nodes.append(node)


def _class_mask(mask: int) -> str:
    """The classes that a mask names; no bit means all."""
    return ",".join(name for bit, name in _CLASSES.items() if mask & bit) if mask else "All"


def browse_next(reader: Reader, fields: Fields) -> None:
    """BrowseNext."""
    fields["browse_service_type"] = "BrowseNextRequest"
    fields["browse_next_release_continuation_point"] = bool(reader.u8())
    fields["continuation_points"] = [octets_text(byte_string(reader)) for _ in array(reader)]


def browsed(reader: Reader, fields: Fields) -> None:
    """The references that Browse and BrowseNext found."""
    results: list[Fields] = []
    fields["results"] = results
    for _ in array(reader):
        result = status_fields(reader.u32_little())
        result["browse_result_continuation_point"] = octets_text(byte_string(reader))
        result["references"] = [_reference(reader) for _ in array(reader)]
        results.append(result)


def _reference(reader: Reader) -> Fields:
    """ReferenceDescription. ICSNPP calls the type of the reference `ref`, and its target `ref_type`."""
    prefix = "browse_response"
    found = node_fields(reader, f"{prefix}_ref")[1]
    found[f"{prefix}_is_forward"] = bool(reader.u8())
    found |= expanded_node_fields(reader, f"{prefix}_ref_type")
    found |= _qualified(reader, f"{prefix}_ref_name_idx", f"{prefix}_ref_name")
    display = f"{prefix}_display_name"
    found |= text_fields(reader, f"{display}_mask", f"{display}_locale", f"{display}_text")
    found[f"{display}_mask"] = f"0x{found[f'{display}_mask']:02x}"
    kind = reader.u32_little()
    found[f"{prefix}_node_class"] = f"{_CLASSES[kind]}NodeClass" if kind in _CLASSES else f"unknown-{kind}"
    return found | expanded_node_fields(reader, f"{prefix}_type_def")


def create_subscription(reader: Reader, fields: Fields) -> None:
    """CreateSubscription."""
    fields["requested_publishing_interval"] = milliseconds(reader)
    fields["requested_lifetime_count"] = reader.u32_little()
    fields["requested_max_keep_alive_count"] = reader.u32_little()
    fields["max_notifications_per_publish"] = reader.u32_little()
    fields["publishing_enabled"], fields["priority"] = bool(reader.u8()), reader.u8()


def subscription_created(reader: Reader, fields: Fields) -> None:
    """The answer to it."""
    fields["subscription_id"] = reader.u32_little()
    fields["revised_publishing_interval"] = milliseconds(reader)
    fields["revised_lifetime_count"] = reader.u32_little()
    fields["revised_max_keep_alive_count"] = reader.u32_little()


def create_monitored_items(reader: Reader, fields: Fields) -> None:
    """CreateMonitoredItems."""
    fields["subscription_id"] = reader.u32_little()
    fields["timestamps_to_return"] = _named(_STAMPS, reader.u32_little())
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    nodes.extend(_monitored(reader) for _ in array(reader))


def _monitored(reader: Reader) -> Fields:
    """MonitoredItemCreateRequest."""
    item, parameters = "item_to_monitor", "monitoring_parameters"
    node = _attribute(reader, f"{item}_node_id")
    node[f"{item}_attribute_id"] = _named(_ATTRIBUTES, node["attribute"])
    node[f"{item}_index_range"] = string(reader)
    node |= _qualified(reader, f"{item}_namespace_idx", f"{item}_name")
    node["monitoring_mode"] = _named(_MODES, reader.u32_little())
    node["client_handle"] = node[f"{parameters}_client_handle"] = reader.u32_little()
    node[f"{parameters}_sampling_interval"] = milliseconds(reader)
    start = reader.position
    node["selected"] = selected_fields(*extension_object(reader))
    wanted = Reader(reader.data, start, reader.end)
    node |= node_fields(wanted, f"{parameters}_filter_type_id")[1]
    node[f"{parameters}_queue_size"] = reader.u32_little()
    node[f"{parameters}_discard_oldest"] = bool(reader.u8())
    return node


def monitored_items_created(reader: Reader, fields: Fields) -> None:
    """The answer to it."""
    results: list[Fields] = []
    fields["results"] = results
    for _ in array(reader):
        result = status_fields(reader.u32_little())
        result["monitored_item_id"] = reader.u32_little()
        result["revised_sampling_interval"] = milliseconds(reader)
        result["revised_queue_size"] = reader.u32_little()
        extension_object(reader)
        results.append(result)


def delete_nodes(reader: Reader, fields: Fields) -> None:
    """DeleteNodes."""
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        nodes.append({"node_id": str(node_id(reader))})
        reader.skip(1)


def status_codes(reader: Reader, fields: Fields) -> None:
    """A status code for each node of the request."""
    fields["results"] = [status_name(reader.u32_little()) for _ in array(reader)]
