"""Channels, endpoints and sessions (OPC 10000-4, sections 5.4 to 5.6), by ICSNPP's names."""

from __future__ import annotations

import struct
from typing import Final

from holdfast.defender.dissect.opcua.naming import certificate_fields, node_fields, octets_text, text_fields
from holdfast.defender.dissect.opcua.status import status_name
from holdfast.defender.dissect.opcua.types import (
    array,
    byte_string,
    extension_object,
    string,
    strings,
    unix_time,
)
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.record import Fields

SECURITY_MODES: Final = {0: "Invalid", 1: "None", 2: "Sign", 3: "SignAndEncrypt"}
_DOUBLE: Final = struct.Struct("<d").unpack
_IDENTITIES: Final = {
    321: ("Anonymous", "AnonymousIdentityToken"),
    324: ("UserName", "UserNameIdentityToken"),
    327: ("Certificate", "X509IdentityToken"),
    940: ("IssuedToken", "IssuedIdentityToken"),
}
"""What an identity token is, and what its type is called, by the type's number."""


def open_channel(reader: Reader, fields: Fields) -> None:
    """OpenSecureChannel."""
    fields["client_proto_ver"], fields["sec_token_request_type"] = reader.u32_little(), reader.u32_little()
    _security_mode(reader, fields)
    fields["client_nonce"], fields["req_lifetime"] = octets_text(byte_string(reader)), reader.u32_little()


def channel_opened(reader: Reader, fields: Fields) -> None:
    """The answer to it: the security token."""
    fields["server_proto_ver"] = reader.u32_little()
    fields["sec_token_sec_channel_id"], fields["sec_token_id"] = reader.u32_little(), reader.u32_little()
    fields["sec_token_created_at"], fields["sec_token_revised_time"] = unix_time(reader), reader.u32_little()
    fields["server_nonce"] = octets_text(byte_string(reader))


def _security_mode(reader: Reader, fields: Fields) -> None:
    mode = reader.u32_little()
    fields["message_security_mode"] = mode
    fields["security_mode"] = SECURITY_MODES.get(mode, f"unknown-{mode}")


def _application(reader: Reader) -> Fields:
    """ApplicationDescription."""
    described: Fields = {"application_uri": string(reader), "product_uri": string(reader)}
    described |= text_fields(reader, "encoding_mask", "locale", "text")
    described["application_type"] = reader.u32_little()
    described["gateway_server_uri"] = string(reader)
    described["discovery_profile_uri"] = string(reader)
    described["discovery_profile_urls"] = strings(reader)
    return described


def get_endpoints(reader: Reader, fields: Fields) -> None:
    """GetEndpoints and FindServers."""
    fields["endpoint_url"] = string(reader)
    fields["locale_ids"], fields["profile_uris"] = strings(reader), strings(reader)


def endpoints(reader: Reader, fields: Fields) -> None:
    """The endpoints of a server."""
    fields["endpoints"] = [_endpoint(reader) for _ in array(reader)]


def found_servers(reader: Reader, fields: Fields) -> None:
    """The servers that a discovery server knows."""
    fields["servers"] = [_application(reader) for _ in array(reader)]


def _endpoint(reader: Reader) -> Fields:
    """EndpointDescription."""
    endpoint: Fields = {"endpoint_url": string(reader)}
    endpoint |= _application(reader)
    certificate = certificate_fields(reader, "server_cert")
    endpoint |= {name.replace("server_cert_size", "cert_size"): value for name, value in certificate.items()}
    _security_mode(reader, endpoint)
    endpoint["security_policy_uri"] = string(reader)
    endpoint["user_tokens"] = [_token_policy(reader) for _ in array(reader)]
    endpoint["transport_profile_uri"], endpoint["security_level"] = string(reader), reader.u8()
    return endpoint


def _token_policy(reader: Reader) -> Fields:
    return {
        "user_token_policy_id": string(reader),
        "user_token_type": reader.u32_little(),
        "user_token_issued_type": string(reader),
        "user_token_endpoint_url": string(reader),
        "user_token_sec_policy_uri": string(reader),
    }


def create_session(reader: Reader, fields: Fields) -> None:
    """CreateSession."""
    fields |= _application(reader)
    fields["server_uri"], fields["endpoint_url"] = string(reader), string(reader)
    fields["session_name"], fields["client_nonce"] = string(reader), octets_text(byte_string(reader))
    fields |= certificate_fields(reader, "client_cert")
    fields["req_session_timeout"] = milliseconds(reader)
    fields["max_res_msg_size"] = reader.u32_little()


def session_created(reader: Reader, fields: Fields) -> None:
    """The answer to it."""
    for name in ("session_id", "auth_token"):
        fields[name], parts = node_fields(reader, name)
        fields |= parts
    fields["revised_session_timeout"] = milliseconds(reader)
    fields["server_nonce"] = octets_text(byte_string(reader))
    fields |= certificate_fields(reader, "server_cert")
    endpoints(reader, fields)
    for _ in array(reader):  # signed software certificates, which nobody sends any more
        byte_string(reader)
        byte_string(reader)
    fields["algorithm"], fields["signature"] = string(reader), octets_text(byte_string(reader))
    fields["max_req_msg_size"] = reader.u32_little()


def milliseconds(reader: Reader) -> float:
    """A Duration."""
    value: float = _DOUBLE(reader.take(8))[0]
    return value


def activate_session(reader: Reader, fields: Fields) -> None:
    """ActivateSession: who the user is."""
    fields["client_algorithm"], fields["client_signature"] = string(reader), octets_text(byte_string(reader))
    for _ in array(reader):
        byte_string(reader)
        byte_string(reader)
    fields["locale_ids"] = strings(reader)
    start = reader.position
    kind, body = extension_object(reader)
    before = Reader(reader.data, start, reader.end)
    fields |= node_fields(before, "ext_obj_type_id")[1]
    fields["ext_obj_encoding"] = f"0x{before.u8():02x}"
    number = int(kind.identifier) if kind.kind == "i" else 0
    fields["user_identity"], fields["ext_obj_type_id_str"] = _IDENTITIES.get(number, (str(kind), None))
    if number in _IDENTITIES:
        _identity(Reader(body), fields)
    fields["user_token_algorithm"] = string(reader)
    fields["user_token_signature"] = octets_text(byte_string(reader))


def _identity(token: Reader, fields: Fields) -> None:
    fields["ext_obj_policy_id"] = string(token) if token.left else None
    if fields["user_identity"] == "UserName":
        fields["user_name"] = fields["ext_obj_user_name"] = string(token)
        password, algorithm = byte_string(token), string(token)
        fields["ext_obj_encryption_algorithom"] = algorithm  # spelled as ICSNPP's column is
        fields["ext_obj_password"] = (
            octets_text(password) if algorithm else password.decode("utf-8", "replace")
        )
        fields["password_encrypted"], fields["password_length"] = bool(algorithm), len(password)
    elif fields["user_identity"] == "Certificate":
        fields["ext_obj_certificate_data"] = octets_text(byte_string(token))
    elif fields["user_identity"] == "IssuedToken":
        fields["ext_obj_token_data"] = octets_text(byte_string(token))


def session_activated(reader: Reader, fields: Fields) -> None:
    """The answer to it."""
    fields["server_nonce"] = octets_text(byte_string(reader))
    fields["results"] = [status_name(reader.u32_little()) for _ in array(reader)]


def close_session(reader: Reader, fields: Fields) -> None:
    """CloseSession."""
    fields["del_subscriptions"] = bool(reader.u8())
