"""Who sends a request: from an `Authorization` header or a session cookie to a principal, at every request.

What a credential means is remembered for a minute at most, and forgotten at once when anything changes that
it depends on; conditional access is evaluated each time, on the circumstances of this request.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from holdfast.access.conditional.decide import circumstances, decide, refusal
from holdfast.access.conditional.model import Client
from holdfast.access.conditional.reports import Reports
from holdfast.access.directory import KINDS as DIRECTORY_KINDS
from holdfast.access.directory import Directory, Snapshot
from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.elevation.requests import KIND as ELEVATION
from holdfast.access.errors import SignInRefusedError
from holdfast.access.people.users import KIND as USER
from holdfast.access.ports import Ports
from holdfast.access.principals import Rights, rights_of_token, rights_of_user
from holdfast.access.remembered import Remembered
from holdfast.access.sessions.kind import KIND as SESSION
from holdfast.access.sessions.kind import read_session
from holdfast.access.sessions.service import Origin, Sessions
from holdfast.access.settings import LocalMethod
from holdfast.access.support.requests import KIND as SUPPORT_REQUEST
from holdfast.access.tokens.kind import KIND as API_TOKEN
from holdfast.access.tokens.service import ApiTokens
from holdfast.access.traces import Traces
from holdfast.kernel.errors import UnauthenticatedError
from holdfast.kernel.principal import ANONYMOUS, SYSTEM, Principal, PrincipalKind

REMEMBERED_SECONDS = 60.0
"""A lost invalidation heals after that."""
MAXIMUM_CREDENTIAL = 16_384
"""Characters of an Authorization header: what web servers take of one header line."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a credential."""

    rights: Rights
    client: Client
    resource: tuple[str, str]
    """Kind and id of the session or token, by which a revocation finds it; empty for bearer tokens."""
    until: float
    """Unix seconds: not good any more."""
    methods: frozenset[str] = frozenset()
    acr: str = ""
    authenticated_at: float = 0.0
    idle_seconds: float = 0.0
    """After so long without a request the session ends; 0 for no such limit."""
    last_seen: float = 0.0


Bearer = Callable[[str, Snapshot], Known]
"""Checks a provider's token; see `oidc.bearer`. SignInRefusedError when it is not good."""


