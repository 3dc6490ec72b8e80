"""The form of a destination: one table says what each kind asks for, and code here reads it both ways."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from holdfast.alerts.model import Severity
from holdfast.console.pages.access.forms import Fields, lines, whole
from holdfast.console.tables import Choice
from holdfast.delivery.destinations import Format, Transport
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue, at_path

Reading = Callable[[Fields, str], JsonValue]
"""What the form says of a member; None when nothing."""


def _text(fields: Fields, name: str) -> JsonValue:
    return fields.get(name, "").strip() or None


def _lines(fields: Fields, name: str) -> JsonValue:
    return [*lines(fields.get(name, ""))] or None


def _number(fields: Fields, name: str) -> JsonValue:
    return whole(fields, name, 0) or None


def _tick(fields: Fields, name: str) -> JsonValue:
    return name in fields


def _headers(fields: Fields, name: str) -> JsonValue:
    """`Name: value` a line; without a value the header is removed."""
    given: JsonObject = {}
    for line in lines(fields.get(name, "")):
        header, colon, value = line.partition(":")
        if not colon or not header.strip():
            raise InvalidError("A header is written as Name: value.", f"/connection/{name}")
        given[header.strip()] = value.strip() or None
    return given or None


class Member(NamedTuple):
    """One member of a destination's connection, as the form asks for it."""

    name: str
    label: str
    control: str = "text"
    """`text`, `number`, `lines`, `area`, `choice`, `identity` or `tick`."""
    required: bool = False
    secret: bool = False
    """Never shown; what is left empty is kept."""
    hint: str = ""
    choices: tuple[Choice, ...] = ()
    default: JsonValue = None

    @property
    def read(self) -> Reading:
        """Reads it from a form."""
        return _READINGS.get(self.control, _text) if self.name != "headers" else _headers


_READINGS: Final[Mapping[str, Reading]] = {"number": _number, "lines": _lines, "tick": _tick}
_CA: Final = Member("ca", "Authorities of its certificate (PEM; empty: the system's)", "area")


def _choices(values: Iterable[str]) -> tuple[Choice, ...]:
    return tuple(Choice(value, value) for value in values)


MEMBERS: Final[Mapping[str, tuple[Member, ...]]] = {
    "webhook": (
        Member("url", "Address", required=True, hint="https://siem.example/alerts"),
        Member(
            "headers", "Headers: Name: value, one a line", "area", secret=True, hint="Authorization: Key …"
        ),
        Member("secret", "Secret that signs the body", secret=True),
        Member("identity", "Or no secret: it trusts a managed identity of this instance", "identity"),
        Member("audience", "For the audience (empty: scheme, host and port of the address)"),
        _CA,
    ),
    "syslog": (
        Member("host", "Host", required=True, hint="siem.example"),
        Member("port", "Port", "number", default=6514),
        Member("transport", "Transport", "choice", choices=_choices(Transport), default="tls"),
        Member("format", "Format", "choice", choices=_choices(Format), default="rfc5424"),
        _CA,
        Member(
            "certificate", "Our certificate and its key (PEM), where it asks for one", "area", secret=True
        ),
    ),
    "email": (
        Member("host", "Mail server", required=True, hint="mail.example"),
        Member("port", "Port", "number", default=587),
        Member("encrypted", "Encrypted (STARTTLS, or TLS on port 465)", "tick", default=True),
        Member("sender", "Sender", required=True, hint="holdfast@plant.example"),
        Member("recipients", "Recipients, one a line", "lines", required=True),
        Member("user", "User"),
        Member("password", "Password", secret=True),
        _CA,
    ),
}
"""What each kind of destination asks for. A new member is one entry."""
NAMES: Final[Mapping[str, str]] = {"webhook": "webhook", "syslog": "syslog receiver", "email": "e-mail"}
CHOSEN_BY: Final[Mapping[str, str]] = {
    "engines": "Engines",
    "types": "Types",
    "protocols": "Protocols",
    "sensors": "Sensors",
    "sites": "Sites",
    "zones": "Zones",
}
"""The lists that narrow which alerts go there, as the form calls them."""
SEVERITIES: Final = tuple(severity.value for severity in Severity)


def shown(kind: str, body: JsonObject) -> JsonObject:
    """What the form shows of a stored destination: never a secret; for a new one what is usual."""
    connection = body.get("connection")
    stored = connection if isinstance(connection, dict) else {}
    values: JsonObject = {}
    for member in MEMBERS[kind]:
        value = None if member.secret else stored.get(member.name, member.default)
        values[member.name] = "\n".join(map(str, value)) if isinstance(value, list) else value
    chosen: JsonObject = {
        name: "\n".join(map(str, found)) if isinstance(found := at_path(body, f"alerts.{name}"), list) else ""
        for name in CHOSEN_BY
    }
    return {
        "name": body.get("displayName", ""),
        "enabled": body.get("enabled", True),
        "audit": body.get("audit", False),
        "alerts": isinstance(body.get("alerts"), dict) if body else True,
        "minimum": at_path(body, "alerts.minimumSeverity") or SEVERITIES[0],
        "connection": values,
        "chosen": chosen,
    }


def body_from(kind: str, fields: Fields) -> JsonObject:
    """The body that a form describes, as a merge patch: secrets that are left empty stay as they are."""
    connection: JsonObject = {"type": kind}
    for member in MEMBERS[kind]:
        value = member.read(fields, member.name)
        if value is not None or not member.secret:
            connection[member.name] = value
        elif f"remove-{member.name}" in fields:
            connection[member.name] = None
    return {
        "displayName": fields.get("name", "").strip(),
        "enabled": "enabled" in fields,
        "audit": "audit" in fields,
        "alerts": _choice(fields) if "alerts" in fields else None,
        "connection": connection,
    }


def _choice(fields: Fields) -> JsonObject:
    picked: JsonObject = {name: [*lines(fields.get(f"chosen-{name}", ""))] for name in CHOSEN_BY}
    return {"minimumSeverity": fields.get("minimum", SEVERITIES[0]), **picked}


def kept(kind: str, credentials: Sequence[str]) -> frozenset[str]:
    """The secret members that are set, of the places that hold a credential."""
    names = {place.split(".")[1] for place in credentials}
    return frozenset(member.name for member in MEMBERS[kind] if member.name in names)


def without_nothing(body: JsonObject) -> JsonObject:
    """A merge patch as the body of something new."""
    return {
        name: without_nothing(value) if isinstance(value, dict) else value
        for name, value in body.items()
        if value is not None
    }
