"""Back-channel logout (OpenID Connect Back-Channel Logout 1.0): the provider ends sessions here."""

from holdfast.access.directory import Directory
from holdfast.access.oidc.metadata import Published
from holdfast.access.oidc.tokens import Expected, refused, unverified
from holdfast.access.sessions.service import Sessions
from holdfast.access.tickets import UsedOnce
from holdfast.kernel.clock import Clock
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.query import All, Compare, Condition, Operator

EVENT = "http://schemas.openid.net/event/backchannel-logout"
RECENT_SECONDS = 300.0
"""A logout token is sent at once; an older one is somebody's recording."""


class BackChannelLogout:
    """Takes logout tokens. Blocking."""

    def __init__(
        self, directory: Directory, published: Published, sessions: Sessions, used: UsedOnce, clock: Clock
    ) -> None:
        self._directory = directory
        self._published = published
        self._sessions = sessions
        self._used = used
        self._clock = clock

    def __call__(self, token: str) -> int:
        """End the sessions that a logout token names; how many. SignInRefusedError for a wrong token."""
        issuer = unverified(token, 1).get("iss")
        providers = self._directory.current().providers
        provider_id = next((name for name, p in providers.items() if p.issuer == issuer), None)
        if provider_id is None:
            raise refused("no identity provider that is known here issued it")
        provider = providers[provider_id]
        expected = Expected(
            provider.issuer,
            frozenset({provider.client_id}),
            frozenset(provider.algorithms),
            provider.clock_skew_seconds,
            needs_expiry=False,
        )
        claims = self._published.verify(token, provider, expected)
        where = self._checked(claims, provider_id)
        return self._sessions.end_where(SYSTEM, where)

    def _checked(self, claims: JsonObject, provider_id: str) -> Condition:
        events, issued, identity = claims.get("events"), claims.get("iat"), claims.get("jti")
        if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict) or "nonce" in claims:
            raise refused("no logout token")
        now = self._clock.now()
        if isinstance(issued, bool) or not isinstance(issued, int | float) or now - issued > RECENT_SECONDS:
            raise refused("no recent logout token")
        if not isinstance(identity, str) or not self._used.use(
            f"logout:{provider_id}:{identity[:255]}", now + 2 * RECENT_SECONDS
        ):
            raise refused("logout token without jti, or used twice")
        conditions: list[Condition] = [Compare("provider", Operator.EQUAL, provider_id)]
        for claim, path in (("sid", "providerSession"), ("sub", "subject")):
            value = claims.get(claim)
            if isinstance(value, str) and value:
                conditions.append(Compare(path, Operator.EQUAL, value[:255]))
        if len(conditions) == 1:
            raise refused("it names neither sid nor sub")
        return All(tuple(conditions))
