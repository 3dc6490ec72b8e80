"""Access control put together: what turns a request into a principal, and the services behind the pages."""

from dataclasses import dataclass, field
from typing import Any

from holdfast.access.people.assignments import Assignment, grants_of
from holdfast.access.people.organizations import path_of
from holdfast.access.ports import Ports
from holdfast.access.roles.builtin import ADMINISTRATOR
from holdfast.access.roles.custom import find_role
from holdfast.access.tokens.kind import read_token
from holdfast.access.tokens.service import ApiTokens
from holdfast.kernel.errors import UnauthenticatedError
from holdfast.kernel.principal import ANONYMOUS, SYSTEM, Principal, PrincipalKind
from holdfast.resources.port import ChangePath
from holdfast.runtime.instance import Instance

FIRST_TOKEN = "first-administrator"  # noqa: S105 - the token's id, not its text


@dataclass(frozen=True)
class Access:
    """The composed services."""

    tokens: ApiTokens
    ports: Ports
    extensions: dict[type[Any], Any] = field(default_factory=dict)  # services by their own class

    def authenticate(self, *, authorization: str, cookie: str, address: str, user_agent: str) -> Principal:
        """See `api.services.Authenticate`."""
        if not authorization:
            return ANONYMOUS
        token = self.tokens.find(authorization)
        if token is None:
            raise UnauthenticatedError("The API token is unknown or has expired.")
        store = self.ports.store
        grants = grants_of(
            read_token(token).roles, lambda id: find_role(store, id), lambda id: path_of(store, id)
        )
        return Principal(token.id, PrincipalKind.API_TOKEN, token.id, grants, address)


def open_access(instance: Instance, changes: ChangePath, application: str) -> Access:
    """The services of access control over an instance; `application` is the `sr` of its API tokens."""
    ports = Ports(changes, instance.store, instance.ring, instance.clock, instance.randomness)
    return Access(ApiTokens(ports, application), ports)


def first_token(access: Access) -> str:
    """Make the administrator's API token of a new instance; its text is shown once and kept nowhere."""
    _stored, text = access.tokens.issue(SYSTEM, FIRST_TOKEN, [Assignment(ADMINISTRATOR.id)])
    return text
