"""Which parameters each OPC UA service has (OPC 10000-4, section 5)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from holdfast.defender.dissect.decoding import remembered
from holdfast.defender.dissect.opcua import nodes, sessions
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.record import Fields

_MAXIMUM_NODES: Final = 64
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
        nodes.create_monitored_items(Reader(octets), fields)
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


_REQUESTS: Final[dict[str, Callable[[Reader, Fields], None]]] = {
    "OpenSecureChannel": sessions.open_channel,
    "GetEndpoints": sessions.get_endpoints,
    "FindServers": sessions.get_endpoints,
    "CreateSession": sessions.create_session,
    "ActivateSession": sessions.activate_session,
    "CloseSession": sessions.close_session,
    "Read": nodes.read,
    "Write": nodes.write,
    "Call": nodes.call,
    "Browse": nodes.browse,
    "BrowseNext": nodes.browse_next,
    "CreateSubscription": nodes.create_subscription,
    "CreateMonitoredItems": nodes.create_monitored_items,
    "DeleteNodes": nodes.delete_nodes,
}
_NAMING_NODES: Final = frozenset({"Read", "Write", "Call", "Browse", "CreateMonitoredItems", "DeleteNodes"})
_RESPONSES: Final[dict[str, Callable[[Reader, Fields], None]]] = {
    "OpenSecureChannel": sessions.channel_opened,
    "GetEndpoints": sessions.endpoints,
    "FindServers": sessions.found_servers,
    "CreateSession": sessions.session_created,
    "ActivateSession": sessions.session_activated,
    "Read": nodes.read_answer,
    "Write": nodes.status_codes,
    "Browse": nodes.browsed,
    "BrowseNext": nodes.browsed,
    "CreateSubscription": nodes.subscription_created,
    "CreateMonitoredItems": nodes.monitored_items_created,
    "DeleteNodes": nodes.status_codes,
}
