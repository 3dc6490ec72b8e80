"""Tokens of managed identities: short-lived, for one audience, signed by the instance's own issuer.

The other side trusts them by federation: it is told the issuer's address and the subject, once. So nothing
that could be stolen and used later is stored on either side.
"""

from typing import NamedTuple

from joserfc import jwt
from joserfc.jwk import RSAKey

from holdfast.access.issuer.identities import KIND, SYSTEM_ASSIGNED, read_identity
from holdfast.access.issuer.keys import ALGORITHM, Key, public_key_set, signing_key
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import ForbiddenError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.resources.model import Reader

LIFETIME = 600.0
"""Seconds: long enough to be exchanged, too short to be worth stealing."""
RENEWED_BEFORE = 120.0
"""Seconds before its end from which a kept token is not sent any more: it has a way to go, clocks differ."""
DISCOVERY_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/.well-known/jwks.json"


class Token(NamedTuple):
    """A token and its end."""

    text: str
    expires: float
    """Unix seconds."""


def subject_of(reader: Reader, identity_id: str, audience: str, caller: str = "") -> str:
    """The `sub` under which an identity calls `audience`; other services put it into their trust policies.

    `caller` is the `kind/id` of the resource that calls: the subject where it names `system`. Raises
    NotFoundError, and ForbiddenError when the identity is disabled or not for this audience.
    """
    if identity_id == SYSTEM_ASSIGNED and caller:
        return f"resource:{caller}"
    stored = reader.get(KIND, identity_id)
    if stored is None:
        raise NotFoundError(f"There is no managed identity “{identity_id}”.")
    identity = read_identity(stored)
    if not identity.enabled:
        raise ForbiddenError(f"The managed identity “{identity_id}” is disabled.")
    if audience not in identity.audiences:
        raise ForbiddenError(f"The managed identity “{identity_id}” is not for the audience {audience}.")
    return f"identity:{identity_id}"


class Issuer:
    """Makes tokens and publishes how they are verified. Reads only: any role may have one. Blocking."""

    def __init__(self, address: str, reader: Reader, clock: Clock, randomness: Randomness) -> None:
        self.address = address
        """The `iss`: where verifiers find `/.well-known/openid-configuration`."""
        self._reader = reader
        self._clock = clock
        self._randomness = randomness
        self._key: tuple[str, RSAKey] | None = None
        self._kept: dict[tuple[str, str, str], Token] = {}
        """By key, subject and audience: the tokens that calls still send."""

    def token(self, identity_id: str, audience: str, caller: str = "") -> Token:
        """A fresh token; see `subject_of` for `caller` and what it raises."""
        subject = subject_of(self._reader, identity_id, audience, caller)
        return self._sign(signing_key(self._reader, self._clock.now()), subject, audience)

    def token_for_call(self, identity_id: str, audience: str, caller: str) -> str:
        """A token for a call that the resource `caller` makes, the same one until it is nearly over.

        Whether the identity may is asked each time, so one that was disabled is used no more.
        """
        subject = subject_of(self._reader, identity_id, audience, caller)
        now = self._clock.now()
        key = signing_key(self._reader, now)
        place = (key.id, subject, audience)
        kept = self._kept.get(place)
        if kept is None or kept.expires - now < RENEWED_BEFORE:
            kept = self._sign(key, subject, audience)
            current = {p: t for p, t in list(self._kept.items()) if t.expires > now}
            self._kept = {**current, place: kept}
        return kept.text

    def forget(self, token: str) -> None:
        """Somebody refused it: the next call has a fresh one."""
        self._kept = {place: kept for place, kept in list(self._kept.items()) if kept.text != token}

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

    def _sign(self, key: Key, subject: str, audience: str) -> Token:
        now = self._clock.now()
        claims = {
            "iss": self.address,
            "sub": subject,
            "aud": audience,
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now + LIFETIME),
            "jti": self._randomness.bytes(16).hex(),
        }
        text = jwt.encode({"alg": ALGORITHM, "kid": key.id}, claims, self._loaded(key))
        return Token(text, now + LIFETIME)

    def _loaded(self, key: Key) -> RSAKey:
        """The key itself, which is checked for a while when it is read from text."""
        if self._key is None or self._key[0] != key.id:
            self._key = (key.id, RSAKey.import_key(key.body.private))
        return self._key[1]
