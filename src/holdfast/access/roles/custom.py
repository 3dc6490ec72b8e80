"""Custom roles as resources, and the look-up of a role whoever made it."""

import re
from collections.abc import Iterator

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.escalation import refuse_escalation
from holdfast.access.people.names import check_name, skeleton
from holdfast.access.reading import everything
from holdfast.access.roles.builtin import BUILT_IN, Role, Scope
from holdfast.access.roles.bundles import WHOLE, complete
from holdfast.kernel.errors import ConflictError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource

KIND = "role"
_ID = re.compile(r"[A-Za-z0-9_-]{1,48}\Z")


class CustomRole(Body, frozen=True):
    """The body."""

    display_name: str
    description: str = ""
    scope: Scope = Scope.APPLICATION
    permissions: tuple[Permission, ...] = ()


def to_role(stored: Resource) -> Role:
    """A stored role as the built-in ones are."""
    body = read_body(stored.body, CustomRole)
    return Role(stored.id, body.display_name, body.description, body.scope, frozenset(body.permissions))


def find_role(reader: Reader, role_id: str) -> Role | None:
    """The role, built-in or custom."""
    built_in = BUILT_IN.get(role_id)
    if built_in is not None:
        return built_in
    stored = reader.get(KIND, role_id)
    return None if stored is None else to_role(stored)


def all_roles(reader: Reader) -> Iterator[Role]:
    """The built-in roles, then the custom ones by id."""
    yield from BUILT_IN.values()
    yield from map(to_role, everything(reader, KIND))


def assigned_roles(body: JsonObject) -> Iterator[JsonObject]:
    """The role assignments in the body of a user, an API token or an eligible assignment."""
    roles: JsonValue = body.get("roles", [body])
    for assignment in roles if isinstance(roles, list) else ():
        if isinstance(assignment, dict):
            yield assignment


HOLDERS = ("user", "apiToken", "eligibleAssignment")
"""The kinds whose bodies assign roles."""


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.id in BUILT_IN:
        raise ConflictError(f"“{BUILT_IN[draft.change.id].name}” is built in; make a role of your own.")
    if draft.change.action is Action.DELETE:
        return draft.body
    if _ID.match(draft.change.id) is None:
        raise AccessInvalidError("A role's id has 1 to 48 letters, digits, hyphens and underscores.", "/id")
    if draft.organization != ROOT:
        raise AccessInvalidError("Roles belong to the application; assignments say where they hold.")
    asked = read_body(draft.body, CustomRole)
    permissions = complete(asked.permissions)
    if asked.scope is Scope.ORGANIZATION:
        permissions -= WHOLE
    if not permissions:
        raise AccessInvalidError("A role without permissions allows nothing; name some.", "/permissions")
    before = None if draft.before is None else to_role(draft.before)
    if before is not None and before.scope is not asked.scope:
        raise ConflictError("A role's scope is fixed when it is made; make another role.")
    added = permissions - (before.permissions if before else frozenset())
    refuse_escalation(draft.principal, [Grant(ROOT, added)], "add permissions to a role")
    return to_body(
        CustomRole(
            check_name(asked.display_name, "/displayName"),
            asked.description,
            asked.scope,
            tuple(sorted(permissions)),
        )
    )


def _guard(draft: Draft, reader: Reader) -> None:
    if draft.change.action is Action.DELETE:
        _refuse_in_use(draft.change.id, reader)
        return
    wanted = skeleton(str(draft.body["displayName"]))
    for role in all_roles(reader):
        if role.id != draft.change.id and skeleton(role.name) == wanted:
            raise ConflictError(f"There is a role “{role.name}” already, which looks the same.")


def _refuse_in_use(role_id: str, reader: Reader) -> None:
    for kind in HOLDERS:
        for holder in everything(reader, kind):
            if any(assignment.get("role") == role_id for assignment in assigned_roles(holder.body)):
                raise ConflictError(
                    f"The role “{role_id}” is in use by the {kind} “{holder.id}”; take it away first."
                )


ROLE = Kind(
    name=KIND,
    read=Permission.ROLE_READ,
    create=Permission.ROLE_MANAGE,
    update=Permission.ROLE_MANAGE,
    delete=Permission.ROLE_MANAGE,
    validate=_validate,
    guard=_guard,
    indexed={"displayName": IndexType.TEXT},
    policy_type="Holdfast.Access/roles",
)
