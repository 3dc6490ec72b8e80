"""Why somebody may do something, or may not: every source of access, and what it gives where."""

from collections.abc import Iterator
from typing import NamedTuple

from holdfast.access.directory import Snapshot
from holdfast.access.elevation.held import held_elevations
from holdfast.access.people.assignments import SHARED, Assignment
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user
from holdfast.access.principals import SELF
from holdfast.access.reading import everything
from holdfast.access.sessions.kind import KIND as SESSION
from holdfast.access.sessions.kind import read_session
from holdfast.access.support.requests import held_support
from holdfast.access.tokens.kind import KIND as API_TOKEN
from holdfast.access.tokens.kind import read_token
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.organizations import ROOT, OrganizationPath, contains
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Reader, Resource
from holdfast.resources.query import Compare, Operator


class Source(NamedTuple):
    """Where an assignment comes from."""

    assignment: Assignment
    via: str
    """In words: `assigned to the user`, `through the group “team”`."""
    until: float = 0.0
    """Unix seconds; 0 when it does not end by itself."""


class Reason(NamedTuple):
    """One source that gives a permission."""

    role: str
    organization: OrganizationPath
    via: str
    until: float = 0.0


class Explanation(NamedTuple):
    """The answer to "why may X do Y on Z"."""

    allowed: bool
    reasons: tuple[Reason, ...]
    """Each of them alone would be enough."""
    elsewhere: tuple[Reason, ...]
    """What gives the permission, but in another part of the tree."""
    sentence: str


def why(
    reader: Reader,
    snapshot: Snapshot,
    principal_id: str,
    permission: Permission,
    node: OrganizationPath,
    now: float,
) -> Explanation:
    """Why a user or an API token may do this at `node`. NotFoundError for nobody."""
    name, sources = sources_of(reader, snapshot, principal_id, now)
    reasons: list[Reason] = []
    elsewhere: list[Reason] = []
    for source in sources:
        role = snapshot.roles.get(source.assignment.role)
        place = snapshot.nodes.get(source.assignment.organization)
        if role is None or place is None or permission not in role.permissions_at(place):
            continue
        holds = contains(place, node) or permission in SHARED
        reason = Reason(role.name, place, source.via, source.until)
        (reasons if holds else elsewhere).append(reason)
    if permission in SELF.permissions:
        reasons.append(Reason("everyone", ROOT, "everybody who is signed in may do this for themselves"))
    sentence = _sentence(name, permission, node, reasons, elsewhere)
    return Explanation(bool(reasons), tuple(reasons), tuple(elsewhere), sentence)


def effective(
    reader: Reader, snapshot: Snapshot, principal_id: str, now: float
) -> dict[OrganizationPath, list[Permission]]:
    """Everything a user or an API token may do, by the nodes at which it holds."""
    _, sources = sources_of(reader, snapshot, principal_id, now)
    found: dict[OrganizationPath, set[Permission]] = {}
    for grant in snapshot.grants_of(source.assignment for source in sources):
        found.setdefault(grant.organization, set()).update(grant.permissions)
    return {node: sorted(permissions) for node, permissions in sorted(found.items())}


def sources_of(reader: Reader, snapshot: Snapshot, principal_id: str, now: float) -> tuple[str, list[Source]]:
    """The principal's name, and where all of its access comes from. NotFoundError for nobody."""
    user = reader.get(USER, principal_id)
    if user is not None:
        return read_user(user).name, list(_sources_of_user(reader, snapshot, user, now))
    token = reader.get(API_TOKEN, principal_id)
    if token is None:
        raise NotFoundError(f"There is neither a user nor an API token “{principal_id}”.")
    body = read_token(token)
    sources = [Source(role, "assigned to the API token", body.expires) for role in body.roles]
    return token.id, sources if body.expires > now else []


def _sources_of_user(reader: Reader, snapshot: Snapshot, user: Resource, now: float) -> Iterator[Source]:
    if not read_user(user).enabled:
        return
    for assignment in read_user(user).roles:
        yield Source(assignment, "assigned to the user")
    for group in sorted(_groups_of(reader, user, now) & set(snapshot.groups)):
        for assignment in snapshot.groups[group].roles:
            yield Source(assignment, f"through the group “{snapshot.groups[group].name}”")
    for held in held_elevations(reader, user, now):
        via = f"elevated for: {held.elevation.reason}"
        yield Source(held.elevation.assignment, via, held.ends)
    for _, request in held_support(reader, user, now):
        yield Source(request.assignment, f"support access for: {request.reason}", request.ends)


def _groups_of(reader: Reader, user: Resource, now: float) -> set[str]:
    """The groups that the provider vouched for at the sign-ins that are still good."""
    own = everything(reader, SESSION, Compare("user", Operator.EQUAL, user.id))
    sessions = [read_session(stored) for stored in own]
    return {
        group
        for session in sessions
        if session.expires > now and session.user_since == user.created
        for group in session.groups
    }


def _sentence(
    name: str,
    permission: Permission,
    node: OrganizationPath,
    reasons: list[Reason],
    elsewhere: list[Reason],
) -> str:
    if reasons:
        ways = "; ".join(f"{r.role} at {r.organization}, {r.via}{_until(r)}" for r in reasons)
        return f"{name} may {permission} at {node}: {ways}."
    if elsewhere:
        places = ", ".join(sorted({reason.organization for reason in elsewhere}))
        return f"{name} may not {permission} at {node}: it is held at {places}, which is not above {node}."
    return f"{name} may not {permission} at {node}: no role that is held allows it."


def _until(reason: Reason) -> str:
    return f", until {isoformat(reason.until)}" if reason.until else ""
