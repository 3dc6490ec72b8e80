"""The first start: an administrator who has a sign-in link and an API token, and nobody has a password."""

from typing import NamedTuple

from holdfast.access.bodies import to_body
from holdfast.access.local.links import Links
from holdfast.access.people.assignments import Assignment
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import User
from holdfast.access.ports import Ports
from holdfast.access.roles.builtin import ADMINISTRATOR
from holdfast.access.tokens.service import ApiTokens
from holdfast.kernel.clock import isoformat
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action, Change

ADMINISTRATOR_ID = "administrator"
TOKEN_ID = "first-start"  # noqa: S105 - the token's id
TOKEN_DAYS = 30.0
"""Long enough to set up an identity provider or service principals."""


class FirstStart(NamedTuple):
    """What is shown once and kept nowhere."""

    link: str
    """The secret part of the sign-in link, good once and for an hour."""
    token: str
    """The administrator's API token, good for thirty days."""


def first_start(ports: Ports, tokens: ApiTokens, email: str = "administrator@localhost") -> FirstStart | None:
    """Make the first administrator; None when there are users already. Blocking."""
    if ports.store.count(USER, (ROOT,)):
        return None
    role = Assignment(ADMINISTRATOR.id)
    body = to_body(User(type="email", email=email, display_name="Administrator", roles=(role,)))
    ports.changes.apply(SYSTEM, Change(Action.CREATE, USER, ADMINISTRATOR_ID, body))
    expiry = isoformat(ports.clock.now() + TOKEN_DAYS * 86_400)
    _, token = tokens.issue(SYSTEM, TOKEN_ID, [role], expiry)
    return FirstStart(Links(ports).make(SYSTEM, ADMINISTRATOR_ID), token)
