"""The kind `deviceGroup`: a query that is kept, and the devices that it finds now."""

import re
from collections.abc import Iterator

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.reading import pages
from holdfast.devices.device import DEVICE
from holdfast.devices.organizations import find_organization
from holdfast.devices.query.fields import GroupFields, PropertyPaths
from holdfast.devices.query.group_query import parse_group_query, templates_named
from holdfast.devices.templates.capabilities import CapabilityKind
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.devices.templates.template import Template
from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath, contains
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource
from holdfast.resources.query import Condition, Query

DEVICE_GROUP = "deviceGroup"

MAXIMUM_GROUPS = 500
"""As in the hosted service."""
_ID = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_PAGE = 500


class DeviceGroup(Body, frozen=True):
    """The body."""

    display_name: str
    filter: str
    description: str = ""


def condition_of(reader: Reader, query: str) -> Condition:
    """What the query of a group means, with the templates as they are now. FilterError."""
    fields = GroupFields(
        organizations=lambda name: find_organization(reader, name),
        properties=_property_paths(reader, templates_named(query)),
    )
    return parse_group_query(query, fields)


def _property_paths(reader: Reader, named: frozenset[str]) -> PropertyPaths:
    """Looks properties up in the templates that the query names, or else in all; only when asked."""
    known: dict[str, tuple[str, ...]] = {}

    def paths(name: str) -> tuple[str, ...]:
        if not known:
            for template in _templates(reader, named):
                for path, place in _searchable(template):
                    known[path] = tuple(dict.fromkeys((*known.get(path, ()), place)))
        return known.get(name, ())

    return paths


def _templates(reader: Reader, named: frozenset[str]) -> Iterator[Template]:
    if not named:
        yield from TEMPLATES.all(reader)
    for identifier in sorted(named):
        template = TEMPLATES.get(reader, identifier)
        if template is not None:
            yield template


def _searchable(template: Template) -> Iterator[tuple[str, str]]:
    for capability in template.capabilities.values():
        if capability.kind is CapabilityKind.CLOUD_PROPERTY:
            yield capability.path, f"cloud.{capability.path}"
        elif capability.kind is CapabilityKind.PROPERTY:
            yield capability.path, f"reported.{capability.path}"


def members_query(
    reader: Reader, group: Resource, reach: tuple[OrganizationPath, ...], limit: int = _PAGE
) -> Query:
    """The query for the devices of a group that somebody with `reach` may see."""
    visible = tuple(
        node if contains(group.organization, node) else group.organization
        for node in reach
        if contains(group.organization, node) or contains(node, group.organization)
    )
    where = condition_of(reader, str(group.body["filter"]))
    return Query(DEVICE, visible, where, limit=limit)


def members(reader: Reader, group: Resource, reach: tuple[OrganizationPath, ...]) -> Iterator[Resource]:
    """The devices of a group that somebody with `reach` may see, by id."""
    return pages(reader, members_query(reader, group, reach))


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if _ID.fullmatch(draft.change.id) is None:
        raise InvalidError("A device group's id has 1 to 255 letters, digits, - and _.", "/id")
    group = read_body(draft.body, DeviceGroup)
    if not 1 <= len(group.display_name) <= 255:
        raise InvalidError("/displayName has 1 to 255 characters.", "/displayName")
    if len(group.description) > 1024:
        raise InvalidError("/description has at most 1024 characters.", "/description")
    try:
        condition_of(reader, group.filter)
    except InvalidError as error:
        raise InvalidError(f"The filter cannot be used: {error}", "/filter") from None
    if draft.before is None and reader.count(DEVICE_GROUP, (ROOT,)) >= MAXIMUM_GROUPS:
        raise ConflictError(f"There are {MAXIMUM_GROUPS} device groups; delete one that is not used.")
    return to_body(group)


DEVICE_GROUP_KIND = Kind(
    name=DEVICE_GROUP,
    read=Permission.DEVICE_GROUP_READ,
    create=Permission.DEVICE_GROUP_CREATE,
    update=Permission.DEVICE_GROUP_UPDATE,
    delete=Permission.DEVICE_GROUP_DELETE,
    validate=_validate,
    indexed={"displayName": IndexType.TEXT},
    policy_type="Holdfast.Devices/deviceGroups",
)
