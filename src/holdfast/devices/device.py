"""The kind `device`: what the application keeps of a device, apart from its credentials and its twin.

Ids are kept as they were spelled; devices present them in any letter case (DPS registration ids have none),
so `key` holds the lower-case form, is unique, and is what look-ups go by.
"""

import re

from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource

DEVICE = "device"

EDGE = "iotEdge"
"""The type of a device that runs modules, the only one that there is."""

CLOUD_PATHS = "cloud.*"
"""Open path of cloud properties: `cloud.owner`, `cloud.motor.limit`."""
REPORTED_PATHS = "reported.*"
"""Open path of what devices report. Not in the body: the twin has it, see `devices.reported`."""

MAXIMUM_ID = 128
MAXIMUM_NAME = 148
"""Both as in the hosted service."""

_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-._:]{0,126}[A-Za-z0-9\-])?")
"""DPS registration ids: letters, digits, `-._:`, the last an alphanumeric or a dash."""

_FLAGS = ("enabled", "provisioned", "simulated", "gateway")
_FIELDS = frozenset(
    {
        "key",
        "displayName",
        "template",
        *_FLAGS,
        "edge",
        "types",
        "group",
        "registration",
        "cloud",
        "manifest",
        "modules",
    }
)


def valid_id(text: str) -> bool:
    """Whether `text` can be a device id."""
    return _ID.fullmatch(text) is not None


def _text(body: JsonObject, name: str, maximum: int) -> str:
    value = body.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > maximum:
        raise InvalidError(f"{name} must be a text of at most {maximum} characters.", f"/{name}")
    return value


def _flag(body: JsonObject, name: str, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise InvalidError(f"{name} must be true or false.", f"/{name}")
    return value


def _object(body: JsonObject, name: str) -> JsonObject:
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise InvalidError(f"{name} must be an object.", f"/{name}")
    return value


def _texts(body: JsonObject, name: str) -> list[JsonValue]:
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidError(f"{name} must be a list of texts.", f"/{name}")
    return value


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if not valid_id(draft.change.id):
        raise InvalidError(
            f"{draft.change.id!r} cannot be a device id: 1 to {MAXIMUM_ID} letters, digits and -._: "
            "beginning with a letter or digit.",
            "/id",
        )
    body = draft.body
    if unknown := sorted(set(body) - _FIELDS):
        raise InvalidError(f"A device has no field {unknown[0]}.", f"/{unknown[0]}")
    types = _texts(body, "types")
    template = _text(body, "template", 2048)
    edge = is_edge(reader, types, template)
    return {
        "key": draft.change.id.lower(),
        "displayName": _text(body, "displayName", MAXIMUM_NAME) or draft.change.id,
        "template": template,
        "enabled": _flag(body, "enabled", True),
        "provisioned": _flag(body, "provisioned", False),
        "simulated": _flag(body, "simulated", False),
        "gateway": _flag(body, "gateway", False),
        "edge": edge,
        "types": types,
        "group": _text(body, "group", 255),
        "registration": _object(body, "registration"),
        "cloud": _object(body, "cloud"),
        "manifest": _object(body, "manifest"),
        "modules": _texts(body, "modules"),
    }


def is_edge(reader: Reader, types: JsonValue, template: str) -> bool:
    """Whether a device is an IoT Edge device, by itself or its template. InvalidError when there is none."""
    marked = isinstance(types, list) and EDGE in types
    if not template:
        return marked
    resource = reader.get("deviceTemplate", template)
    if resource is None:
        raise InvalidError(f"There is no device template {template}; create it first.", "/template")
    models = resource.body.get("@type")
    return marked or (isinstance(models, list) and "EdgeModel" in models)


def _guard(draft: Draft, reader: Reader) -> None:
    """No two devices whose ids differ in letter case alone."""
    if draft.change.action is Action.DELETE or draft.before is not None:
        return
    other = _spelled_otherwise(reader, draft.change.id)
    if other is not None:
        raise ConflictError(f"The device {other.id} exists; ids that differ in letter case alone are one id.")


def find_device(reader: Reader, presented: str) -> Resource | None:
    """The device with an id presented in any letter case."""
    return reader.get(DEVICE, presented) or _spelled_otherwise(reader, presented)


def _spelled_otherwise(reader: Reader, presented: str) -> Resource | None:
    return reader.look_up(DEVICE, "key", presented.lower())


DEVICE_KIND = Kind(
    name=DEVICE,
    read=Permission.DEVICE_READ,
    create=Permission.DEVICE_CREATE,
    update=Permission.DEVICE_UPDATE,
    delete=Permission.DEVICE_DELETE,
    validate=_validate,
    guard=_guard,
    indexed={
        "key": IndexType.TEXT,
        "displayName": IndexType.TEXT,
        "template": IndexType.TEXT,
        "group": IndexType.TEXT,
        **dict.fromkeys((*_FLAGS, "edge"), IndexType.BOOLEAN),
        CLOUD_PATHS: IndexType.ANY,
        REPORTED_PATHS: IndexType.ANY,
    },
    filled=frozenset({"key", "displayName", "template", "group", *_FLAGS, "edge"}),
    secrets=frozenset({"manifest.data"}),
    policy_type="Holdfast.Devices/devices",
)
"""The data of a manifest holds the passwords of container registries: no audit record, no event has it."""
