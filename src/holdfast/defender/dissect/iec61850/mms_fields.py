"""The fields of MMS records."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect import ber
from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.iec61850.data import read_value
from holdfast.defender.dissect.iec61850.mms_names import (
    DATA_ACCESS_ERRORS,
    ERROR_CLASSES,
    LOGICAL_STATUSES,
    PHYSICAL_STATUSES,
    REJECT_REASONS,
)
from holdfast.defender.record import Fields, Record

_STATUS, _GET_NAME_LIST, _IDENTIFY, _READ, _WRITE = 0xA0, 0xA1, 0xA2, 0xA4, 0xA5
_FILE_OPEN, _FILE_DELETE, _FILE_DIRECTORY = 0xBF48, 0xBF4C, 0xBF4D
_GRAPHIC_STRING, _VISIBLE_STRING = 0x19, 0x1A
_DATA_ACCESS_ERROR: Final = 0x80
_MAXIMUM_VALUES: Final = 4096


@fields_of
def request(record: Record, fields: Fields) -> None:
    """Of a confirmed request."""
    invoke, service = record.body
    fields |= {"pdu_type": "confirmed-RequestPDU", "invoke_id": invoke, "service": record.kind}
    if isinstance(record.key, tuple) and len(record.key) > 1:
        fields["objects"] = list(record.key[1:])
    element = ber.read(service, 0, len(service))
    if element.tag == _WRITE:
        data = [each for each in ber.children(service, element.start, element.stop) if each.tag == 0xA0]
        if data:
            last = data[-1]
            fields["values"] = _values(service, last)
    elif element.tag in (_FILE_OPEN, _FILE_DELETE, _FILE_DIRECTORY):
        fields["file_name"] = _strings(service, element)


def _strings(data: bytes, element: ber.Element) -> str:
    """A file's name, which is a sequence of strings."""
    parts = [
        text(data[each.start : each.stop])
        for each in ber.walk(data, element.start, element.stop)
        if each.tag in (_GRAPHIC_STRING, _VISIBLE_STRING)
    ]
    return "/".join(parts)


@fields_of
def response(record: Record, fields: Fields) -> None:
    """Of a confirmed response."""
    invoke, service = record.body
    fields |= {"pdu_type": "confirmed-ResponsePDU", "invoke_id": invoke, "service": record.kind}
    element = ber.read(service, 0, len(service))
    if element.tag == _IDENTIFY:
        _identify(service, element, fields)
    elif element.tag == _STATUS:
        _status(service, element, fields)
    elif element.tag == _GET_NAME_LIST:
        found = ber.find(service, element.start, element.stop, (0xA0,))
        if found is not None:
            fields["names"] = [
                text(service[each.start : each.stop])
                for each in ber.children(service, found.start, found.stop)
            ]
    elif element.tag == _READ:
        results = ber.find(service, element.start, element.stop, (0xA1,))
        if results is not None:
            fields["values"] = _values(service, results)
    elif element.tag == _WRITE:
        fields["results"] = [
            "success" if each.tag == 0x81 else _access_error(service, each)
            for each in ber.children(service, element.start, element.stop)
        ]


def _identify(data: bytes, element: ber.Element, fields: Fields) -> None:
    for each in ber.children(data, element.start, element.stop):
        name = {0x80: "vendor_name", 0x81: "model_name", 0x82: "revision"}.get(each.tag)
        if name is not None:
            fields[name] = text(data[each.start : each.stop])


def _status(data: bytes, element: ber.Element, fields: Fields) -> None:
    for each in ber.children(data, element.start, element.stop):
        value = ber.unsigned(data, each)
        if each.tag == 0x80:
            fields["logical_status"] = LOGICAL_STATUSES.get(value, f"unknown-{value}")
        elif each.tag == 0x81:
            fields["physical_status"] = PHYSICAL_STATUSES.get(value, f"unknown-{value}")


def _access_error(data: bytes, element: ber.Element) -> str:
    code = ber.unsigned(data, element)
    return DATA_ACCESS_ERRORS.get(code, f"unknown-{code}")


def _values(data: bytes, results: ber.Element) -> list[object]:
    """Values, or the reason why one cannot be accessed."""
    values: list[object] = []
    for each in ber.children(data, results.start, results.stop):
        if len(values) >= _MAXIMUM_VALUES:
            break
        if each.tag == _DATA_ACCESS_ERROR:
            values.append({"error": _access_error(data, each)})
        else:
            values.append(read_value(data, each))
    return values


def service_error(service: bytes) -> tuple[int, int]:
    """Class and code of a confirmed error; -1 where they are missing."""
    for each in ber.walk(service, 0, len(service)):
        if each.tag == 0xA0:
            inner = next(ber.children(service, each.start, each.stop), None)
            if inner is not None and not ber.constructed(inner):
                return inner.tag & 0x1F, ber.signed(service, inner)
    return -1, -1


@fields_of
def error(record: Record, fields: Fields) -> None:
    """Of a confirmed error."""
    invoke, service = record.body
    error_class, code = service_error(service)
    fields |= {
        "pdu_type": "confirmed-ErrorPDU",
        "invoke_id": invoke,
        "service": record.kind,
        "error_class": ERROR_CLASSES.get(error_class, f"unknown-{error_class}"),
        "error_code": code,
    }


@fields_of
def unconfirmed(record: Record, fields: Fields) -> None:
    """Of an information report, status or event that nobody asked for."""
    body: bytes = record.body
    fields |= {"pdu_type": "unconfirmed-PDU", "service": record.kind}
    element = ber.read(body, 0, len(body))
    if record.kind == "unsolicitedStatus":
        _status(body, element, fields)
        return
    parts = list(ber.children(body, element.start, element.stop))
    if not parts:
        return
    names = [
        text(body[each.start : each.stop])
        for each in ber.walk(body, parts[0].start, parts[0].stop)
        if each.tag in (0x80, _VISIBLE_STRING)
    ]
    fields["variable"] = "/".join(names)
    results = next((each for each in parts[1:] if each.tag == 0xA0), None)
    if results is not None:
        fields["values"] = _values(body, results)


@fields_of
def other(record: Record, fields: Fields) -> None:
    """Of PDUs around the services: initiate, conclude, cancel, reject."""
    body: bytes = record.body
    fields["pdu_type"] = f"{record.kind}PDU"
    if record.kind.startswith("initiate"):
        _initiate(body, fields)
    elif record.kind == "reject":
        for each in ber.children(body, 0, len(body)):
            number = each.tag & 0x1F
            if number == 0:
                fields["invoke_id"] = ber.unsigned(body, each)
            else:
                fields["reject_reason"] = REJECT_REASONS.get(number, f"unknown-{number}")
                fields["reject_code"] = ber.unsigned(body, each)
    elif record.kind.startswith("cancel") and not record.kind.endswith("Error"):
        fields["invoke_id"] = int.from_bytes(body, "big")


def _initiate(body: bytes, fields: Fields) -> None:
    names = {
        0x80: "local_detail",
        0x81: "maximum_services_calling",
        0x82: "maximum_services_called",
        0x83: "nesting_level",
    }
    for each in ber.children(body, 0, len(body)):
        if each.tag in names:
            fields[names[each.tag]] = ber.unsigned(body, each)
        elif each.tag == 0xA4:
            version = ber.find(body, each.start, each.stop, (0x80,))
            if version is not None:
                fields["version_number"] = ber.unsigned(body, version)
