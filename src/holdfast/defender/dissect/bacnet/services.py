"""What BACnet services say of properties, devices and their control (ASHRAE 135, clauses 13 to 16)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from holdfast.defender.dissect.bacnet.names import (
    COMMUNICATION_STATES,
    REINITIALIZED_STATES,
    enumerated,
    object_type_name,
    property_name,
)
from holdfast.defender.dissect.bacnet.tags import (
    Tag,
    Value,
    characters,
    is_enumerated,
    object_identifier,
    primitive,
    read_tag,
)
from holdfast.defender.dissect.decoding import remembered
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.dissect.tables import names
from holdfast.defender.record import Fields

About = tuple[tuple[int, int, int | None], ...]
"""Objects and properties that a message is about: type, instance, property."""

_MAXIMUM_VALUES: Final = 4096
_MAXIMUM_ABOUT: Final = 64
_PROPERTY_ACCESS_ERROR: Final = 5
"""Context tag of an error in place of a value."""
_PROPERTY_SERVICES: Final = frozenset({"read_property", "write_property", "read_range"})
_MULTIPLE: Final = frozenset({"read_property_multiple", "write_property_multiple"})


@remembered(65_536)
def about(service: str, octets: bytes) -> About:
    """What a request is about, up to what cannot be read."""
    rows: list[Fields] = []
    with contextlib.suppress(MalformedError):
        _read_rows(service, True, Reader(octets), rows)
    found: dict[tuple[int, int, int | None], None] = {}
    for row in rows[:_MAXIMUM_ABOUT]:
        found[row["_object"], row["_instance"], row["_property"]] = None
    return tuple(found)


def read_service(service: str, request: bool, octets: bytes, fields: Fields) -> None:
    """Add the fields of a service's parameters."""
    if service in _PROPERTY_SERVICES or service in _MULTIPLE:
        fields["properties"], broken = _properties(service, request, octets)
        if broken is not None:
            raise MalformedError(*broken)
        return
    read = _SERVICES.get(service)
    if read is not None and request:
        read(Reader(octets), fields)
    elif octets:
        fields["data"] = octets.hex()


@remembered(2048)
def _properties(
    service: str, request: bool, octets: bytes
) -> tuple[list[Fields], tuple[str, str, int] | None]:
    """What is said about properties, and what is wrong with it (see `MalformedError`) from there on."""
    rows: list[Fields] = []
    broken = None
    try:
        _read_rows(service, request, Reader(octets), rows)
    except MalformedError as error:
        broken = (error.kind, str(error), error.offset)
    for row in rows:
        del row["_object"], row["_instance"], row["_property"]
    return rows, broken


def _row(service: str, request: bool, identifier: tuple[int, int]) -> Fields:
    suffix = "" if service.startswith("write") else ("-request" if request else "-ack")
    return {
        "pdu_service": service.replace("_", "-") + suffix,
        "object_type": object_type_name(identifier[0]),
        "instance_number": identifier[1],
        "property": None,
        "array_index": None,
        "value": None,
        "_object": identifier[0],
        "_instance": identifier[1],
        "_property": None,
    }


def _read_rows(service: str, request: bool, reader: Reader, rows: list[Fields]) -> None:
    if service in _MULTIPLE:
        while reader.left:
            _read_access(service, request, reader, rows)
        return
    first = read_tag(reader)
    row = _row(service, request, object_identifier(first.octets))
    rows.append(row)
    while reader.left:
        tag = read_tag(reader)
        if tag.is_opening:
            if service == "read_range" and request:
                return
            _read_values(reader, tag.number, row, rows)
        elif tag.number == 1:
            _name_property(row, tag)
        elif tag.number == 2:
            row["array_index"] = tag.unsigned


def _name_property(row: Fields, tag: Tag) -> None:
    row["_property"] = tag.unsigned
    row["property"] = property_name(tag.unsigned)


def _read_access(service: str, request: bool, reader: Reader, rows: list[Fields]) -> None:
    """One object of a Multiple service: its identifier, then a list of properties with or without values."""
    identifier = object_identifier(read_tag(reader).octets)
    opening = read_tag(reader)
    if not opening.is_opening:
        raise MalformedError("tag", "A list of properties is expected.", reader.position)
    property_tag, index_tag = (2, 3) if not request else (0, 1)
    row: Fields | None = None
    while True:
        tag = read_tag(reader)
        if tag.is_closing:
            return
        if tag.is_opening and row is not None:
            _read_values(reader, tag.number, row, rows)
        elif tag.number == property_tag:
            row = _row(service, request, identifier)
            _name_property(row, tag)
            rows.append(row)
        elif tag.number == index_tag and row is not None:
            row["array_index"] = tag.unsigned


def _read_values(reader: Reader, number: int, row: Fields, rows: list[Fields]) -> None:
    """Values up to the closing tag: the first goes to `row`, each further one to a row of its own."""
    values = _values_until_closing(reader, row["_property"])
    if number == _PROPERTY_ACCESS_ERROR and len(values) == 2 and isinstance(values[1], int):
        row["error"] = names("bacnet_errors").get(values[1], f"Unknown Error Code-0x{values[1]:02x}")
        values = ["PropertyError"]
    if not values:
        return
    row["value"] = values[0]
    rows += [row | {"value": value} for value in values[1:]]


