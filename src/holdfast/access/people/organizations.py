"""The organization tree as resources: each organization lives at its own path, so reach covers it too."""

import re

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.people.names import check_name, skeleton
from holdfast.access.reading import pages
from holdfast.access.roles.custom import HOLDERS, assigned_roles
from holdfast.access.settings import application_settings
from holdfast.kernel import organizations
from holdfast.kernel.errors import ConflictError, ForbiddenError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Draft, IndexType, Kind, Reader
from holdfast.resources.query import All, Compare, In, Operator, Query

KIND = "organization"
_ID = re.compile(r"(?!-)[a-z0-9-]{0,47}[a-z0-9]\Z")
"""IoT Central's pattern, with ids of one character too."""


_MANAGE = Permission.ORGANIZATION_MANAGE


class Organization(Body, frozen=True):
    """The body: `parent` is the id of the organization above, empty directly below the application."""

    display_name: str
    parent: str = ""
    skeleton: str = ""
    """What the name looks like; filled in."""


def path_of(reader: Reader, organization_id: str) -> OrganizationPath:
    """Where an organization lies; the root for an empty id. AccessInvalidError when there is none."""
    if not organization_id:
        return ROOT
    stored = reader.get(KIND, organization_id)
    if stored is None:
        raise AccessInvalidError(f"There is no organization “{organization_id}”.", "/organization")
    return stored.organization


def put_organization(reader: Reader, organization_id: str, body: JsonObject, if_match: str | None) -> Change:
    """The change that makes or renames an organization, placed where its parent says."""
    parent = path_of(reader, read_body(body, Organization).parent)
    return Change(
        Action.PUT,
        KIND,
        organization_id,
        body,
        organization=organizations.child(parent, organization_id),
        if_match=if_match,
    )


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return draft.body
    if len(draft.change.id) > 48 or _ID.match(draft.change.id) is None:
        raise AccessInvalidError(
            "An organization's id has up to 48 lower-case letters, digits and hyphens, and neither begins "
            "nor ends with a hyphen.",
            "/id",
        )
    asked = read_body(draft.body, Organization)
    name = check_name(asked.display_name, "/displayName")
    place = organizations.child(path_of(reader, asked.parent), draft.change.id)
    if draft.before is not None and draft.before.organization != place:
        raise ConflictError(
            "An organization stays where it was made; make a new one there and move its devices and people."
        )
    if draft.organization != place:
        raise AccessInvalidError(
            f"This organization lives at {place}, not at {draft.organization}.", "/parent"
        )
    return to_body(Organization(name, asked.parent, skeleton(name)))


def _guard(draft: Draft, reader: Reader) -> None:
    above = OrganizationPath(draft.organization.removesuffix(f"{draft.change.id}/"))
    removing = draft.change.action is Action.DELETE
    if (removing or draft.before is None) and not draft.principal.allows(_MANAGE, above):
        raise ForbiddenError(
            f"An organization is made and removed from above: this takes {_MANAGE} at {above}."
        )
    if removing:
        _refuse_unless_empty(draft, reader)
        return
    if draft.before is None:
        _refuse_beyond_limits(draft, reader)
    _refuse_look_alike(draft, reader)


def _refuse_unless_empty(draft: Draft, reader: Reader) -> None:
    census = {kind: n for kind, n in reader.census(draft.organization).items() if kind != KIND}
    below = reader.count(KIND, (draft.organization,)) - 1
    if below:
        census["organization"] = below
    census.update(_assigned_from_above(draft.organization, reader))
    if census:
        holds = ", ".join(f"{number} of kind {kind}" for kind, number in sorted(census.items()))
        raise ConflictError(
            f"The organization “{draft.change.id}” is not empty: it holds {holds}. Move or delete them."
        )


def _assigned_from_above(node: OrganizationPath, reader: Reader) -> dict[str, int]:
    """Who holds a role at `node` but lives above it, since they hold roles beside it too.

    Left behind, the role would come to life again with the next organization of the same id.
    """
    ancestors = tuple(node[: index + 1] for index, sign in enumerate(node[:-1]) if sign == "/")
    name = organizations.name(node)
    found: dict[str, int] = {}
    for kind in HOLDERS:
        query = Query(kind, (ROOT,), In("@organization", ancestors), limit=1000)
        for holder in pages(reader, query):
            if any(assignment.get("organization") == name for assignment in assigned_roles(holder.body)):
                found[f"{kind} with a role there"] = found.get(f"{kind} with a role there", 0) + 1
    return found


def _refuse_beyond_limits(draft: Draft, reader: Reader) -> None:
    limits = application_settings(reader).organizations
    depth = draft.organization.count("/") - 1
    if depth > limits.maximum_depth:
        raise ConflictError(
            f"This would be level {depth} of the tree; the settings allow {limits.maximum_depth}."
        )
    if reader.count(KIND, (ROOT,)) >= limits.maximum_count:
        raise ConflictError(f"There are {limits.maximum_count} organizations, as many as the settings allow.")


def _refuse_look_alike(draft: Draft, reader: Reader) -> None:
    alike = All(
        (
            Compare("skeleton", Operator.EQUAL, str(draft.body["skeleton"])),
            Compare("parent", Operator.EQUAL, str(draft.body["parent"])),
            Compare("@id", Operator.NOT_EQUAL, draft.change.id),
        )
    )
    found = reader.find(Query(KIND, (ROOT,), alike, limit=1)).items
    if found:
        raise ConflictError(
            f"The organization “{found[0].id}” beside it is called “{found[0].body['displayName']}”, which "
            "looks the same; choose another name."
        )


ORGANIZATION = Kind(
    name=KIND,
    read=Permission.ORGANIZATION_READ,
    create=_MANAGE,
    update=_MANAGE,
    delete=_MANAGE,
    validate=_validate,
    guard=_guard,
    indexed={"displayName": IndexType.TEXT, "parent": IndexType.TEXT, "skeleton": IndexType.TEXT},
    policy_type="Holdfast.Access/organizations",
)
