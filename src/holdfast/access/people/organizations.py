"""The organization tree as resources: each organization lives at its own path, so reach covers it too."""

import re
from collections import Counter
from collections.abc import Iterator

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.escalation import refuse_escalation
from holdfast.access.people.names import check_name, skeleton
from holdfast.access.reading import pages
from holdfast.access.roles.custom import HOLDERS, assigned_roles, find_role
from holdfast.access.settings import application_settings
from holdfast.kernel import organizations
from holdfast.kernel.errors import ConflictError, ForbiddenError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, Move, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant
from holdfast.resources.model import Action, Change, Draft, Event, IndexType, Kind, Reader
from holdfast.resources.query import All, Compare, In, Operator, Query

KIND = "organization"
MOVED = f"{KIND}.moved"
"""The event of an organization that got another place; `from` and `to` in its data are paths."""
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
    """The change that makes, renames or moves an organization, placed where its parent says."""
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
    if draft.organization != place:
        raise AccessInvalidError(
            f"This organization lives at {place}, not at {draft.organization}.", "/parent"
        )
    if _is_move(draft) and organizations.contains(_before(draft), place):
        raise AccessInvalidError("An organization cannot be put below itself.", "/parent")
    return to_body(Organization(name, asked.parent, skeleton(name)))


def _before(draft: Draft) -> OrganizationPath:
    """Where the organization was; where it shall be, for a new one."""
    return draft.organization if draft.before is None else draft.before.organization


def _is_move(draft: Draft) -> bool:
    return _before(draft) != draft.organization


def _guard(draft: Draft, reader: Reader) -> None:
    removing = draft.change.action is Action.DELETE
    if removing or draft.before is None or _is_move(draft):
        _refuse_from_below(draft)
    if removing:
        _refuse_unless_empty(draft, reader)
        return
    if draft.before is None:
        _refuse_beyond_limits(draft, reader)
    elif _is_move(draft):
        _refuse_too_deep(_depth_after(draft, reader), reader)
        _refuse_handing_out(draft, reader)
    _refuse_look_alike(draft, reader)


def _refuse_from_below(draft: Draft) -> None:
    for place in sorted({organizations.above(_before(draft)), organizations.above(draft.organization)}):
        if not draft.principal.allows(_MANAGE, place):
            raise ForbiddenError(
                f"An organization is made, moved and removed from above: this takes {_MANAGE} at {place}."
            )


def _depth_after(draft: Draft, reader: Reader) -> int:
    """The level of the lowest organization that moves along."""
    moving = pages(reader, Query(KIND, (_before(draft),), limit=1000))
    below = max(node.organization.count("/") for node in moving) - _before(draft).count("/")
    return _depth(draft.organization) + below


def _refuse_handing_out(draft: Draft, reader: Reader) -> None:
    """Whoever has a role above the new place gets it for what moves there: the mover hands it out."""
    for kind, holder, assignment in _held_above(draft.organization, reader):
        place = path_of(reader, str(assignment.get("organization") or ""))
        role = find_role(reader, str(assignment.get("role")))
        gains = organizations.contains(place, draft.organization) and not organizations.contains(
            place, _before(draft)
        )
        if role is not None and gains:
            grant = Grant(_before(draft), role.permissions, role.id)
            refuse_escalation(draft.principal, [grant], f"move an organization below the {kind} “{holder}”")


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
    name = organizations.name(node)
    holders = {
        (kind, holder)
        for kind, holder, assignment in _held_above(node, reader)
        if assignment.get("organization") == name
    }
    return dict(Counter(f"{kind} with a role there" for kind, _ in holders))


def _held_above(node: OrganizationPath, reader: Reader) -> Iterator[tuple[str, str, JsonObject]]:
    """The role assignments of those who live above `node`: the holder's kind and id, and the assignment."""
    ancestors = tuple(node[: index + 1] for index, sign in enumerate(node[:-1]) if sign == "/")
    for kind in HOLDERS:
        for holder in pages(reader, Query(kind, (ROOT,), In("@organization", ancestors), limit=1000)):
            for assignment in assigned_roles(holder.body):
                yield kind, holder.id, assignment


def _refuse_beyond_limits(draft: Draft, reader: Reader) -> None:
    _refuse_too_deep(_depth(draft.organization), reader)
    limits = application_settings(reader).organizations
    if reader.count(KIND, (ROOT,)) >= limits.maximum_count:
        raise ConflictError(f"There are {limits.maximum_count} organizations, as many as the settings allow.")


def _depth(place: OrganizationPath) -> int:
    return place.count("/") - 1


def _refuse_too_deep(depth: int, reader: Reader) -> None:
    allowed = application_settings(reader).organizations.maximum_depth
    if depth > allowed:
        raise ConflictError(f"This would be level {depth} of the tree; the settings allow {allowed}.")


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


def move_in(event: Event) -> Move | None:
    """The move that an event tells; None for any other event."""
    if event.name != MOVED:
        return None
    return Move(OrganizationPath(str(event.data["from"])), OrganizationPath(str(event.data["to"])))


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
    is_node=True,
)
