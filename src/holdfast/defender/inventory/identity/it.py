"""What banners and user agents give away."""

import re
from collections.abc import Iterator

from holdfast.defender.engines.model import NOTICES, REQUESTS, RESPONSES, on
from holdfast.defender.inventory.identity.model import Source
from holdfast.defender.inventory.model import Confidence, Fact, Name
from holdfast.defender.record import Record

_VERSION = re.compile(
    r"(?:firmware|version|release|software|fw|rev|ver)[.:,\s]*v?(\d+(?:[.\-]\w+)+)", re.IGNORECASE
)
_SYSTEMS = (
    (re.compile(r"Windows NT 10\.0"), "Windows 10 or later"),
    (re.compile(r"Windows NT 6\.[23]"), "Windows 8"),
    (re.compile(r"Windows NT 6\.1"), "Windows 7"),
    (re.compile(r"Windows NT 5\.[12]"), "Windows XP"),
    (re.compile(r"Ubuntu"), "Ubuntu"),
    (re.compile(r"Debian"), "Debian"),
    (re.compile(r"Raspbian"), "Raspbian"),
    (re.compile(r"FreeBSD"), "FreeBSD"),
    (re.compile(r"Mac OS X"), "macOS"),
    (re.compile(r"Android"), "Android"),
    (re.compile(r"Linux"), "Linux"),
)
_LONGEST = 1000


def version_in(description: str) -> str:
    """The version that a description names; empty where none is found."""
    found = _VERSION.search(description[:_LONGEST])
    return found[1] if found else ""


def system_in(banner: str) -> str:
    """The operating system that a banner names; empty where none is found."""
    text = banner[:_LONGEST]
    return next((name for pattern, name in _SYSTEMS if pattern.search(text)), "")


def _agent(record: Record) -> Iterator[Fact]:
    if system := system_in(str(record.fields.get("user_agent") or "")):
        yield Fact(Name.OPERATING_SYSTEM, system, Confidence.TEXT)


def _server(record: Record) -> Iterator[Fact]:
    if server := record.fields.get("server"):
        yield Fact(Name.DESCRIPTION, str(server), Confidence.GUESS)
        if system := system_in(str(server)):
            yield Fact(Name.OPERATING_SYSTEM, system, Confidence.TEXT)


def _secure_shell(record: Record) -> Iterator[Fact]:
    if system := system_in(str(record.fields.get("software") or "")):
        yield Fact(Name.OPERATING_SYSTEM, system, Confidence.TEXT)


def _database_client(record: Record) -> Iterator[Fact]:
    if name := record.fields.get("hostname"):
        yield Fact(Name.HOST_NAME, str(name), Confidence.TEXT)


SOURCES = (
    Source("http", on(REQUESTS), _agent),
    Source("http", on(RESPONSES), _server),
    Source("ssh", on(NOTICES, "client version", "server version"), _secure_shell),
    Source("tds", on(REQUESTS, "Login7"), _database_client),
)
