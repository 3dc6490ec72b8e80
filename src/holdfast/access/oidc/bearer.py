"""Bearer tokens of identity providers at the API: scripts of people, and service principals."""

from holdfast.access.authenticator import Known
from holdfast.access.conditional.model import Client
from holdfast.access.directory import Snapshot
from holdfast.access.oidc.metadata import Published
from holdfast.access.oidc.people import People, person_from
from holdfast.access.oidc.providers import Provider
from holdfast.access.oidc.tokens import Expected, refused, unverified
from holdfast.access.ports import Ports
from holdfast.access.principals import rights_of_user
from holdfast.kernel.json import JsonObject

_ID_TOKEN_CLAIMS = frozenset({"nonce", "at_hash", "c_hash"})
"""What only ID tokens have: one of these for the same audience is no access token (RFC 8725 2.8)."""


class BearerTokens:
    """See `authenticator.Bearer`."""

    def __init__(self, ports: Ports, published: Published, people: People) -> None:
        self._ports = ports
        self._published = published
        self._people = people

    def __call__(self, token: str, snapshot: Snapshot) -> Known:
        """What a token means. SignInRefusedError when it is not in order or of nobody who has access."""
        provider_id, provider = _provider_of(token, snapshot)
        expected = Expected(
            provider.issuer,
            frozenset(provider.audiences),
            frozenset(provider.algorithms),
            provider.clock_skew_seconds,
        )
        claims = self._published.verify(token, provider, expected)
        if _ID_TOKEN_CLAIMS & set(claims):
            raise refused("an ID token, which says who somebody is and allows nothing")
        person = person_from(claims, provider_id, provider)
        user, groups = self._people.user_for(person, provider_id, provider, snapshot)
        now = self._ports.clock.now()
        rights = rights_of_user(self._ports.store, snapshot, user, now, groups=groups)
        return Known(
            rights=rights,
            client=Client.BEARER,
            resource=("", ""),
            until=min(rights.until, float(str(claims["exp"])) + provider.clock_skew_seconds),
            methods=methods_of(claims, provider),
            acr=acr_of(claims, provider),
            authenticated_at=signed_in_at(claims, now),
        )


def methods_of(claims: JsonObject, provider: Provider) -> frozenset[str]:
    """The methods of a sign-in at the provider; `fed` alone unless its word for more is believed."""
    stated = claims.get("amr")
    if not provider.trust_methods or not isinstance(stated, list):
        return frozenset({"fed"})
    return frozenset({"fed", *(method for method in stated[:20] if isinstance(method, str))})


def acr_of(claims: JsonObject, provider: Provider) -> str:
    """The authentication context, if the provider's word for it is believed."""
    stated = claims.get("acr")
    return stated[:255] if provider.trust_methods and isinstance(stated, str) else ""


def signed_in_at(claims: JsonObject, now: float) -> float:
    """When the person really signed in at the provider; long ago when it does not say, or no moment."""
    stated = claims.get("auth_time")
    if isinstance(stated, bool) or not isinstance(stated, int | float) or not stated > 0:  # NaN is not
        return 0.0
    return float(min(stated, now))


def _provider_of(token: str, snapshot: Snapshot) -> tuple[str, Provider]:
    issuer = unverified(token, 1).get("iss")
    for provider_id, provider in snapshot.providers.items():
        if provider.issuer == issuer and provider.audiences:
            return provider_id, provider
    raise refused("no identity provider whose tokens are taken here issued it")
