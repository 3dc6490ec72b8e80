"""From who somebody is to what they may do: principals with their grants, and until when these hold."""

from collections.abc import Iterable
from dataclasses import dataclass

from holdfast.access.directory import Snapshot
from holdfast.access.elevation.held import held_elevations
from holdfast.access.people.assignments import Assignment
from holdfast.access.people.users import read_user
from holdfast.access.roles.bundles import EVERYONE
from holdfast.access.settings import LocalMethod
from holdfast.access.support.requests import ON_BEHALF, held_support
from holdfast.access.tokens.kind import read_token
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.resources.model import Reader, Resource

FOREVER = float("inf")
SELF = Grant(ROOT, EVERYONE, "everyone")


@dataclass(frozen=True, slots=True)
class Rights:
    """A principal with what conditional access looks at, good until `until`."""

    principal: Principal
    memberships: frozenset[str]
    """Ids of groups, and `role:<id>` for each role held."""
    until: float
    """Unix seconds: when a part of the grants ends by itself."""
    break_glass: bool = False


def rights_of_user(
    reader: Reader,
    snapshot: Snapshot,
    user: Resource,
    now: float,
    *,
    groups: Iterable[str] = (),
    local: bool = False,
) -> Rights:
    """What a person or a service principal may do now.

    `groups` are the ids of group users that the provider vouched for; `local` says that it signed in by a
    local method, which gives access only where these are allowed.
    """
    body = read_user(user)
    known = [group for group in groups if group in snapshot.groups]
    assignments = list(body.roles)
    for group in known:
        assignments += snapshot.groups[group].roles
    elevations = held_elevations(reader, user, now)
    support = held_support(reader, user, now)
    assignments += [held.elevation.assignment for held in elevations]
    assignments += [request.assignment for _, request in support]
    if local:
        assignments = _where_allowed(snapshot, LocalMethod.LOCAL_ACCOUNTS, assignments)
    grants = snapshot.grants_of(dict.fromkeys(assignments))
    kind = PrincipalKind.SERVICE_PRINCIPAL if body.type == "servicePrincipal" else PrincipalKind.USER
    own = (SELF,) if kind is PrincipalKind.USER else ()
    principal = Principal(
        id=user.id,
        kind=kind,
        name=body.name,
        grants=(*grants, *own),
        on_behalf_of=ON_BEHALF + support[0][0] if support else "",
    )
    ends = [held.ends for held in elevations] + [request.ends for _, request in support]
    return Rights(principal, _memberships(grants, known), min(ends, default=FOREVER), body.break_glass)


def rights_of_token(snapshot: Snapshot, token: Resource) -> Rights:
    """What an API token may do now."""
    body = read_token(token)
    grants = snapshot.grants_of(_where_allowed(snapshot, LocalMethod.API_TOKENS, body.roles))
    principal = Principal(id=token.id, kind=PrincipalKind.API_TOKEN, name=token.id, grants=grants)
    return Rights(principal, _memberships(grants, ()), body.expires)


def _where_allowed(
    snapshot: Snapshot, method: LocalMethod, assignments: Iterable[Assignment]
) -> list[Assignment]:
    return [
        assignment
        for assignment in assignments
        if snapshot.allows(method, snapshot.nodes.get(assignment.organization, ROOT))
    ]


def _memberships(grants: Iterable[Grant], groups: Iterable[str]) -> frozenset[str]:
    return frozenset({f"role:{grant.role}" for grant in grants} | set(groups))
