"""What stands in front of every service request and response (OPC 10000-4, sections 7.33 and 7.34), by
ICSNPP's names."""

from __future__ import annotations

from holdfast.defender.dissect.opcua.naming import node_fields
from holdfast.defender.dissect.opcua.status import status_fields, status_name
from holdfast.defender.dissect.opcua.types import (
    diagnostic_info,
    extension_object,
    string,
    strings,
    unix_time,
)
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.record import Fields


def request_header(reader: Reader, fields: Fields) -> None:
    """Session token, time, handle, audit entry and time-out of a request."""
    _token(reader, fields)
    fields["req_hdr_timestamp"] = unix_time(reader)
    fields["req_hdr_request_handle"], fields["req_hdr_return_diag"] = reader.u32_little(), reader.u32_little()
    fields["req_hdr_audit_entry_id"], fields["req_hdr_timeout_hint"] = string(reader), reader.u32_little()
    _additional(reader, "req_hdr", fields)


def response_header(reader: Reader, fields: Fields) -> int:
    """Time, handle and result of a response; returns the result."""
    fields["res_hdr_timestamp"] = unix_time(reader)
    fields["res_hdr_request_handle"] = reader.u32_little()
    result = reader.u32_little()
    fields |= status_fields(result)
    fields["status"] = status_name(result)
    fields["res_hdr_service_diag_encoding"] = diagnostic_info(reader)
    strings(reader)
    _additional(reader, "res_hdr", fields)
    return result


def service_result(octets: bytes) -> int:
    """The result of a response, whose header begins `octets`; 0 where it is cut."""
    return int.from_bytes(octets[12:16], "little") if len(octets) >= 16 else 0


def skip_request_header(octets: bytes) -> bytes:
    """What follows the header of a request. Raises `MalformedError`."""
    reader = Reader(octets)
    request_header(reader, {})
    return reader.rest()


def _token(reader: Reader, fields: Fields) -> None:
    fields["req_hdr_node_id"], token = node_fields(reader, "req_hdr_node_id")
    fields["req_hdr_node_id_type"] = token.pop("req_hdr_node_id_encoding_mask")
    fields |= token


def _additional(reader: Reader, prefix: str, fields: Fields) -> None:
    """The additional header, an extension object that is empty nearly always."""
    kind, body = extension_object(reader)
    fields[f"{prefix}_add_hdr_type_id"] = kind.identifier
    fields[f"{prefix}_add_hdr_enc_mask"] = int(bool(body))