class Authenticator:
    """See `api.services.Authenticate`. Thread-safe; blocks when a credential is not remembered."""

    def __init__(
        self,
        ports: Ports,
        directory: Directory,
        sessions: Sessions,
        tokens: ApiTokens,
        traces: Traces,
        bearer: Bearer,
        *,
        trusts_memory: Callable[[], bool] = lambda: True,
    ) -> None:
        self._ports = ports
        self._directory = directory
        self._sessions = sessions
        self._tokens = tokens
        self._traces = traces
        self._bearer = bearer
        self._trusts_memory = trusts_memory
        self._remembered: Remembered[Known] = Remembered()
        self._reports = Reports(ports.changes)

    def __call__(self, *, authorization: str, cookie: str, address: str, user_agent: str) -> Principal:
        """The principal; ANONYMOUS when nothing is presented.

        Raises UnauthenticatedError for a credential that is not good, ConditionsError when conditional access
        refuses.
        """
        credential = authorization or cookie
        if not credential:
            return replace(ANONYMOUS, address=address)
        now = self._ports.clock.now()
        origin = Origin(address, user_agent)
        if not self._trusts_memory():
            self.forget()
        known, last_seen = self._recall(authorization, cookie, origin, now)
        if known.idle_seconds and now - last_seen > known.idle_seconds:
            self._end_idle(known, origin)
        if known.resource[0]:
            self._traces.touch(*known.resource, address)
        if known.rights.principal.kind is not PrincipalKind.API_TOKEN:
            self._traces.touch(USER, known.rights.principal.id, address)
        return self._admitted(known, origin, now)

    def changed(self, kind: str, identity: str) -> None:
        """A resource was changed, here or in another process; cheap for kinds that do not matter here."""
        if kind in (SESSION, API_TOKEN):
            self._remembered.forget((kind, identity))
        elif kind in DIRECTORY_KINDS or kind in (ELEVATION, ELIGIBLE, SUPPORT_REQUEST):
            self.forget()

    def forget(self) -> None:
        """Look everything up again."""
        self._directory.forget()
        self._remembered.forget()

    def _admitted(self, known: Known, origin: Origin, now: float) -> Principal:
        snapshot = self._directory.current()
        principal = replace(
            known.rights.principal,
            address=origin.address,
            session=known.resource[1] if known.resource[0] == SESSION else "",
            authenticated_at=known.authenticated_at,
            methods=known.methods,
        )
        asked = circumstances(
            snapshot,
            known.rights,
            known.client,
            origin.address,
            now,
            methods=known.methods,
            acr=known.acr,
            authenticated_at=known.authenticated_at,
        )
        verdict = decide(snapshot, asked)
        if not verdict.allowed:
            self._reports.refused(principal, verdict)
            raise refusal(verdict.refused)
        self._reports.would_refuse(principal, verdict, now)
        return principal

    def _recall(self, authorization: str, cookie: str, origin: Origin, now: float) -> tuple[Known, float]:
        """What is known of the credential, and when it was used before now."""
        credential = authorization or cookie
        found = self._remembered.get(credential, now)
        if found is not None:
            return found
        generation = self._remembered.generation
        try:
            known = self._look_up(authorization, cookie)
        except SignInRefusedError as error:
            self._refuse(origin, error)
            raise
        self._remembered.put(
            credential,
            known,
            now=now,
            until=min(now + REMEMBERED_SECONDS, known.until),
            resource=known.resource,
            generation=generation,
        )
        return known, known.last_seen

    def _look_up(self, authorization: str, cookie: str) -> Known:
        if len(authorization) > MAXIMUM_CREDENTIAL:
            raise _refusal("The Authorization header is too long", "credential too long")
        snapshot = self._directory.current()
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "sharedaccesssignature":
            return self._api_token(authorization, snapshot)
        if scheme.lower() == "bearer":
            return self._bearer(rest.strip(), snapshot)
        if authorization:
            raise _refusal("The Authorization header has no scheme that is known here", "unknown scheme")
        return self._session(cookie, snapshot)

    def _api_token(self, authorization: str, snapshot: Snapshot) -> Known:
        token = self._tokens.find(authorization)
        if token is None:
            raise _refusal("The API token is unknown, deleted or expired", "no such API token")
        rights = rights_of_token(snapshot, token)
        if not rights.principal.grants:
            raise _refusal("API tokens are switched off here", f"API token {token.id} is switched off")
        return Known(rights, Client.API_TOKEN, (API_TOKEN, token.id), rights.until)

    def _session(self, cookie: str, snapshot: Snapshot) -> Known:
        found = self._sessions.find(cookie)
        if found is None:
            raise _refusal("Your session is over; sign in again", "no such session")
        stored, user = found
        session = read_session(stored)
        local = not session.provider
        if not local and session.provider not in snapshot.providers:
            raise _refusal("Your identity provider was switched off", f"provider {session.provider} is off")
        if local and not snapshot.allows(LocalMethod.LOCAL_ACCOUNTS, user.organization):
            raise _refusal("Local accounts were switched off", "local accounts are off")
        now = self._ports.clock.now()
        rights = rights_of_user(self._ports.store, snapshot, user, now, groups=session.groups, local=local)
        return Known(
            rights=rights,
            client=Client.BROWSER,
            resource=(SESSION, stored.id),
            until=min(rights.until, session.expires),
            methods=frozenset(session.methods),
            acr=session.acr,
            authenticated_at=session.authenticated_at,
            idle_seconds=snapshot.settings.sessions.idle_minutes * 60.0,
            last_seen=self._last_seen(stored.id, stored.created),
        )

    def _last_seen(self, session_id: str, created: float) -> float:
        use = self._traces.last_use(SESSION, [session_id]).get(session_id)
        return max(created, use.time if use else 0.0)

    def _end_idle(self, known: Known, origin: Origin) -> None:
        self._remembered.forget(known.resource)
        ending = replace(SYSTEM, on_behalf_of=known.rights.principal.id, address=origin.address)
        self._sessions.end(ending, known.resource[1])
        raise _refusal("Your session was idle for too long; sign in again", "session idle")

    def _refuse(self, origin: Origin, error: SignInRefusedError) -> None:
        stranger = replace(ANONYMOUS, address=origin.address)
        self._ports.changes.record(
            stranger, "request.unauthenticated", outcome="refused", detail=error.reason
        )


def _refusal(sentence: str, reason: str) -> UnauthenticatedError:
    return SignInRefusedError(f"{sentence}.", reason)
