"""What the timeline notes of single messages, by protocol. A new note is one row."""

from collections.abc import Callable
from typing import Final, NamedTuple

from holdfast.defender.engines.model import FAILURES, NOTICES, REQUESTS, RESPONSES, Selector, on
from holdfast.defender.record import Record
from holdfast.defender.timeline.model import EventSeverity, EventType

_STRUCTURE: Final = ("ALTER ", "CREATE ", "DROP ", "TRUNCATE ")
"""Statements that change what a database is made of."""
_NOT_SIGNED_IN: Final = frozenset({"430", "530"})
"""Replies of FTP to a sign-in that fails (RFC 959, section 5.4)."""


class Note(NamedTuple):
    """Messages that become events."""

    protocol: str
    select: Selector
    type: EventType
    text: Callable[[Record], str]
    """What happened, in words; empty when nothing is to be noted."""
    severity: EventSeverity = EventSeverity.NOTICE
    by_server: bool = False
    """Whether the side that is served speaks here: the other one is named first."""


def _is(text: str) -> Callable[[Record], str]:
    return lambda _record: text


def _file(record: Record) -> str:
    return f"FTP {record.kind} {record.fields.get('arg') or ''}".strip()


def _refused(record: Record) -> str:
    return "FTP sign-in failed" if record.kind in _NOT_SIGNED_IN else ""


def _statement(record: Record) -> str:
    """The key has the first words, so that most statements are not read."""
    words = str(record.key[1]) if isinstance(record.key, tuple) and len(record.key) > 1 else ""
    return f"{words} …" if words.startswith(_STRUCTURE) else ""


def _lease(record: Record) -> str:
    fields = record.fields
    return f"{fields.get('assigned_addr')} is leased to {fields.get('mac')}"


def _trap(record: Record) -> str:
    return f"SNMP {record.kind}"


NOTES: Final = (
    Note("ssh", on(NOTICES, "server version"), EventType.REMOTE_ACCESS, _is("SSH"), by_server=True),
    Note("vnc", on(NOTICES, "server version"), EventType.REMOTE_ACCESS, _is("VNC"), by_server=True),
    Note("telnet", on(NOTICES, "session"), EventType.REMOTE_ACCESS, _is("Telnet"), by_server=True),
    Note(
        "rdp",
        on(RESPONSES, "connection confirm"),
        EventType.REMOTE_ACCESS,
        _is("Remote Desktop"),
        by_server=True,
    ),
    Note("telnet", on(REQUESTS, "login"), EventType.CLEARTEXT_AUTHENTICATION, _is("Telnet")),
    Note("ftp", on(REQUESTS, "PASS"), EventType.CLEARTEXT_AUTHENTICATION, _is("FTP")),
    Note(
        "telnet",
        on(FAILURES, "login failed"),
        EventType.TELNET_AUTHENTICATION_FAILURE,
        _is("Telnet sign-in failed"),
        by_server=True,
    ),
    Note("ftp", on(FAILURES), EventType.FTP_AUTHENTICATION_FAILURE, _refused, by_server=True),
    Note("ftp", on(REQUESTS, "RETR", "STOR", "STOU", "APPE"), EventType.FILE_TRANSFER, _file),
    Note("tds", on(REQUESTS, "SQL batch"), EventType.DATABASE_ACTION, _statement),
    Note("snmp", on(NOTICES, "trap", "trap-v2", "inform-request"), EventType.SNMP_TRAP, _trap),
    Note("dhcp", on(RESPONSES, "ACK"), EventType.DHCP_UPDATE, _lease, EventSeverity.INFO),
    Note(
        "pn_dcp",
        on(RESPONSES, "Set"),
        EventType.PROFINET_DPC_VALUE_SET,
        _is("Profinet DCP Set"),
        by_server=True,
    ),
)
