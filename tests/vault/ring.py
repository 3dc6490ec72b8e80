"""A key ring of its own for tests of what is sealed with one."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from holdfast.kernel.errors import UnavailableError
from holdfast.keys.port import SigningKey


class Ring:
    """Keys derived from one random root; see `holdfast.keys.port.KeyRing`."""

    def __init__(self) -> None:
        self._root = os.urandom(32)

    def data_key(self, purpose: str) -> bytes:
        return HKDFExpand(hashes.SHA256(), 32, purpose.encode()).derive(self._root)

    def seal(self, plain: bytes, context: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + AESGCM(self._root).encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        try:
            return AESGCM(self._root).decrypt(sealed[:12], sealed[12:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise UnavailableError("sealed elsewhere or altered") from error

    def signing_key(self, purpose: str) -> SigningKey:
        private = Ed25519PrivateKey.from_private_bytes(self.data_key(f"sign-{purpose}"))
        return SigningKey(purpose, private.private_bytes_raw(), private.public_key().public_bytes_raw())

    def public_key(self, purpose: str, key_id: str) -> bytes | None:
        return self.signing_key(purpose).public if key_id == purpose else None
