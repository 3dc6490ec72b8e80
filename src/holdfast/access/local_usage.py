"""What still uses a local method, before somebody switches it off."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from holdfast.access.directory import Snapshot
from holdfast.access.local.credentials import credential_of
from holdfast.access.people.assignments import Assignment
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user
from holdfast.access.reading import everything
from holdfast.access.settings import LocalMethod
from holdfast.access.tokens.kind import KIND as API_TOKEN
from holdfast.access.tokens.kind import read_token
from holdfast.access.traces import Traces
from holdfast.kernel.organizations import OrganizationPath, contains
from holdfast.resources.model import Reader
from holdfast.resources.query import Compare, Operator


class InUse(NamedTuple):
    """Something that would stop working."""

    kind: str
    id: str
    name: str
    organization: OrganizationPath
    last_used: float
    """Unix seconds; 0 when it was never used, or nobody knows."""


DeviceSource = Callable[[OrganizationPath], Iterable[InUse]]
"""Lists the devices with symmetric keys at or below a node; the devices package brings it."""


def in_use(
    reader: Reader,
    snapshot: Snapshot,
    traces: Traces,
    method: LocalMethod,
    node: OrganizationPath,
    now: float,
    devices: DeviceSource = lambda _node: (),
) -> list[InUse]:
    """What uses the method at or below `node`, most recently used first."""
    match method:
        case LocalMethod.API_TOKENS:
            found = list(_tokens(reader, snapshot, node, now))
            kind = API_TOKEN
        case LocalMethod.LOCAL_ACCOUNTS:
            found = list(_accounts(reader, snapshot, node))
            kind = USER
        case LocalMethod.DEVICE_SAS:
            return sorted(devices(node), key=lambda used: -used.last_used)
    uses = traces.last_use(kind, [used.id for used in found])
    dated = [used._replace(last_used=uses[used.id].time) if used.id in uses else used for used in found]
    return sorted(dated, key=lambda used: -used.last_used)


def _tokens(reader: Reader, snapshot: Snapshot, node: OrganizationPath, now: float) -> Iterator[InUse]:
    for token in everything(reader, API_TOKEN):
        body = read_token(token)
        if body.expires > now and _reaches(snapshot, body.roles, node):
            yield InUse(API_TOKEN, token.id, token.id, token.organization, 0.0)


def _accounts(reader: Reader, snapshot: Snapshot, node: OrganizationPath) -> Iterator[InUse]:
    for user in everything(reader, USER, Compare("type", Operator.EQUAL, "email")):
        body = read_user(user)
        concerned = contains(node, user.organization) or _reaches(snapshot, body.roles, node)
        if concerned and credential_of(reader, user).can_sign_in:
            yield InUse(USER, user.id, body.name, user.organization, 0.0)


def _reaches(snapshot: Snapshot, roles: Iterable[Assignment], node: OrganizationPath) -> bool:
    """Whether one of the assignments is at or below `node`."""
    places = (snapshot.nodes.get(role.organization) for role in roles)
    return any(place is not None and contains(node, place) for place in places)
