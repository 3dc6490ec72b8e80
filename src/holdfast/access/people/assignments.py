"""Role assignments: a role at a node of the organization tree, and the grants that they come to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from msgspec import Struct

from holdfast.access.errors import AccessInvalidError
from holdfast.access.people.organizations import KIND as ORGANIZATION
from holdfast.access.people.organizations import path_of
from holdfast.access.roles.builtin import Role
from holdfast.access.roles.custom import assigned_roles, find_role
from holdfast.kernel.organizations import ROOT, Move, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant
from holdfast.resources.model import Reader, Resource

MAXIMUM_ASSIGNMENTS = 1000
"""Of one principal."""

SHARED = frozenset({Permission.TEMPLATE_READ, Permission.ROLE_READ})
"""What belongs to the application and is read by everyone whose role, at whatever node, has it: no device
can be understood without its template."""


class Assignment(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A role at an organization; at the application when `organization` is empty."""

    role: str
    organization: str = ""


FindRole = Callable[[str], Role | None]
FindNode = Callable[[str], OrganizationPath | None]


def grants_of(assignments: Iterable[Assignment], role_of: FindRole, node_of: FindNode) -> tuple[Grant, ...]:
    """What the assignments allow. One whose role or organization is gone allows nothing."""
    grants: list[Grant] = []
    for assignment in assignments:
        role, node = role_of(assignment.role), node_of(assignment.organization)
        if role is None or node is None or not role.scope.admits(node):
            continue
        grants.append(Grant(node, role.permissions_at(node), role.id))
        if node != ROOT and (shared := role.permissions & SHARED):
            grants.append(Grant(ROOT, shared, role.id))
    return tuple(grants)


def check_assignments(
    reader: Reader, assignments: Sequence[Assignment], field: str = "/roles"
) -> list[Grant]:
    """The grants of the assignments, one each. AccessInvalidError for one that cannot be made."""
    if len(assignments) > MAXIMUM_ASSIGNMENTS:
        raise AccessInvalidError(f"{field}: at most {MAXIMUM_ASSIGNMENTS} assignments.", field)
    if len(set(assignments)) != len(assignments):
        raise AccessInvalidError(f"{field} names the same role at the same organization twice.", field)
    return [_checked(reader, assignment, f"{field}/{index}") for index, assignment in enumerate(assignments)]


def _checked(reader: Reader, assignment: Assignment, field: str) -> Grant:
    role = find_role(reader, assignment.role)
    if role is None:
        raise AccessInvalidError(f"{field}: there is no role “{assignment.role}”.", f"{field}/role")
    node = path_of(reader, assignment.organization)
    if not role.scope.admits(node):
        where = "the application, without an organization" if node != ROOT else "an organization"
        raise AccessInvalidError(f"{field}: the role “{role.name}” is assigned at {where}.", field)
    return Grant(node, role.permissions_at(node), role.id)


def relocated(holder: Resource, _move: Move, reader: Reader) -> Resource:
    """A user or an API token after an organization moved: it lives above all of its roles again."""
    named = (str(assignment.get("organization") or "") for assignment in assigned_roles(holder.body))
    nodes = [reader.get(ORGANIZATION, identity) if identity else None for identity in named]
    if not nodes or None in nodes:  # without roles it stays, and with one at the application it is there
        return holder
    return replace(holder, organization=home_of([node.organization for node in nodes if node is not None]))


def home_of(nodes: Sequence[OrganizationPath]) -> OrganizationPath:
    """Where a principal with roles at `nodes` lives: the lowest node that is above all of them."""
    segments = [node.strip("/").split("/") if node != ROOT else [] for node in nodes]
    common: list[str] = []
    for level in zip(*segments, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return OrganizationPath("/" + "".join(f"{segment}/" for segment in common))
