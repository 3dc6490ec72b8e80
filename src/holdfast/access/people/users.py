"""Users as resources: people, service principals and groups of the identity provider, with their roles.

A user lives at the lowest node above all of its roles, so whoever administers that node administers it. What
a user signs in with is a resource of its own (`local.credentials`): changing a role never touches a secret.
"""

import re
from typing import Literal

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.escalation import refuse_escalation
from holdfast.access.people.assignments import (
    Assignment,
    check_assignments,
    grants_of,
    home_of,
    relocated,
)
from holdfast.access.people.names import check_email, check_name
from holdfast.access.people.organizations import path_of
from holdfast.access.roles.builtin import ADMINISTRATOR
from holdfast.access.roles.custom import find_role
from holdfast.kernel.errors import ConflictError, NotFoundError
from holdfast.kernel.json import JsonObject, merge_patch
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant
from holdfast.resources.model import Action, Change, Draft, IndexType, Kind, Reader, Resource
from holdfast.resources.query import All, Compare, Operator, Query

KIND = "user"
_ID = re.compile(r"[A-Za-z0-9_-]{1,48}\Z")
_PROVIDER_ID = re.compile(r"[!-~]{1,255}\Z")
"""Tenant and object ids: GUIDs of Entra ID, `sub` values (OpenID Connect Core 2: at most 255 ASCII)."""


class User(Body, frozen=True):
    """The body. The first five members and `roles` are those of the 2022-07-31 API."""

    type: Literal["email", "servicePrincipal", "adGroup"]
    email: str = ""
    tenant_id: str = ""
    object_id: str = ""
    roles: tuple[Assignment, ...] = ()
    display_name: str = ""
    enabled: bool = True
    break_glass: bool = False
    """For emergencies: conditional access never applies. Every sign-in raises an alert."""
    administrator: bool = False
    """Whether this is an enabled person with the Administrator role; filled in."""

    @property
    def name(self) -> str:
        """What people read in the audit log."""
        return self.email or self.display_name or f"{self.tenant_id}/{self.object_id}"


def read_user(stored: Resource) -> User:
    """The body of a stored user."""
    return read_body(stored.body, User)


def user_change(
    reader: Reader,
    action: Action,
    user_id: str,
    body: JsonObject,
    *,
    organization: OrganizationPath | None = None,
    if_match: str | None = None,
) -> Change:
    """The change that makes, replaces or merges into a user, placed at its home.

    `organization` is where a user without roles shall live.
    """
    before = reader.get(KIND, user_id)
    if action is Action.MERGE:
        if before is None:
            raise NotFoundError(f"There is no user “{user_id}”.")
        merged = merge_patch(before.body, body)
        body = merged if isinstance(merged, dict) else {}
        action, if_match = Action.PUT, if_match or before.etag
    roles = read_body(body, User).roles
    nodes = [path_of(reader, assignment.organization) for assignment in roles]
    home = home_of(nodes) if nodes else organization
    return Change(action, KIND, user_id, body, organization=home, if_match=if_match)


def held_by(reader: Reader, user: User) -> tuple[Grant, ...]:
    """What the user's standing roles allow now."""

    def node_of(organization_id: str) -> OrganizationPath | None:
        try:
            return path_of(reader, organization_id)
        except AccessInvalidError:
            return None

    return grants_of(user.roles, lambda role_id: find_role(reader, role_id), node_of)


def refuse_taking_over(draft: Draft, reader: Reader, user: User, what: str) -> None:
    """EscalationError when the acting principal changes somebody who may do more than they do."""
    refuse_escalation(draft.principal, held_by(reader, user), what)


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return draft.body
    if _ID.match(draft.change.id) is None:
        raise AccessInvalidError("A user's id has 1 to 48 letters, digits, hyphens and underscores.", "/id")
    asked = read_body(draft.body, User)
    granted = check_assignments(reader, asked.roles)
    if granted and draft.organization != home_of([grant.organization for grant in granted]):
        raise AccessInvalidError("A user lives at the lowest organization above all of its roles.", "/roles")
    return to_body(_normalized(asked))


def _normalized(asked: User) -> User:
    email = tenant_id = object_id = ""
    if asked.type == "email":
        email = check_email(asked.email)
    else:
        tenant_id = _provider_id(asked.tenant_id, "/tenantId")
        object_id = _provider_id(asked.object_id, "/objectId")
    administers = any(a.role == ADMINISTRATOR.id for a in asked.roles)
    return User(
        type=asked.type,
        email=email,
        tenant_id=tenant_id,
        object_id=object_id,
        roles=asked.roles,
        display_name=check_name(asked.display_name, "/displayName") if asked.display_name else "",
        enabled=asked.enabled,
        break_glass=asked.break_glass,
        administrator=administers and asked.enabled and asked.type == "email",
    )


def _provider_id(text: str, field: str) -> str:
    if _PROVIDER_ID.match(text) is None:
        raise AccessInvalidError(f"{field} must be 1 to 255 visible ASCII characters.", field)
    return text


def _guard(draft: Draft, reader: Reader) -> None:
    before = None if draft.before is None else read_user(draft.before)
    if before is not None:
        refuse_taking_over(draft, reader, before, "change or remove this user")
    if draft.change.action is Action.DELETE:
        return
    after = read_body(draft.body, User)
    held = {(g.role, g.organization) for g in held_by(reader, before)} if before else set()
    added = [g for g in held_by(reader, after) if (g.role, g.organization) not in held]
    refuse_escalation(draft.principal, added, "give somebody this role")
    if after.break_glass != (before is not None and before.break_glass):
        refuse_escalation(
            draft.principal, [Grant(ROOT, ADMINISTRATOR.permissions)], "make somebody a break-glass account"
        )
    _refuse_double(draft.change.id, after, reader)


def _refuse_double(user_id: str, user: User, reader: Reader) -> None:
    same = {"email": user.email, "tenantId": user.tenant_id, "objectId": user.object_id, "type": user.type}
    conditions = [Compare(path, Operator.EQUAL, value) for path, value in same.items() if value]
    conditions.append(Compare("@id", Operator.NOT_EQUAL, user_id))
    found = reader.find(Query(KIND, (ROOT,), All(tuple(conditions)), limit=1)).items
    if found:
        raise ConflictError(f"“{user.name}” is the user “{found[0].id}” already.")


USER = Kind(
    name=KIND,
    read=Permission.USER_READ,
    create=Permission.USER_CREATE,
    update=Permission.USER_UPDATE,
    delete=Permission.USER_DELETE,
    validate=_validate,
    guard=_guard,
    indexed={
        "type": IndexType.TEXT,
        "email": IndexType.TEXT,
        "displayName": IndexType.TEXT,
        "tenantId": IndexType.TEXT,
        "objectId": IndexType.TEXT,
        "enabled": IndexType.BOOLEAN,
        "administrator": IndexType.BOOLEAN,
        "breakGlass": IndexType.BOOLEAN,
    },
    policy_type="Holdfast.Access/users",
    relocated=relocated,
)
