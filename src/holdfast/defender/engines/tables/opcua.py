"""OPC UA binary (OPC 10000-4, OPC 10000-6)."""

from collections.abc import Iterator

from holdfast.defender.engines.model import FAILURES, NOTICES, REQUESTS, Limit, Rule, Scenario, Table, on
from holdfast.defender.engines.tables.logins import attempts, guessing
from holdfast.defender.engines.tables.rows import entry, equals, size
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record

_CHANNEL = frozenset({"Hello", "OpenSecureChannel", "CloseSecureChannel", "CreateSession", "ActivateSession"})
_MAXIMUM_NODES = 64
_HIGH = 667
_WRONG_PASSWORD = ("BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid")


def _channel(record: Record) -> Iterator[Entry]:
    fields = record.fields
    policy = str(fields.get("sec_policy_uri") or "").rpartition("#")[2]
    yield (policy, str(fields.get("security_mode") or ""))


def _nodes(record: Record) -> Iterator[Entry]:
    if record.kind in _CHANNEL:
        return
    nodes = record.fields.get("nodes") or ()
    for node in nodes[:_MAXIMUM_NODES]:
        yield (record.kind, str(node.get("node_id")))
    if not nodes:
        yield (record.kind, "")


def _failed(record: Record) -> str:
    fields = record.fields
    return f"{fields.get('status') or fields.get('reason') or 'an error'} to {record.kind}"


def _attention(record: Record) -> str | None:
    """Severity 667 to 1000 is high (OPC 10000-5, 6.4.2)."""
    fields = record.fields
    severity = fields.get("severity")
    if not isinstance(severity, int) or severity < _HIGH:
        return None
    return f"an event of {fields.get('source_name') or 'the server'}: {fields.get('message')} ({severity})"


def _version(record: Record) -> str | None:
    """Version 0 is the only one (OPC 10000-6, 7.1.2.3)."""
    version = record.fields.get("version")
    return f"protocol version {version}" if version else None


OPCUA = Table(
    "opcua",
    industrial=True,
    scenarios=(
        Scenario(
            "opcua.channel",
            "unauthorized-opc-ua-activity",
            on(REQUESTS, "OpenSecureChannel"),
            _channel,
            "a channel with policy {0} and mode {1}",
        ),
        Scenario(
            "opcua.session",
            "unauthorized-opc-ua-activity",
            on(REQUESTS, "ActivateSession"),
            entry("user_identity", "user_name"),
            "a session as {0} {1}",
            steady=False,
        ),
        Scenario("opcua.request", "unauthorized-opc-ua-request-response", on(REQUESTS), _nodes, "{0} of {1}"),
    ),
    rules=(
        Rule("opc-ua-service-request-failed", on(FAILURES), _failed, "a good status"),
        Rule(
            "opc-ua-server-raised-an-event-that-requires-user-s-attention",
            on(NOTICES, "EventNotification"),
            _attention,
            f"events below severity {_HIGH}",
            steady=False,
        ),
        Rule("illegal-protocol-version", on(REQUESTS, "Hello"), _version, "protocol version 0", steady=False),
    ),
    limits=(
        Limit(
            "unexpected-message-length",
            on(REQUESTS, "Hello"),
            size("endpoint_url"),
            "an address of {value} characters",
            "short addresses",
        ),
    ),
    rates=(
        attempts(on(REQUESTS, "ActivateSession")),
        guessing(on(FAILURES, "ActivateSession"), equals("status", *_WRONG_PASSWORD)),
    ),
)
