"""Keys: a provider wraps the root key, the root key wraps one data key a purpose.

Rotation makes a new root key version and wraps the data keys again; data keys of the database change by
re-encryption only when asked. Revoking the provider's key makes all data unreadable.
"""

from typing import NamedTuple, Protocol


class KeyProvider(Protocol):
    """Holds the key that wraps the root key: a file (mode 0600), an HSM, a transit service."""

    name: str
    """`file`, `pkcs11`, `vault`: shown in health and evidence."""

    def wrap(self, key: bytes) -> bytes:
        """Encrypt and authenticate a root key."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """The root key again. KeyUnavailableError (keys.errors) when revoked, wrong or out of reach."""
        ...


class SigningKey(NamedTuple):
    """An Ed25519 key pair for heads of the audit chain and evidence."""

    key_id: str
    private: bytes
    """Raw 32 bytes; never leaves the process."""
    public: bytes
    """Raw 32 bytes."""


class KeyRing(Protocol):
    """The unwrapped keys of one instance, in memory."""

    def data_key(self, purpose: str) -> bytes:
        """32 bytes for a purpose (`control-database`, `log`, `blobs`, …); made at the first request."""
        ...

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt a secret for storage inside the database (AES-256-GCM, `context` authenticated)."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """The secret again; KeyUnavailableError when it was sealed elsewhere or altered."""
        ...

    def signing_key(self, purpose: str) -> SigningKey:
        """The signing key for a purpose (`audit`, `evidence`, `tokens`)."""
        ...

    def public_key(self, purpose: str, key_id: str) -> bytes | None:
        """The public key of that id, also of an older version; None when the purpose never had it."""
        ...
