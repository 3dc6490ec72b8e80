"""The last step of every sign-in: conditional access is asked, then a session begins."""

from dataclasses import replace
from typing import NamedTuple

from holdfast.access.conditional.decide import circumstances, decide, refusal
from holdfast.access.conditional.model import Client
from holdfast.access.conditional.reports import Reports
from holdfast.access.directory import Directory
from holdfast.access.errors import SignInRefusedError
from holdfast.access.people.users import read_user
from holdfast.access.ports import Ports
from holdfast.access.principals import rights_of_user
from holdfast.access.sessions.kind import read_session
from holdfast.access.sessions.service import Origin, Sessions, SignedIn
from holdfast.access.tickets import Tickets
from holdfast.kernel.principal import ANONYMOUS, Principal
from holdfast.resources.model import Resource

KNOWN_BROWSER = "known-browser"
"""The purpose of the note that a browser keeps after a local sign-in; see `attempts`."""
KNOWN_BROWSER_SECONDS = 180 * 86_400.0


class Session(NamedTuple):
    """A session that has begun, as the browser is told of it."""

    principal: Principal
    cookie: str
    """The value of the session cookie."""
    lifetime: float
    """Seconds that the cookie lives."""
    known_browser: str = ""
    """The value of the known-browser cookie; empty when the provider vouched."""


class SignIn:
    """Ends every way of signing in. Blocking."""

    def __init__(self, ports: Ports, directory: Directory, sessions: Sessions, tickets: Tickets) -> None:
        self._ports = ports
        self._directory = directory
        self._sessions = sessions
        self._tickets = tickets
        self._reports = Reports(ports.changes)

    def complete(self, user: Resource, signed_in: SignedIn, origin: Origin) -> Session:
        """Begin a session for a user who proved who they are. ConditionsError when conditions refuse."""
        ports, snapshot = self._ports, self._directory.current()
        body, local, now = read_user(user), not signed_in.provider, ports.clock.now()
        if not body.enabled:
            raise SignInRefusedError("This account is disabled.", f"user {user.id} is disabled")
        rights = rights_of_user(ports.store, snapshot, user, now, groups=signed_in.groups, local=local)
        principal = replace(
            rights.principal,
            address=origin.address,
            methods=signed_in.methods,
            authenticated_at=signed_in.authenticated_at,
        )
        asked = circumstances(
            snapshot,
            rights,
            Client.BROWSER,
            origin.address,
            now,
            methods=signed_in.methods,
            acr=signed_in.acr,
            authenticated_at=signed_in.authenticated_at,
        )
        verdict = decide(snapshot, asked)
        if not verdict.allowed:
            self._reports.refused(principal, verdict)
            raise refusal(verdict.refused)
        if body.break_glass:
            ports.changes.record(principal, "signIn.break-glass", resource=user.id)
        handle, stored = self._sessions.start(user, signed_in, origin)
        lifetime = read_session(stored).expires - now
        return Session(principal, str(handle), lifetime, self._note(user) if local else "")

    def refused(self, error: SignInRefusedError, origin: Origin, account: str = "") -> None:
        """Tell the auditor of a sign-in that did not succeed."""
        self._ports.changes.record(
            replace(ANONYMOUS, address=origin.address),
            "signIn.refused",
            resource=account,
            outcome="refused",
            detail=error.reason,
        )

    def _note(self, user: Resource) -> str:
        note = {"user": user.id, "browser": self._ports.new_id()}
        return self._tickets.write(KNOWN_BROWSER, dict(note), KNOWN_BROWSER_SECONDS)
