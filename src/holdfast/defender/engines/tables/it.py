"""Protocols of offices as far as plants use them: HTTP, FTP, Telnet, SSH, VNC, TDS."""

import re
from collections.abc import Iterator

from holdfast.defender.engines.model import (
    FAILURES,
    NOTICES,
    REQUESTS,
    Blame,
    Limit,
    Rate,
    Rule,
    Scenario,
    Table,
    on,
)
from holdfast.defender.engines.tables.content import files
from holdfast.defender.engines.tables.logins import attempts, guessing
from holdfast.defender.engines.tables.rows import entry, once, size, states
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record

_FTP_REFUSED = ("530", "430", "332")
"""Replies to a sign-in that fails (RFC 959, section 5.4)."""
_TDS_LOGIN_FAILED = frozenset({18450, 18451, 18452, 18456, 18470, 18486, 18487, 18488})
"""Errors of SQL Server about sign-ins."""
_PATH_PARTS = 2


def _host_and_path(record: Record) -> Iterator[Entry]:
    """The beginning of the path is enough: what follows are names and numbers of single things."""
    fields = record.fields
    path = str(fields.get("uri") or "/").partition("?")[0]
    parts = [part for part in path.split("/") if part]
    prefix = "/" + "/".join(parts[:_PATH_PARTS])
    yield (str(fields.get("host") or ""), record.kind, prefix)


def _soap(record: Record) -> Iterator[Entry]:
    if action := record.fields.get("soap_action"):
        yield (str(action).strip('"'),)


def _agent(record: Record) -> Iterator[Entry]:
    if agent := record.fields.get("user_agent"):
        yield (str(agent),)


_HEADERS = ("host", "user_agent", "referrer", "origin", "content_type", "soap_action")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Bytes that no header may hold (RFC 9110, section 5.5)."""


def _odd_header(record: Record) -> str | None:
    fields = record.fields
    for name in _HEADERS:
        if _CONTROL.search(str(fields.get(name) or "")):
            return f"the header {name} holds bytes that belong in no header"
    return None


def _client_error(record: Record) -> str | None:
    status = record.fields.get("status_code") or 0
    return f"status {status}" if 400 <= status < 500 else None


def _refused_by_server(record: Record) -> bool:
    return record.fields.get("status_code") in {401, 403}


def _login_error(record: Record) -> bool:
    return record.fields.get("error_number") in _TDS_LOGIN_FAILED


def _statement(record: Record) -> Iterator[Entry]:
    fields = record.fields
    if procedure := fields.get("procedure"):
        yield ("procedure", str(procedure))
    elif words := str(fields.get("statement") or "").split():
        yield ("statement", words[0].upper())


HTTP = Table(
    "http",
    scenarios=(
        Scenario("http.pair", "illegal-http-communication", on(REQUESTS), once, "HTTP requests"),
        Scenario(
            "http.path",
            "unauthorized-http-activity",
            on(REQUESTS),
            _host_and_path,
            "{1} of {0}{2}",
        ),
        Scenario(
            "http.soap", "unauthorized-http-soap-action", on(REQUESTS), _soap, "the action {0}", steady=False
        ),
        Scenario(
            "http.agent",
            "unauthorized-http-user-agent",
            on(REQUESTS),
            _agent,
            "the user agent {0}",
            steady=False,
            for_sender=True,
        ),
    ),
    rules=(
        Rule("illegal-http-header-content", on(REQUESTS), _odd_header, "headers in plain text", steady=False),
        *files(on(REQUESTS), "uri"),
        Rule("http-client-error", on(FAILURES), _client_error, "requests that the server can serve"),
    ),
    limits=(
        Limit(
            "abnormal-http-header-length",
            on(REQUESTS),
            size("header_length"),
            "a head of {value} bytes",
            "short headers",
        ),
        Limit(
            "abnormal-number-of-parameters-in-http-header",
            on(REQUESTS),
            size("header_count"),
            "{value} header fields",
            "a few header fields",
        ),
        Limit(
            "unexpected-message-length",
            on(REQUESTS),
            size("uri"),
            "an address of {value} characters",
            "short addresses",
        ),
    ),
    rates=(guessing(on(FAILURES), _refused_by_server),),
)

FTP = Table(
    "ftp",
    rules=(
        *files(on(REQUESTS, "RETR", "STOR"), "arg"),
        Rule(
            "ftp-login-failed",
            on(FAILURES, *_FTP_REFUSED),
            states("the server refuses {user}: {reply_code}"),
            "a sign-in that succeeds",
            steady=False,
            blame=Blame.LISTENER,
        ),
    ),
    rates=(attempts(on(REQUESTS, "PASS")), guessing(on(FAILURES, *_FTP_REFUSED))),
)

TELNET = Table(
    "telnet",
    rates=(attempts(on(REQUESTS, "login")), guessing(on(FAILURES, "login failed"))),
)

SSH = Table(
    "ssh",
    scenarios=(
        Scenario(
            "ssh.access",
            "unauthorized-ssh-access",
            on(NOTICES, "client version"),
            once,
            "a secure shell",
        ),
    ),
)

VNC = Table("vnc", rates=(guessing(on(FAILURES, "refused")),))

TDS = Table(
    "tds",
    scenarios=(
        Scenario(
            "tds.login",
            "unauthorized-database-login",
            on(REQUESTS, "Login7"),
            entry("username", "database"),
            "{0} at database {1}",
        ),
        Scenario(
            "tds.operation",
            "unauthorized-database-operation",
            on(REQUESTS, "SQL batch", "RPC"),
            _statement,
            "the {0} {1}",
        ),
    ),
    rates=(
        attempts(on(REQUESTS, "Login7")),
        guessing(on(FAILURES), _login_error),
        Rate(
            "database-login-failed",
            on(FAILURES),
            "{count} refused sign-ins within {window}",
            "sign-ins that succeed",
            when=_login_error,
            blame=Blame.LISTENER,
        ),
    ),
)
