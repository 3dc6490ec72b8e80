"""Authenticated encryption of short values: AES-256-GCM with a random nonce (NIST SP 800-38D)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from holdfast.kernel.clock import Randomness
from holdfast.keys.errors import KeyUnavailableError

KEY_BYTES = 32
NONCE_BYTES = 12
"""96 bits, the length that GCM is made for; random ones are safe for 2^32 values a key."""


def seal(key: bytes, plain: bytes, context: str, randomness: Randomness) -> bytes:
    """Encrypt `plain`; `context` is authenticated with it and must be the same when it is opened."""
    nonce = randomness.bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal(key: bytes, sealed: bytes, context: str) -> bytes:
    """The plain bytes again. KeyUnavailableError when key, context or bytes are not those of `seal`."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError):
        raise KeyUnavailableError(
            f"The sealed value for “{context}” cannot be opened: it was sealed with another key or altered."
        ) from None
