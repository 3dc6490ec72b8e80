"""What OPC UA services say (OPC 10000-4): sessions, users, and the nodes that are read, written, called and
watched."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from holdfast.defender.dissect.decoding import remembered
from holdfast.defender.dissect.opcua.events import selected_fields
from holdfast.defender.dissect.opcua.status import status_name
from holdfast.defender.dissect.opcua.types import (
    array,
    byte_string,
    data_value,
    extension_object,
    localized_text,
    node_id,
    qualified_name,
    string,
    strings,
    unix_time,
    variant,
)
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.record import Fields

SECURITY_MODES = {0: "Invalid", 1: "None", 2: "Sign", 3: "SignAndEncrypt"}
_APPLICATION_TYPES = {0: "Server", 1: "Client", 2: "ClientAndServer", 3: "DiscoveryServer"}
_TOKEN_TYPES = {0: "Anonymous", 1: "UserName", 2: "Certificate", 3: "IssuedToken"}
_IDENTITY_TOKENS = {321: "Anonymous", 324: "UserName", 327: "Certificate", 940: "IssuedToken"}
_MAXIMUM_NODES = 64
"""Nodes of a request that its key holds."""


@remembered(16_384)
def nodes_of(service: str, octets: bytes) -> tuple[str, ...]:
    """The nodes that a request names; `octets` follow its header. Polls repeat, so they are remembered."""
    fields: Fields = {}
    read = _REQUESTS.get(service)
    if read is None or service not in _NAMING_NODES:
        return ()
    with contextlib.suppress(MalformedError):
        read(Reader(octets), fields)
    found = [each["node_id"] for each in fields.get("nodes", ())]
    return tuple(dict.fromkeys(found[:_MAXIMUM_NODES]))


def selections(octets: bytes) -> dict[int, list[str]]:
    """By client handle, which fields of events a CreateMonitoredItems request wants; `octets` follow its
    header."""
    fields: Fields = {}
    with contextlib.suppress(MalformedError):
        _create_monitored_items(Reader(octets), fields)
    return {
        each["client_handle"]: each["selected"] for each in fields.get("nodes", ()) if each.get("selected")
    }


def read_request(service: str, reader: Reader, fields: Fields) -> None:
    """Add the parameters of a request."""
    read = _REQUESTS.get(service)
    if read is not None:
        read(reader, fields)


def read_response(service: str, reader: Reader, fields: Fields) -> None:
    """Add the parameters of a response."""
    read = _RESPONSES.get(service)
    if read is not None:
        read(reader, fields)


def _open_channel(reader: Reader, fields: Fields) -> None:
    fields["client_proto_ver"] = reader.u32_little()
    fields["sec_token_request_type"] = "Renew" if reader.u32_little() else "Issue"
    mode = reader.u32_little()
    fields["message_security_mode"] = SECURITY_MODES.get(mode, f"unknown-{mode}")
    byte_string(reader)
    fields["req_lifetime"] = reader.u32_little()


def _channel_opened(reader: Reader, fields: Fields) -> None:
    fields["server_proto_ver"] = reader.u32_little()
    fields["sec_token_sec_channel_id"], fields["sec_token_id"] = reader.u32_little(), reader.u32_little()
    fields["sec_token_created_at"], fields["sec_token_revised_time"] = unix_time(reader), reader.u32_little()


def _application(reader: Reader, prefix: str) -> Fields:
    """ApplicationDescription."""
    described: Fields = {
        f"{prefix}application_uri": string(reader),
        f"{prefix}product_uri": string(reader),
        f"{prefix}application_name": localized_text(reader),
    }
    kind = reader.u32_little()
    described[f"{prefix}application_type"] = _APPLICATION_TYPES.get(kind, f"unknown-{kind}")
    string(reader)
    string(reader)
    described[f"{prefix}discovery_urls"] = strings(reader)
    return described


def _create_session(reader: Reader, fields: Fields) -> None:
    fields |= _application(reader, "")
    fields["server_uri"], fields["endpoint_url"] = string(reader), string(reader)
    fields["session_name"] = string(reader)


def _session_created(reader: Reader, fields: Fields) -> None:
    fields["session_id"], fields["auth_token"] = str(node_id(reader)), str(node_id(reader))
    reader.skip(8)
    byte_string(reader)
    byte_string(reader)
    fields["endpoints"] = [_endpoint(reader) for _ in array(reader)]


def _endpoints(reader: Reader, fields: Fields) -> None:
    fields["endpoints"] = [_endpoint(reader) for _ in array(reader)]


def _endpoint(reader: Reader) -> Fields:
    """EndpointDescription."""
    endpoint: Fields = {"endpoint_url": string(reader)}
    endpoint |= _application(reader, "")
    byte_string(reader)
    mode = reader.u32_little()
    endpoint["message_security_mode"] = SECURITY_MODES.get(mode, f"unknown-{mode}")
    endpoint["security_policy_uri"] = string(reader)
    endpoint["user_tokens"] = [_token_policy(reader) for _ in array(reader)]
    string(reader)
    reader.skip(1)
    return endpoint


def _token_policy(reader: Reader) -> str:
    string(reader)
    kind = reader.u32_little()
    for _ in range(3):
        string(reader)
    return _TOKEN_TYPES.get(kind, f"unknown-{kind}")


def _activate_session(reader: Reader, fields: Fields) -> None:
    string(reader)
    byte_string(reader)
    for _ in array(reader):
        byte_string(reader)
        byte_string(reader)
    strings(reader)
    kind, body = extension_object(reader)
    fields["user_identity"] = _IDENTITY_TOKENS.get(int(kind.identifier) if kind.kind == "i" else 0, str(kind))
    if fields["user_identity"] == "UserName":
        token = Reader(body)
        string(token)
        fields["user_name"] = string(token)
        password = byte_string(token)
        fields["password_encrypted"] = bool(string(token))
        fields["password_length"] = len(password)


def _get_endpoints(reader: Reader, fields: Fields) -> None:
    fields["endpoint_url"] = string(reader)


def _read(reader: Reader, fields: Fields) -> None:
    reader.skip(8 + 4)
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        nodes.append({"node_id": str(node_id(reader)), "attribute": reader.u32_little()})
        string(reader)
        qualified_name(reader)


def _read_answer(reader: Reader, fields: Fields) -> None:
    results: list[Fields] = []
    fields["results"] = results
    for _ in array(reader):
        value, status = data_value(reader)
        results.append({"value": value, "status": status_name(status)})


def _write(reader: Reader, fields: Fields) -> None:
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        node, attribute = str(node_id(reader)), reader.u32_little()
        nodes.append({"node_id": node, "attribute": attribute})
        string(reader)
        value, _status = data_value(reader)
        nodes[-1]["value"] = value


def _call(reader: Reader, fields: Fields) -> None:
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        owner, method = str(node_id(reader)), str(node_id(reader))
        nodes.append({"node_id": method, "object_id": owner})
        for _ in array(reader):
            variant(reader)


def _browse(reader: Reader, fields: Fields) -> None:
    node_id(reader)
    reader.skip(8 + 4 + 4)
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        nodes.append({"node_id": str(node_id(reader))})
        reader.skip(4)
        node_id(reader)
        reader.skip(1 + 4 + 4)


def _create_monitored_items(reader: Reader, fields: Fields) -> None:
    fields["subscription_id"] = reader.u32_little()
    reader.skip(4)
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        nodes.append({"node_id": str(node_id(reader)), "attribute": reader.u32_little()})
        string(reader)
        qualified_name(reader)
        reader.skip(4)
        nodes[-1]["client_handle"] = reader.u32_little()
        reader.skip(8)
        nodes[-1]["selected"] = selected_fields(*extension_object(reader))
        reader.skip(4 + 1)


def _delete_nodes(reader: Reader, fields: Fields) -> None:
    nodes: list[Fields] = []
    fields["nodes"] = nodes
    for _ in array(reader):
        nodes.append({"node_id": str(node_id(reader))})
        reader.skip(1)


def _status_codes(reader: Reader, fields: Fields) -> None:
    fields["results"] = [status_name(reader.u32_little()) for _ in array(reader)]


def _found_servers(reader: Reader, fields: Fields) -> None:
    fields["servers"] = [_application(reader, "") for _ in array(reader)]


_REQUESTS: dict[str, Callable[[Reader, Fields], None]] = {
    "OpenSecureChannel": _open_channel,
    "GetEndpoints": _get_endpoints,
    "FindServers": _get_endpoints,
    "CreateSession": _create_session,
    "ActivateSession": _activate_session,
    "Read": _read,
    "Write": _write,
    "Call": _call,
    "Browse": _browse,
    "CreateMonitoredItems": _create_monitored_items,
    "DeleteNodes": _delete_nodes,
}
_NAMING_NODES = frozenset({"Read", "Write", "Call", "Browse", "CreateMonitoredItems", "DeleteNodes"})
_RESPONSES: dict[str, Callable[[Reader, Fields], None]] = {
    "OpenSecureChannel": _channel_opened,
    "GetEndpoints": _endpoints,
    "FindServers": _found_servers,
    "CreateSession": _session_created,
    "Read": _read_answer,
    "Write": _status_codes,
}
