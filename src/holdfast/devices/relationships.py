"""The kind `deviceRelationship`: a leaf device that speaks through a gateway device.

Its id is the gateway's id and the relationship's own name, so that names are unique within a gateway.
"""

import re

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.reading import everything
from holdfast.devices.device import DEVICE
from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Draft, IndexType, Kind, Reader, Resource
from holdfast.resources.query import All, AnyOf, Compare, Operator

RELATIONSHIP = "deviceRelationship"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Relationship(Body, frozen=True):
    """The body: ids of devices."""

    source: str
    """The gateway."""
    target: str
    """The leaf."""


def relationship_id(device: str, name: str) -> str:
    """The resource's id. Device ids hold no slash."""
    return f"{device}/{name}"


def relationship_name(resource: Resource) -> str:
    """The relationship's own name within its gateway."""
    return resource.id.partition("/")[2]


def connect(reader: Reader, device: str, name: str, body: JsonObject, if_match: str | None) -> list[Change]:
    """The changes that make or change a relationship, and let the gateway know that it is one."""
    gateway = reader.get(DEVICE, str(body.get("source") or device))
    organization = gateway.organization if gateway else None
    identifier = relationship_id(device, name)
    change = Change(Action.PUT, RELATIONSHIP, identifier, body, organization=organization, if_match=if_match)
    if gateway is None or gateway.body.get("gateway") is True:
        return [change]
    return [change, Change(Action.MERGE, DEVICE, gateway.id, {"gateway": True})]


def disconnect(reader: Reader, resource: Resource, if_match: str | None) -> list[Change]:
    """The changes that remove a relationship; a gateway that loses its last is none any more."""
    source = str(resource.body["source"])
    change = Change(Action.DELETE, RELATIONSHIP, resource.id, if_match=if_match)
    last = reader.count(RELATIONSHIP, (ROOT,), Compare("source", Operator.EQUAL, source)) == 1
    if not last or reader.get(DEVICE, source) is None:
        return [change]
    return [change, Change(Action.MERGE, DEVICE, source, {"gateway": False})]


def disconnect_all(reader: Reader, device: str) -> list[Change]:
    """The changes that remove every relationship of a device that is about to be deleted."""
    ends = AnyOf(tuple(Compare(end, Operator.EQUAL, device) for end in ("source", "target")))
    found = [disconnect(reader, resource, None) for resource in everything(reader, RELATIONSHIP, ends)]
    return [change for changes in found for change in changes if change.id != device]


def gateway_of(reader: Reader, device: str) -> Resource | None:
    """The device that a leaf speaks through; None when it speaks for itself."""
    found = reader.look_up(RELATIONSHIP, "target", device)
    return reader.get(DEVICE, str(found.body["source"])) if found else None


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    device, _, name = draft.change.id.partition("/")
    if _NAME.fullmatch(name) is None:
        raise InvalidError("A relationship's id has 1 to 100 letters, digits, - and _.", "/id")
    relationship = read_body({"source": device, **draft.body}, Relationship)
    if relationship.source != device:
        raise InvalidError(f"The source is the device of the address, {device}.", "/source")
    if relationship.source == relationship.target:
        raise InvalidError("A device cannot be its own gateway.", "/target")
    for field in ("source", "target"):
        identifier = getattr(relationship, field)
        if reader.get(DEVICE, identifier) is None:
            raise NotFoundError(f"There is no device {identifier[:128]}.")
    return to_body(relationship)


def _guard(draft: Draft, reader: Reader) -> None:
    """A leaf has one gateway, and no device is above itself."""
    if draft.change.action is Action.DELETE:
        return
    target = draft.body["target"]
    others = All(
        (
            Compare("target", Operator.EQUAL, str(target)),
            Compare("@id", Operator.NOT_EQUAL, draft.change.id),
        )
    )
    if reader.count(RELATIONSHIP, (ROOT,), others):
        raise ConflictError(f"The device {target} has a gateway already.")
    reverse = All(
        (
            Compare("source", Operator.EQUAL, str(target)),
            Compare("target", Operator.EQUAL, str(draft.body["source"])),
        )
    )
    if reader.count(RELATIONSHIP, (ROOT,), reverse):
        raise ConflictError(f"The device {target} is the gateway of {draft.body['source']}.")


RELATIONSHIP_KIND = Kind(
    name=RELATIONSHIP,
    read=Permission.DEVICE_READ,
    create=Permission.DEVICE_UPDATE,
    update=Permission.DEVICE_UPDATE,
    delete=Permission.DEVICE_UPDATE,
    validate=_validate,
    guard=_guard,
    indexed={"source": IndexType.TEXT, "target": IndexType.TEXT},
    policy_type="Holdfast.Devices/relationships",
)