def _values_until_closing(reader: Reader, property_identifier: int | None) -> list[Value]:
    """The values before the closing tag that matches the opening one just read."""
    values: list[Value] = []
    depth = 1
    while depth and reader.left:
        tag = read_tag(reader)
        if tag.is_opening:
            depth += 1
        elif tag.is_closing:
            depth -= 1
        elif len(values) < _MAXIMUM_VALUES:
            values.append(_value(tag, property_identifier))
    if depth:
        raise MalformedError("tag", "A closing tag is missing.", reader.position)
    return values


def _value(tag: Tag, property_identifier: int | None) -> Value:
    if tag.context:
        return tag.octets.hex()
    value = primitive(tag)
    if is_enumerated(tag) and property_identifier is not None and isinstance(value, int):
        return enumerated(property_identifier, value)
    return value


def _i_am(reader: Reader, fields: Fields) -> None:
    kind, instance = object_identifier(read_tag(reader).octets)
    fields |= {"object_type": object_type_name(kind), "instance_number": instance}
    fields["maximum_apdu"], fields["segmentation"] = read_tag(reader).unsigned, read_tag(reader).unsigned
    vendor = read_tag(reader).unsigned
    fields["vendor_id"] = vendor
    fields["vendor"] = names("bacnet_vendors").get(vendor, f"Unknown Vendor-0x{vendor:02x}")


def _i_have(reader: Reader, fields: Fields) -> None:
    kind, instance = object_identifier(read_tag(reader).octets)
    fields |= {"device_id_type": object_type_name(kind), "device_id_number": instance}
    kind, instance = object_identifier(read_tag(reader).octets)
    fields |= {"object_type": object_type_name(kind), "instance_number": instance}
    fields["object_name"] = characters(read_tag(reader).octets)


def _who_is(reader: Reader, fields: Fields) -> None:
    limits = [read_tag(reader).unsigned for _ in range(2) if reader.left]
    fields["range"] = f"{limits[0]}-{limits[1]}" if len(limits) == 2 else "All"


def _who_has(reader: Reader, fields: Fields) -> None:
    limits: list[int] = []
    fields["object_name"] = "N/A"
    while reader.left:
        tag = read_tag(reader)
        if tag.number in (0, 1):
            limits.append(tag.unsigned)
        elif tag.number == 2:
            kind, instance = object_identifier(tag.octets)
            fields |= {"object_type": object_type_name(kind), "instance_number": instance}
        elif tag.number == 3:
            fields["object_name"] = characters(tag.octets)
    fields["range"] = f"{limits[0]}-{limits[1]}" if len(limits) == 2 else "All"


def _reinitialize(reader: Reader, fields: Fields) -> None:
    state = read_tag(reader).unsigned
    fields["device_state"] = REINITIALIZED_STATES.get(state, f"unknown-{state}")
    fields["password"] = characters(read_tag(reader).octets) if reader.left else ""


def _communication_control(reader: Reader, fields: Fields) -> None:
    fields["time_duration"], fields["password"] = None, ""
    while reader.left:
        tag = read_tag(reader)
        if tag.number == 0:
            fields["time_duration"] = tag.unsigned
        elif tag.number == 1:
            fields["device_state"] = COMMUNICATION_STATES.get(tag.unsigned, f"unknown-{tag.unsigned}")
        elif tag.number == 2:
            fields["password"] = characters(tag.octets)


def _file_access(reader: Reader, fields: Fields) -> None:
    kind, instance = object_identifier(read_tag(reader).octets)
    fields |= {"object_type": object_type_name(kind), "instance_number": instance}
    opening = read_tag(reader)
    fields["access"] = "stream" if opening.number == 0 else "record"
    fields["file_start"] = primitive(read_tag(reader))


def _named_object(reader: Reader, fields: Fields) -> None:
    tag = read_tag(reader)
    if tag.is_opening:
        tag = read_tag(reader)
    if len(tag.octets) == 4:
        kind, instance = object_identifier(tag.octets)
        fields |= {"object_type": object_type_name(kind), "instance_number": instance}
    elif tag.octets:
        fields["object_type"] = object_type_name(tag.unsigned)


def _notification(reader: Reader, fields: Fields) -> None:
    """COV and event notifications begin with a process, then name the device and the object."""
    fields["process_identifier"] = read_tag(reader).unsigned
    for name in ("device_id", "object"):
        kind, instance = object_identifier(read_tag(reader).octets)
        key = f"{name}_type"
        fields[key], fields[f"{name}_number" if name == "device_id" else "instance_number"] = (
            object_type_name(kind),
            instance,
        )


_SERVICES: Final[dict[str, Callable[[Reader, Fields], None]]] = {
    "i_am": _i_am,
    "i_have": _i_have,
    "who_is": _who_is,
    "who_has": _who_has,
    "reinitialize_device": _reinitialize,
    "device_communication_control": _communication_control,
    "atomic_read_file": _file_access,
    "atomic_write_file": _file_access,
    "create_object": _named_object,
    "delete_object": _named_object,
    "add_list_element": _named_object,
    "remove_list_element": _named_object,
    "confirmed_cov_notification": _notification,
    "unconfirmed_cov_notification": _notification,
    "confirmed_event_notification": _notification,
    "unconfirmed_event_notification": _notification,
}
"""Services with fields of their own; requests only."""
