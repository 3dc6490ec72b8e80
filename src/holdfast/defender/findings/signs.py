"""Signs of weak points by protocol. A new sign is one row."""

from collections.abc import Callable, Iterator

from holdfast.defender.engines.model import NOTICES, REQUESTS, RESPONSES, on
from holdfast.defender.findings.model import Sign, Subject
from holdfast.defender.record import SECOND, Record

_DEFAULT_COMMUNITIES = frozenset({"public", "private", "admin", "cisco", "manager", "snmp"})
_OLD_TLS = frozenset({"SSLv2", "SSLv3", "TLSv10", "TLSv11"})


def _always(text: str) -> Callable[[Record], Iterator[str]]:
    def detail(_record: Record) -> Iterator[str]:
        yield text

    return detail


def _basic(record: Record) -> Iterator[str]:
    if str(record.fields.get("authorization") or "").lower() == "basic":
        yield "HTTP basic authentication without TLS"


def _mqtt(record: Record) -> Iterator[str]:
    if record.fields.get("password") is not None:
        yield "MQTT without TLS"


def _opcua_password(record: Record) -> Iterator[str]:
    if record.fields.get("user_identity") == "UserName" and not record.fields.get("password_encrypted"):
        yield "OPC UA password without encryption"


def _community(record: Record) -> Iterator[str]:
    community = str(record.fields.get("community") or "")
    if community.lower() in _DEFAULT_COMMUNITIES:
        yield f"community {community}"


def _old_snmp(record: Record) -> Iterator[str]:
    if record.fields.get("community") is not None:
        yield f"SNMP version {record.fields.get('version')}"


def _unprotected(record: Record) -> Iterator[str]:
    if str(record.fields.get("sec_policy_uri") or "").endswith("#None"):
        yield "a channel without signature and encryption"


def _anonymous(record: Record) -> Iterator[str]:
    if record.fields.get("user_identity") == "Anonymous":
        yield "an anonymous session"


def _tls(record: Record) -> Iterator[str]:
    version = str(record.fields.get("version") or "")
    if version in _OLD_TLS:
        yield version


def _certificate(record: Record) -> Iterator[str]:
    fields = record.fields
    if fields.get("self_signed") and not fields.get("ca"):
        yield "a certificate that is signed by itself"
    ends = fields.get("not_valid_after")
    if isinstance(ends, float) and ends < record.time / SECOND:
        yield "a certificate that has expired"


SIGNS: tuple[Sign, ...] = (
    Sign("cleartext-password", "ftp", on(REQUESTS, "PASS"), _always("FTP")),
    Sign("cleartext-password", "telnet", on(REQUESTS, "login"), _always("Telnet")),
    Sign("cleartext-password", "http", on(REQUESTS), _basic),
    Sign("cleartext-password", "mqtt", on(REQUESTS, "CONNECT"), _mqtt),
    Sign("cleartext-password", "opcua", on(REQUESTS, "ActivateSession"), _opcua_password),
    Sign("default-snmp-community", "snmp", on(RESPONSES), _community, Subject.SPEAKER),
    Sign("cleartext-management", "snmp", on(RESPONSES), _old_snmp, Subject.SPEAKER),
    Sign("cleartext-management", "telnet", on(NOTICES, "session"), _always("Telnet")),
    Sign("remote-access", "ssh", on(NOTICES, "server version"), _always("SSH"), Subject.SPEAKER),
    Sign("remote-access", "vnc", on(NOTICES, "server version"), _always("VNC"), Subject.SPEAKER),
    Sign("remote-access", "telnet", on(NOTICES, "session"), _always("Telnet")),
    Sign("remote-access", "rdp", on(RESPONSES), _always("Remote Desktop"), Subject.SPEAKER),
    Sign("old-tls", "tls", on(RESPONSES, "server hello"), _tls, Subject.SPEAKER),
    Sign("weak-certificate", "tls", on(NOTICES, "certificate"), _certificate, Subject.SPEAKER),
    Sign("old-smb", "smb", on(RESPONSES), _always("SMB 1"), Subject.SPEAKER),
    Sign("unprotected-opc-ua", "opcua", on(REQUESTS, "OpenSecureChannel"), _unprotected),
    Sign("unprotected-opc-ua", "opcua", on(REQUESTS, "ActivateSession"), _anonymous),
)
