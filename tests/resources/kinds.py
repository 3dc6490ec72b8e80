"""A small kind that uses everything the store offers, and principals with few rights."""

from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader
from holdfast.resources.query import Compare, Operator


def normalize(draft: Draft, reader: Reader) -> JsonObject:
    """Fill in a default, refuse nonsense, and refuse a parent that is not there."""
    body = {"state": "new", **draft.body}
    if not isinstance(body.get("name", ""), str):
        raise InvalidError("The name is text.", "name")
    parent = body.get("parent")
    if isinstance(parent, str) and reader.get("thing", parent) is None:
        raise ConflictError(f"There is no thing “{parent}”.")
    return body


def unique_serial(draft: Draft, reader: Reader) -> None:
    """No two things have the same serial number."""
    serial = draft.body.get("serial")
    if draft.change.action is Action.DELETE or not isinstance(serial, float):
        return
    if reader.count("thing", (ROOT,), Compare("serial", Operator.EQUAL, serial)):
        raise ConflictError("The serial number is taken.")


THING = Kind(
    "thing",
    read=Permission.DEVICE_READ,
    create=Permission.DEVICE_CREATE,
    update=Permission.DEVICE_UPDATE,
    delete=Permission.DEVICE_DELETE,
    validate=normalize,
    guard=unique_serial,
    indexed={
        "name": IndexType.TEXT,
        "size": IndexType.NUMBER,
        "on": IndexType.BOOLEAN,
        "place.city": IndexType.TEXT,
        "serial": IndexType.NUMBER,
    },
    secrets=frozenset({"keys.*", "links.*.password"}),
    policy_type="Holdfast.Tests/things",
)
FIXED = Kind("fixed", *(Permission.SETTINGS_MANAGE,) * 4, deletable=False)
KINDS = (THING, FIXED)

NORTH = OrganizationPath("/north/")
SOUTH = OrganizationPath("/south/")


def principal(
    organization: OrganizationPath, *permissions: Permission, address: str = "192.0.2.1"
) -> Principal:
    """A person with permissions at one organization."""
    grants = (Grant(organization, frozenset(permissions)),)
    return Principal("ann", PrincipalKind.USER, "ann@example.com", grants, address=address)
