"""JSON Web Tokens of identity providers, verified: RFC 7515, 7519 and the advice of RFC 8725.

Nothing in the token chooses how it is checked: the algorithm must be one that the provider's entry names, the
key one of the provider's published key set whose type fits the algorithm. Headers that point to other keys
(`jku`, `x5u`, `jwk`) are ignored, critical extensions refused.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from holdfast.access.errors import SignInRefusedError
from holdfast.kernel.json import JsonObject

MAXIMUM_TOKEN = 65_536
"""Characters. A token with two thousand groups has about a hundred thousand and is refused."""
MAXIMUM_KEYS = 50
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}

KeySet = Sequence[Mapping[str, Any]]  # JSON Web Keys as the provider publishes them


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say."""

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str]
    skew: float
    """Seconds by which the clocks may differ."""
    needs_expiry: bool = True


def verify(token: str, keys: KeySet, expected: Expected, now: float) -> JsonObject:
    """The claims of a token that is in order. SignInRefusedError otherwise; its `reason` says why."""
    header = unverified(token, 0)
    key = _key_for(header, keys, expected.algorithms)
    try:
        signature = jws.deserialize_compact(token, JWKRegistry.import_key(dict(key)), [str(header["alg"])])
        claims = json.loads(signature.payload or b"")
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise refused(f"signature: {type(error).__name__}") from error
    if not isinstance(claims, dict):
        raise refused("the claims are no object")
    _check_claims(claims, expected, now)
    return claims


def unverified(token: str, part: int) -> JsonObject:
    """The header (0) or the claims (1) of a token, not verified: only to choose what to verify it with."""
    parts = token.split(".")
    if len(token) > MAXIMUM_TOKEN or len(parts) != 3:
        raise refused("not a signed token, or too long")
    try:
        decoded = json.loads(base64.urlsafe_b64decode(parts[part] + "=" * (-len(parts[part]) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise refused("not readable") from error
    if not isinstance(decoded, dict):
        raise refused("not an object")
    return decoded


def refused(reason: str) -> SignInRefusedError:
    """The error for every token that is not in order."""
    return SignInRefusedError(
        "The identity provider's token was not accepted; sign in again.", f"token: {reason}"
    )


def _key_for(header: JsonObject, keys: KeySet, algorithms: frozenset[str]) -> Mapping[str, Any]:
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise refused(f"the algorithm {str(algorithm)[:20]!r} is not allowed")
    if "crit" in header:
        raise refused("it has critical extensions")
    fitting = [key for key in keys[:MAXIMUM_KEYS] if _fits(key, algorithm)]
    if key_id is not None:
        fitting = [key for key in fitting if key.get("kid") == key_id]
    if not fitting:
        raise UnknownKeyError(str(key_id)[:100])
    if len(fitting) > 1:
        raise refused("several keys fit and it names none")
    return fitting[0]


class UnknownKeyError(SignInRefusedError):
    """The key is not among those that are known; perhaps the provider has new ones."""

    def __init__(self, key_id: str) -> None:
        known = refused(f"unknown key {key_id!r}")
        super().__init__(str(known), known.reason)


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    return (
        key.get("kty") == _KEY_TYPES[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and key.get("crv") == _CURVES.get(algorithm, key.get("crv"))
    )


def _check_claims(claims: JsonObject, expected: Expected, now: float) -> None:
    if claims.get("iss") != expected.issuer:
        raise refused("another issuer")
    audience = claims.get("aud")
    named = {audience} if isinstance(audience, str) else set(_texts(audience))
    if not named & expected.audiences:
        raise refused("another audience")
    expiry = _moment(claims, "exp")
    if expiry is None and expected.needs_expiry:
        raise refused("no expiry")
    if expiry is not None and expiry + expected.skew <= now:
        raise refused("expired")
    for name in ("nbf", "iat"):
        moment = _moment(claims, name)
        if moment is not None and moment - expected.skew > now:
            raise refused(f"{name} lies ahead")


def _moment(claims: JsonObject, name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise refused(f"{name} is no moment")
    return float(value)


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
