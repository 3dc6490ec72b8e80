"""Tokens of managed identities: short-lived, for one audience, signed by the instance's own issuer.

The other side trusts them by federation: it is told the issuer's address and the subject, once. So nothing
that could be stolen and used later is stored on either side.
"""

from collections.abc import Callable
from typing import NamedTuple

from joserfc import jwt
from joserfc.jwk import RSAKey

from holdfast.access.issuer.identities import KIND, read_identity, subject
from holdfast.access.issuer.keys import ALGORITHM, Key, public_key_set, signing_key
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import ForbiddenError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.resources.model import Reader, Resource

LIFETIME = 600.0
"""Long enough to be exchanged, too short to be worth stealing."""
DISCOVERY_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/.well-known/jwks.json"

Made = Callable[[Resource, str], None]
"""Told of each token: the identity and the audience; for the audit log."""


class Token(NamedTuple):
    """A token and its end."""

    text: str
    expires: float
    """Unix seconds."""


class Issuer:
    """Makes tokens and publishes how they are verified. Reads only: any role may have one. Blocking."""

    def __init__(
        self,
        address: str,
        reader: Reader,
        clock: Clock,
        randomness: Randomness,
        made: Made = lambda _identity, _audience: None,
    ) -> None:
        self.address = address
        """The `iss`: where verifiers find `/.well-known/openid-configuration`."""
        self._reader = reader
        self._clock = clock
        self._randomness = randomness
        self._made = made
        self._key: tuple[str, RSAKey] | None = None

    def token(self, identity_id: str, audience: str, user: str = "") -> Token:
        """A token of a managed identity for `audience`; `user` is the `kind/id` of what needs it.

        Raises NotFoundError, ForbiddenError when the identity is disabled, not for this audience, or belongs
        to another resource.
        """
        stored = self._reader.get(KIND, identity_id)
        if stored is None:
            raise NotFoundError(f"There is no managed identity “{identity_id}”.")
        identity = read_identity(stored)
        if not identity.enabled:
            raise ForbiddenError(f"The managed identity “{identity_id}” is disabled.")
        if audience not in identity.audiences:
            raise ForbiddenError(f"The managed identity “{identity_id}” is not for the audience {audience}.")
        if identity.type == "systemAssigned" and identity.owner != user:
            raise ForbiddenError(f"The managed identity “{identity_id}” belongs to {identity.owner}.")
        now = self._clock.now()
        key = signing_key(self._reader, now)
        claims = {
            "iss": self.address,
            "sub": subject(identity_id, identity),
            "aud": audience,
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now + LIFETIME),
            "jti": self._randomness.bytes(16).hex(),
        }
        text = jwt.encode({"alg": ALGORITHM, "kid": key.id}, claims, self._loaded(key))
        self._made(stored, audience)
        return Token(text, now + LIFETIME)

    def discovery(self) -> JsonObject:
        """The document at `DISCOVERY_PATH` (OpenID Connect Discovery 1.0 section 3)."""
        return {
            "issuer": self.address,
            "jwks_uri": self.address + KEYS_PATH,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "claims_supported": ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"],
        }

    def keys(self) -> JsonObject:
        """The document at `KEYS_PATH`."""
        return public_key_set(self._reader, self._clock.now())

    def _loaded(self, key: Key) -> RSAKey:
        """The key itself, which is checked for a while when it is read from text."""
        if self._key is None or self._key[0] != key.id:
            self._key = (key.id, RSAKey.import_key(key.body.private))
        return self._key[1]
