"""SMB and DCE/RPC: how Windows hosts are used from afar, and how worms misuse it."""

import re
from collections.abc import Iterator

from holdfast.defender.engines.model import (
    FAILURES,
    REQUESTS,
    RESPONSES,
    Rate,
    Rule,
    Scenario,
    Table,
    on,
)
from holdfast.defender.engines.tables.content import files
from holdfast.defender.engines.tables.logins import attempts, guessing
from holdfast.defender.engines.tables.rows import entry, states
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record

_SIGN_IN = ("SESSION_SETUP", "SESSION_SETUP_ANDX")
_OPENS = ("CREATE", "NT_CREATE_ANDX", "OPEN_ANDX", "OPEN")
_PROGRAM = re.compile(r"\.(exe|dll|sys|scr|bat|cmd|ps1|vbs|msi)$", re.IGNORECASE)
_PSEXEC = "psexesvc"
_REFUSED = frozenset({
    "STATUS_LOGON_FAILURE", "STATUS_ACCOUNT_LOCKED_OUT", "STATUS_ACCOUNT_DISABLED", "STATUS_WRONG_PASSWORD",
    "STATUS_NO_SUCH_USER", "STATUS_PASSWORD_EXPIRED", "STATUS_ACCOUNT_RESTRICTION",
})  # fmt: skip
_TRANSACTION, _SECONDARY = "TRANSACTION2", "TRANSACTION2_SECONDARY"
_SESSION = "SESSION_SETUP"
_BACKDOOR_ALIVE, _NOTPETYA_ALIVE = 81, 82
"""Multiplex identifiers of answers: DoublePulsar's is 65 plus 16, that of NotPetya's variant 65 plus 17."""
_CANONICALIZE = 31
"""NetprPathCanonicalize of srvsvc, which Conficker's exploit calls (MS08-067)."""
_TASKS = frozenset({"atsvc", "ITaskSchedulerService", "winreg"})


def _account(record: Record) -> Iterator[Entry]:
    fields = record.fields
    if user := fields.get("username"):
        yield (str(user), str(fields.get("domainname") or ""))


def _named(record: Record) -> bool:
    return bool(record.fields.get("username"))


def _wrong_password(record: Record) -> bool:
    return record.fields.get("status") in _REFUSED


def _program(record: Record) -> Iterator[Entry]:
    """A program that is placed or opened on another host's administrative share."""
    fields = record.fields
    name, share = str(fields.get("name") or ""), str(fields.get("tree") or "")
    if _PROGRAM.search(name) and share.endswith("$"):
        yield (name.rpartition("\\")[2].lower(), share.rpartition("\\")[2])


def _remote_task(record: Record) -> Iterator[Entry]:
    fields = record.fields
    if fields.get("endpoint") in _TASKS:
        yield (str(fields.get("operation")), str(fields["endpoint"]))


def _service(record: Record) -> Iterator[Entry]:
    fields = record.fields
    if fields.get("endpoint") == "svcctl":
        yield (str(fields.get("operation")),)


def _service_manager(record: Record) -> str | None:
    fields = record.fields
    if fields.get("endpoint") != "svcctl":
        return None
    return f"{fields.get('operation')} of the service manager"


def _psexec(record: Record) -> str | None:
    name = str(record.fields.get("name") or "")
    return f"{name} on {record.fields.get('tree')}" if _PSEXEC in name.lower() else None


def _backdoor_asked(record: Record) -> str | None:
    """DoublePulsar listens on a subcommand that servers have never implemented."""
    if record.fields.get("sub_command") != _SESSION:
        return None
    return "a transaction with the subcommand that DoublePulsar listens on"


def _backdoor_answers(record: Record) -> str | None:
    found = record.fields.get("multiplex_id") == _BACKDOOR_ALIVE
    return "an answer with the multiplex identifier of DoublePulsar" if found else None


def _notpetya_answers(record: Record) -> str | None:
    found = record.fields.get("multiplex_id") == _NOTPETYA_ALIVE
    return "an answer with the multiplex identifier of NotPetya's backdoor" if found else None


def _conficker(record: Record) -> str | None:
    fields = record.fields
    if fields.get("endpoint") != "srvsvc" or fields.get("operation_num") != _CANONICALIZE:
        return None
    return "a path for srvsvc to canonicalize, as Conficker's exploit sends"


def _smb(protocol: str) -> Table:
    return Table(
        protocol,
        scenarios=(
            Scenario(
                "smb.login",
                "unauthorized-smb-login",
                on(REQUESTS, *_SIGN_IN),
                _account,
                "{0} of domain {1}",
            ),
            Scenario(
                "windows.process",
                "unauthorized-windows-process",
                on(REQUESTS, *_OPENS),
                _program,
                "{0} on {1}",
            ),
        ),
        rules=(
            *files(on(REQUESTS, *_OPENS), "name"),
            Rule(
                "suspicion-of-remote-code-execution-with-psexec",
                on(REQUESTS, *_OPENS),
                _psexec,
                "no such service",
            ),
            Rule(
                "invalid-smb-message-doublepulsar-backdoor-implant",
                on(REQUESTS, _TRANSACTION),
                _backdoor_asked,
                "subcommands that servers implement",
            ),
            Rule(
                "invalid-smb-message-doublepulsar-backdoor-implant",
                on(RESPONSES | FAILURES, _TRANSACTION),
                _backdoor_answers,
                "the multiplex identifier of the request",
                steady=False,
            ),
            Rule(
                "suspicion-of-notpetya-malware-illegal-smb-parameters-detected",
                on(RESPONSES | FAILURES, _TRANSACTION),
                _notpetya_answers,
                "the multiplex identifier of the request",
                steady=False,
            ),
            Rule(
                "suspicion-of-notpetya-malware-illegal-smb-transaction-detected",
                on(REQUESTS, _SECONDARY),
                states("{kind}, by which the exploit overflows the server's buffer"),
                "whole transactions",
            ),
        ),
        rates=(
            attempts(on(REQUESTS, *_SIGN_IN), _named),
            guessing(on(FAILURES, *_SIGN_IN), _wrong_password),
            Rate(
                "excessive-smb-login-attempts",
                on(REQUESTS, *_SIGN_IN),
                "{count} sign-in attempts within {window}",
                "a sign-in now and then",
                when=_named,
            ),
        ),
    )


SMB, SMB2 = _smb("smb"), _smb("smb2")

DCERPC = Table(
    "dcerpc",
    scenarios=(
        Scenario(
            "rpc.operation",
            "new-activity-detected-unauthorized-rpc-message-type",
            on(REQUESTS, "Request"),
            entry("endpoint", "operation"),
            "{1} of {0}",
        ),
        Scenario(
            "windows.service",
            "unauthorized-windows-service",
            on(REQUESTS, "Request"),
            _service,
            "{0} of the service manager",
        ),
        Scenario(
            "windows.task",
            "unauthorized-windows-process",
            on(REQUESTS, "Request"),
            _remote_task,
            "{0} of {1}",
        ),
    ),
    rules=(
        Rule(
            "suspicion-of-remote-windows-service-management",
            on(REQUESTS, "Request"),
            _service_manager,
            "services are managed on their host",
        ),
        Rule(
            "suspicion-of-conficker-malware",
            on(REQUESTS, "Request"),
            _conficker,
            "operations that clients call",
        ),
        Rule(
            "rpc-operation-failed",
            on(FAILURES),
            lambda record: f"{record.kind} with status {record.fields.get('status', 'unknown')}",
            "an answer without fault",
        ),
    ),
)
