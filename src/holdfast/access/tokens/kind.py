"""API tokens as resources."""

import re

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.escalation import refuse_escalation
from holdfast.access.people.assignments import Assignment, check_assignments, home_of, relocated
from holdfast.access.reading import everything
from holdfast.access.settings import (
    KIND as SETTINGS,
)
from holdfast.access.settings import (
    LocalMethod,
    allowed_methods,
    application_settings,
    is_allowed,
)
from holdfast.kernel.clock import isoformat, parse_isoformat
from holdfast.kernel.errors import ConflictError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource

KIND = "apiToken"
DAY = 86_400.0
_ID = re.compile(r"[A-Za-z0-9_-]{1,48}\Z")


class ApiToken(Body, frozen=True):
    """The body; `roles` and `expiry` are those of the 2022-07-31 API."""

    roles: tuple[Assignment, ...]
    expiry: str
    digest: str
    created_by: str = ""
    """The principal that made it; filled in."""

    @property
    def expires(self) -> float:
        """Unix seconds."""
        return parse_isoformat(self.expiry)


def read_token(stored: Resource) -> ApiToken:
    """The body of a stored token."""
    return read_body(stored.body, ApiToken)


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if _ID.match(draft.change.id) is None:
        raise AccessInvalidError(
            "An API token's id has 1 to 48 letters, digits, hyphens and underscores.", "/id"
        )
    asked = read_body(draft.body, ApiToken)
    if draft.before is not None:
        if asked != read_token(draft.before):
            raise ConflictError("An API token cannot be changed; make another one and delete this.")
        return draft.body
    if not asked.roles:
        raise AccessInvalidError("An API token needs a role.", "/roles")
    granted = check_assignments(reader, asked.roles)
    if draft.organization != home_of([grant.organization for grant in granted]):
        raise AccessInvalidError(
            "An API token lives at the lowest organization above all of its roles.", "/roles"
        )
    expires = check_expiry(asked.expiry, draft.now, application_settings(reader).tokens.maximum_days)
    return to_body(ApiToken(asked.roles, isoformat(expires), asked.digest, draft.principal.id))


def check_expiry(text: str, now: float, maximum_days: int) -> float:
    """The moment in Unix seconds. AccessInvalidError when it is none, past or too far ahead."""
    try:
        expires = parse_isoformat(text)
    except ValueError:
        raise AccessInvalidError(
            f"/expiry: {text!r} is no moment; write it as 2027-01-31T12:00:00Z.", "/expiry"
        ) from None
    if not now < expires <= now + maximum_days * DAY + 1:
        raise AccessInvalidError(
            f"/expiry must lie ahead, at most {maximum_days} days (a setting of access control).", "/expiry"
        )
    return expires


def _guard(draft: Draft, reader: Reader) -> None:
    if draft.change.action is Action.DELETE:
        return
    granted = check_assignments(reader, read_body(draft.body, ApiToken).roles)
    refuse_escalation(draft.principal, granted, "make an API token with this role")
    allowed = allowed_methods(everything(reader, SETTINGS))
    for grant in granted:
        if not is_allowed(allowed, LocalMethod.API_TOKENS, grant.organization):
            raise ConflictError(
                f"API tokens are switched off at {grant.organization}; use a service principal of the "
                "identity provider instead."
            )


API_TOKEN = Kind(
    name=KIND,
    read=Permission.API_TOKEN_READ,
    create=Permission.API_TOKEN_CREATE,
    update=Permission.API_TOKEN_CREATE,
    delete=Permission.API_TOKEN_DELETE,
    validate=_validate,
    guard=_guard,
    indexed={"expiry": IndexType.TEXT, "createdBy": IndexType.TEXT},
    secrets=frozenset({"digest"}),
    policy_type="Holdfast.Access/apiTokens",
    relocated=relocated,
)
