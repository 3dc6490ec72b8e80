"""API tokens as text: the form of IoT Central's, so that scripts keep their header.

`SharedAccessSignature sr=<application>&sig=<secret>&skn=<token id>&se=<expiry in milliseconds>`. Clients
treat the whole as one opaque secret. What is kept is a keyed digest over all of it: neither the database nor
the audit log can give a token back, and no part of it can be changed.
"""

import base64
import hashlib
import hmac
from typing import NamedTuple
from urllib.parse import quote

from holdfast.kernel.clock import Randomness
from holdfast.protocol.sas import SasError, parse_sas

SECRET_BYTES = 32
PURPOSE = "api-tokens"
"""The data key that digests are made with."""


class TokenText(NamedTuple):
    """A token, taken apart."""

    application: str
    token_id: str
    expiry: int
    """Unix milliseconds."""
    secret: bytes

    def __str__(self) -> str:
        signature = quote(base64.b64encode(self.secret), safe="")
        return (
            f"SharedAccessSignature sr={quote(self.application, safe='')}&sig={signature}"
            f"&skn={quote(self.token_id, safe='')}&se={self.expiry}"
        )


def new_token(application: str, token_id: str, expiry: float, randomness: Randomness) -> TokenText:
    """A token with a fresh secret, good until `expiry` in Unix seconds."""
    return TokenText(application, token_id, int(expiry * 1000), randomness.bytes(SECRET_BYTES))


def parse_token(text: str) -> TokenText | None:
    """The token in an `Authorization` header, or None for text that is none."""
    try:
        token = parse_sas(text)
    except SasError:
        return None
    return TokenText(token.target, token.key_name, token.expiry, token.signature)


def digest(token: TokenText, key: bytes) -> str:
    """What is kept of a token."""
    identity = f"{token.application}\n{token.token_id}\n{token.expiry}\n".encode()
    return hmac.digest(key, identity + token.secret, hashlib.sha256).hex()


def matches(token: TokenText, kept: str, key: bytes) -> bool:
    """Whether `kept` is this token's digest; takes the same time whatever the answer."""
    return hmac.compare_digest(digest(token, key), kept)
