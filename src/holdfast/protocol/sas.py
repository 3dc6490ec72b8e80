"""Shared access signatures: the tokens that devices sign with a symmetric key, and the keys' derivation.

A token reads `SharedAccessSignature sr=…&sig=…&se=…[&skn=…]`, its fields in any order. What is signed is the
text of `sr` exactly as it stands in the token, a line feed, and `se`; so a token is verified over the raw
text and only then compared with the resource that it should name.
"""

import base64
import binascii
import hashlib
import hmac
from typing import NamedTuple
from urllib.parse import quote, unquote

from holdfast.protocol.errors import ProtocolError

CLOCK_SKEW = 300.0
"""Seconds for which an expired token is still taken: device clocks are late (Kerberos and Azure allow five
minutes as well)."""

MAXIMUM_TOKEN = 4096
"""Characters; a token with the longest ids has about 700."""

_PREFIX = "SharedAccessSignature "
_FIELDS = frozenset({"sr", "sig", "se", "skn"})
_EXPIRY_DIGITS = 15
_KEY_BYTES = range(16, 65)
"""Length of a symmetric key in bytes, as the provisioning service accepts it."""


class SasError(ProtocolError):
    """The text is no token, or the key is none."""


class SasToken(NamedTuple):
    """A parsed token. Not verified: see `is_signed_by`."""

    resource: str
    """`sr` as it stands in the token, encoded or not."""
    signature: bytes
    expiry: int
    """Unix seconds."""
    key_name: str = ""
    """`skn`: a policy's name, or `registration`; most devices leave it out."""

    @property
    def target(self) -> str:
        """The resource in plain text: `host/devices/id`, `scope/registrations/id`."""
        return unquote(self.resource)


def parse_sas(text: str) -> SasToken:
    """Take a token apart. SasError says what is missing."""
    if len(text) > MAXIMUM_TOKEN:
        raise SasError(f"The token is longer than {MAXIMUM_TOKEN} characters.")
    if not text.isascii() or not text.startswith(_PREFIX):
        raise SasError("The token does not begin with SharedAccessSignature.")
    fields: dict[str, str] = {}
    for part in text[len(_PREFIX) :].strip().split("&"):
        name, _, value = part.partition("=")
        if name not in _FIELDS or name in fields:
            raise SasError("The token has a field that is unknown or stands twice.")
        fields[name] = value
    if missing := [name for name in ("sr", "sig", "se") if not fields.get(name)]:
        raise SasError(f"The token lacks {', '.join(missing)}.")
    return SasToken(
        fields["sr"], _signature(fields["sig"]), _expiry(fields["se"]), unquote(fields.get("skn", ""))
    )


def _signature(text: str) -> bytes:
    try:
        return base64.b64decode(unquote(text), validate=True)
    except (binascii.Error, ValueError):
        raise SasError("The token's signature is not base64.") from None


def _expiry(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _EXPIRY_DIGITS):
        raise SasError("The token's expiry is not a number of seconds.")
    return int(text)


def is_signed_by(token: SasToken, key: bytes) -> bool:
    """Whether `key` signed the token; takes the same time whatever the answer."""
    return hmac.compare_digest(_sign(token.resource, token.expiry, key), token.signature)


def is_expired(token: SasToken, now: float) -> bool:
    """Whether the token's time is over, the clock skew allowed for."""
    return token.expiry + CLOCK_SKEW < now


def sign_sas(resource: str, key: bytes, expiry: int, key_name: str = "") -> str:
    """A token for `resource` (in plain text) until `expiry`, as the device SDKs write it."""
    encoded = quote(resource, safe="")
    signature = quote(base64.b64encode(_sign(encoded, expiry, key)).decode(), safe="")
    name = f"&skn={quote(key_name, safe='')}" if key_name else ""
    return f"{_PREFIX}sr={encoded}&sig={signature}&se={expiry}{name}"


def _sign(resource: str, expiry: int, key: bytes) -> bytes:
    return hmac.digest(key, f"{resource}\n{expiry}".encode(), hashlib.sha256)


def decode_key(text: str) -> bytes:
    """A symmetric key from its base64 text. SasError unless it has 16 to 64 bytes."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SasError("The key is not base64.") from None
    if len(key) not in _KEY_BYTES:
        raise SasError("The key must have 16 to 64 bytes.")
    return key


def derive_key(group_key: bytes, registration: str) -> bytes:
    """A device's key from its enrollment group's: an HMAC of the registration id as the device spells it."""
    return hmac.digest(group_key, registration.encode(), hashlib.sha256)


class HubResource(NamedTuple):
    """What a hub token is for."""

    host: str
    device: str
    module: str = ""


def parse_hub_resource(target: str) -> HubResource:
    """`host[:port]/devices/id[/modules/id]` taken apart, the host in lower case without port."""
    match target.split("/"):
        case [host, "devices", device] if host and device:
            return HubResource(_host(host), device)
        case [host, "devices", device, "modules", module] if host and device and module:
            return HubResource(_host(host), device, module)
    raise SasError("The token is for no device of a hub.")


def _host(text: str) -> str:
    return text.lower().partition(":")[0]


class RegistrationResource(NamedTuple):
    """What a provisioning token is for."""

    scope: str
    registration: str


def parse_registration_resource(target: str) -> RegistrationResource:
    """`scope/registrations/id` taken apart."""
    match target.split("/"):
        case [scope, "registrations", registration] if scope and registration:
            return RegistrationResource(scope, registration)
    raise SasError("The token is for no registration.")
