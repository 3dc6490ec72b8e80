"""Time-based one-time codes of authenticator apps (RFC 6238, with the parameters that every app knows)."""

import base64
import binascii

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from holdfast.kernel.clock import Randomness

STEP = 30
DIGITS = 6
SECRET_BYTES = 20
"""RFC 4226 4 R6 recommends 160 bits."""
WINDOW = 1
"""Steps before and after the present one that are accepted: phones are late."""


def new_secret(randomness: Randomness) -> str:
    """A secret in base 32, as apps show and take it."""
    return base64.b32encode(randomness.bytes(SECRET_BYTES)).decode()


def provisioning_uri(secret: str, account: str, issuer: str) -> str:
    """The `otpauth://` address that an app reads from a QR code."""
    return _totp(secret).get_provisioning_uri(account, issuer)


def matching_step(secret: str, code: str, now: float) -> int | None:
    """The time step whose code this is, or None. The caller refuses a step that was used before."""
    digits = code.replace(" ", "")
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    found = None
    for step in range(int(now // STEP) - WINDOW, int(now // STEP) + WINDOW + 1):
        try:
            _totp(secret).verify(digits.encode(), step * STEP)
            found = step
        except InvalidToken:
            continue
    return found


def is_secret(text: str) -> bool:
    """Whether the text is a secret that `new_secret` could have made."""
    try:
        return len(base64.b32decode(text)) == SECRET_BYTES
    except (binascii.Error, ValueError):
        return False


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP)  # noqa: S303 - what authenticator apps use
