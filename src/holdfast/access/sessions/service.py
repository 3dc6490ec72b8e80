"""Starting, finding and ending sessions."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from holdfast.access.bodies import to_body
from holdfast.access.handles import Handle, digest, matches, new_handle, parse_handle
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user
from holdfast.access.ports import Ports
from holdfast.access.reading import everything
from holdfast.access.sessions.kind import KIND, Session, read_session
from holdfast.access.settings import application_settings
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Principal, PrincipalKind
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Compare, Condition, Operator

MAXIMUM_AGENT = 200
MAXIMUM_OF_USER = 50
"""A further sign-in ends the oldest: a script that signs in at every call does not fill the store."""


class Origin(NamedTuple):
    """Where a request comes from."""

    address: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """How somebody proved who they are."""

    methods: frozenset[str]
    authenticated_at: float
    acr: str = ""
    provider: str = ""
    subject: str = ""
    provider_session: str = ""
    id_token: str = ""
    groups: tuple[str, ...] = field(default=())


class Sessions:
    """Sessions of browsers. Blocking."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def start(self, user: Resource, signed_in: SignedIn, origin: Origin) -> tuple[Handle, Resource]:
        """A new session, with a cookie that never existed before. Conditional access was asked already."""
        ports = self._ports
        limits = application_settings(ports.store).sessions
        cookie = new_handle(ports.new_id(), ports.randomness)
        session = Session(
            user=user.id,
            user_since=user.created,
            digest=digest(cookie),
            expires=ports.clock.now() + limits.absolute_hours * 3600,
            authenticated_at=signed_in.authenticated_at,
            methods=tuple(sorted(signed_in.methods)),
            acr=signed_in.acr,
            provider=signed_in.provider,
            subject=signed_in.subject,
            provider_session=signed_in.provider_session,
            id_token=signed_in.id_token,
            groups=signed_in.groups,
            address=origin.address,
            agent=origin.agent[:MAXIMUM_AGENT],
        )
        change = Change(Action.CREATE, KIND, cookie.id, to_body(session), organization=user.organization)
        made = ports.changes.apply(acting_for(user, origin.address), change).resource
        assert made is not None  # a creation always leaves a resource
        self._end_oldest(user)
        return cookie, made

    def find(self, cookie_text: str) -> tuple[Resource, Resource] | None:
        """The session whose cookie this is, and its user; None when it is over or never was."""
        cookie = parse_handle(cookie_text)
        stored = None if cookie is None else self._ports.store.get(KIND, cookie.id)
        if cookie is None or stored is None or not matches(cookie, read_session(stored).digest):
            return None
        session = read_session(stored)
        user = self._ports.store.get(USER, session.user)
        if user is None or user.created != session.user_since or not read_user(user).enabled:
            return None
        return (stored, user) if session.expires > self._ports.clock.now() else None

    def of(self, user_id: str) -> list[Resource]:
        """The sessions of a user that are not over, oldest first."""
        return self._where(Compare("user", Operator.EQUAL, user_id))

    def end(self, principal: Principal, session_id: str) -> None:
        """End a session: the next request with it is refused. NotFoundError when there is none."""
        person = principal.kind is PrincipalKind.USER
        # People may always end their own, and the kind's guard looks whose it is; others need the permission.
        needed = None if person else Permission.SESSION_MANAGE
        self._ports.changes.apply(principal, Change(Action.DELETE, KIND, session_id, permission=needed))

    def end_all(self, principal: Principal, user_id: str, *, but: str = "") -> int:
        """End every session of a user (except `but`); how many there were."""
        return self._end(principal, [s for s in self.of(user_id) if s.id != but])

    def end_where(self, principal: Principal, where: Condition) -> int:
        """End the sessions that match; how many there were."""
        return self._end(principal, self._where(where))

    def sweep(self) -> int:
        """Remove sessions that are over; how many there were."""
        now = self._ports.clock.now()
        over = everything(self._ports.store, KIND, Compare("expires", Operator.LESS_OR_EQUAL, now))
        return self._end(SYSTEM, list(over))

    def _where(self, where: Condition) -> list[Resource]:
        now = self._ports.clock.now()
        return [s for s in everything(self._ports.store, KIND, where) if read_session(s).expires > now]

    def _end(self, principal: Principal, sessions: list[Resource]) -> int:
        ended = 0
        for session in sessions:
            try:
                self.end(principal, session.id)
                ended += 1
            except NotFoundError:  # it ended by itself in between
                continue
        return ended

    def _end_oldest(self, user: Resource) -> None:
        surplus = self.of(user.id)[:-MAXIMUM_OF_USER]
        self._end(acting_for(user), surplus)


def acting_for(user: Resource, address: str = "") -> Principal:
    """The product, doing for a user what signing in brings with it."""
    return replace(SYSTEM, on_behalf_of=user.id, address=address)
