"""Where messages go, as configured; `senders` brings them there."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, urlsplit

from holdfast.access.oidc.providers import LOOPBACK
from holdfast.kernel.errors import InvalidError

_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADDRESS = re.compile(r"[^@\s<>,;:\"]{1,64}@[A-Za-z0-9.-]{1,255}")
MAXIMUM_AUDIENCE: Final = 1024
_FORBIDDEN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Webhook:
    """An HTTP POST of the message's body as JSON."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    """Further headers, such as a credential; never shown again."""
    secret: str = ""
    """Signs the body: `X-Holdfast-Signature: t=<seconds>,v1=<HMAC-SHA256 over "t.body">`; empty for none."""
    ca: str = ""
    """PEM of the authorities that may have signed the receiver's certificate; empty for the system's."""
    identity: str = ""
    """The managed identity whose token is sent as `Authorization: Bearer`: its id, or `system`."""
    audience: str = ""
    """The token's `aud`; empty for the address's scheme, host and port."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidError(
                "A webhook's address begins with https:// (or http://) and names a host.", "url"
            )
        if parts.username or parts.password:
            raise InvalidError("Put credentials into a header, not into the address.", "url")
        for name, value in self.headers:
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _FORBIDDEN_HEADERS:
                raise InvalidError(
                    f"'{name}' cannot be set: header names are letters, digits, - and _.", "headers"
                )
            if not value.isprintable() or not value.isascii():
                raise InvalidError(
                    f"The value of the header '{name}' has characters HTTP forbids.", "headers"
                )
        if self.identity:
            self._check_identity(parts)
        elif self.audience:
            raise InvalidError("An audience is of a managed identity; name one too.", "identity")

    @property
    def token_audience(self) -> str:
        """For whom the identity's tokens are."""
        parts = urlsplit(self.url)
        return self.audience or f"{parts.scheme}://{parts.netloc}"

    def _check_identity(self, parts: SplitResult) -> None:
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise InvalidError("A token is sent over https:// only.", "url")
        if any(name.lower() == "authorization" for name, _value in self.headers):
            raise InvalidError("The managed identity's token takes the header Authorization.", "headers")
        if len(self.audience) > MAXIMUM_AUDIENCE:
            raise InvalidError(f"An audience has at most {MAXIMUM_AUDIENCE} characters.", "audience")


class Transport(StrEnum):
    """How syslog messages travel."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class Format(StrEnum):
    """The form of a syslog message's content."""

    RFC5424 = "rfc5424"
    CEF = "cef"
    LEEF = "leef"
    TEXT = "text"
    """Title and text alone."""
    OBJECT = "object"
    """The body as JSON."""


@dataclass(frozen=True, slots=True)
class Syslog:
    """A syslog receiver."""

    host: str
    port: int = 6514
    transport: Transport = Transport.TLS
    format: Format = Format.RFC5424
    ca: str = ""
    """PEM of the authorities that may have signed the receiver's certificate; empty for the system's."""
    certificate: str = ""
    """PEM of our certificate and key, where the receiver asks for one."""

    def __post_init__(self) -> None:
        if not self.host or any(c.isspace() for c in self.host):
            raise InvalidError("A syslog receiver needs the name or address of a host.", "host")
        _check_port(self.port)


@dataclass(frozen=True, slots=True)
class Email:
    """A mail server and who gets the messages."""

    host: str
    sender: str
    recipients: tuple[str, ...]
    port: int = 587
    encrypted: bool = True
    """STARTTLS, or TLS from the first byte on port 465; False only where the server can do neither."""
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""

    def __post_init__(self) -> None:
        _check_port(self.port)
        if not self.recipients:
            raise InvalidError("Name at least one recipient.", "recipients")
        for address in (self.sender, *self.recipients):
            if not _ADDRESS.fullmatch(address):
                raise InvalidError(f"'{address}' is not an e-mail address.", "recipients")


Destination = Webhook | Syslog | Email


def place_of(destination: Destination) -> tuple[str, ...]:
    """Where a destination is: what must not change under credentials that were given for it."""
    if isinstance(destination, Webhook):
        parts = urlsplit(destination.url)
        return (parts.scheme, parts.hostname or "", str(parts.port or ""), destination.ca)
    if isinstance(destination, Syslog):
        return (destination.host, str(destination.port), destination.transport.value, destination.ca)
    return (destination.host, str(destination.port), str(destination.encrypted), destination.ca)


def _check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise InvalidError("A port is a number between 1 and 65535.", "port")
