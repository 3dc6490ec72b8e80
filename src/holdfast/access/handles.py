"""Handles, `<id>.<secret>`, of which the server keeps a digest: session cookies, sign-in links."""

import base64
import hashlib
import hmac
from typing import NamedTuple

from holdfast.kernel.clock import Randomness

SECRET_BYTES = 32
MAXIMUM_LENGTH = 128


class Handle(NamedTuple):
    """The id of a resource, and the secret that proves the right to it."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"{self.id}.{self.secret}"


def new_handle(identity: str, randomness: Randomness) -> Handle:
    """A handle with a fresh secret."""
    secret = base64.urlsafe_b64encode(randomness.bytes(SECRET_BYTES)).decode().rstrip("=")
    return Handle(identity, secret)


def parse_handle(text: str) -> Handle | None:
    """The handle in what somebody sent, or None."""
    identity, point, secret = text.partition(".")
    if len(text) > MAXIMUM_LENGTH or not (identity and point and secret and text.isascii()):
        return None
    return Handle(identity, secret)


def digest(handle: Handle) -> str:
    """What the server keeps. The secret is random, so a plain hash is enough."""
    return hashlib.sha256(str(handle).encode()).hexdigest()


def matches(handle: Handle, kept: str) -> bool:
    """Whether `kept` is this handle's digest; takes the same time whatever the answer."""
    return hmac.compare_digest(digest(handle), kept)
