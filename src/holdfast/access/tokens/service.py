"""Making API tokens, and checking those that are presented."""

from collections.abc import Sequence

from holdfast.access.bodies import to_body
from holdfast.access.people.assignments import Assignment, home_of
from holdfast.access.people.organizations import path_of
from holdfast.access.ports import Ports
from holdfast.access.settings import application_settings
from holdfast.access.tokens.kind import DAY, KIND, ApiToken, check_expiry, read_token
from holdfast.access.tokens.secret import PURPOSE, digest, matches, new_token, parse_token
from holdfast.kernel.clock import isoformat
from holdfast.kernel.principal import Principal
from holdfast.resources.model import Action, Change, Resource

DEFAULT_DAYS = 365
"""How long a token lives when nothing is said, as on IoT Central; never longer than the settings allow."""


class ApiTokens:
    """API tokens of one application."""

    def __init__(self, ports: Ports, application: str) -> None:
        self._ports = ports
        self._key = ports.keys.data_key(PURPOSE)
        self.application = application
        """The `sr` of every token."""

    def issue(
        self, principal: Principal, token_id: str, roles: Sequence[Assignment], expiry: str = ""
    ) -> tuple[Resource, str]:
        """Make a token; its text is in the answer and nowhere else. Blocking.

        `expiry` is RFC 3339. Raises what the change path raises; ConflictError when the id is taken.
        """
        ports, assignments = self._ports, tuple(roles)
        days = application_settings(ports.store).tokens.maximum_days
        now = ports.clock.now()
        expires = check_expiry(expiry, now, days) if expiry else now + min(DEFAULT_DAYS, days) * DAY
        text = new_token(self.application, token_id, expires, ports.randomness)
        body = ApiToken(assignments, isoformat(text.expiry / 1000), digest(text, self._key))
        home = home_of([path_of(ports.store, assignment.organization) for assignment in assignments])
        change = Change(Action.CREATE, KIND, token_id, to_body(body), organization=home)
        made = ports.changes.apply(principal, change).resource
        assert made is not None  # a creation always leaves a resource
        return made, str(text)

    def find(self, authorization: str) -> Resource | None:
        """The token whose text this is, or None; expired ones are none. Blocking."""
        presented = parse_token(authorization)
        if presented is None:
            return None
        stored = self._ports.store.get(KIND, presented.token_id)
        # The digest is made in either case, so that an unknown id takes as long as a wrong secret.
        kept = read_token(stored).digest if stored is not None else ""
        if not matches(presented, kept, self._key) or stored is None:
            return None
        return stored if read_token(stored).expires > self._ports.clock.now() else None
