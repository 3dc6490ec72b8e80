"""The kind `deploymentManifest`: which modules an edge device runs; and how one is given to a device.

A manifest says the desired properties of each module's twin; `$edgeAgent`'s say which modules there are.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.devices.device import DEVICE
from holdfast.devices.messages import desired_change
from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.log.port import Twin
from holdfast.protocol.twin import TwinError, check_patch, check_size
from holdfast.resources.model import Action, Change, Draft, IndexType, Kind, Reader, Resource

DEPLOYMENT_MANIFEST = "deploymentManifest"

AGENT = "$edgeAgent"
MAXIMUM_MODULES = 50
"""Of one device; IoT Hub's limit of modules."""
MAXIMUM_BYTES = 128 * 1024
"""Of a manifest as JSON; each twin has its own limit besides."""
_ID = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_MODULE = re.compile(r"[A-Za-z0-9$][A-Za-z0-9\-:.+%_#*?!(),=@;$']{0,127}")
"""Module ids of IoT Hub."""
_DESIRED = "properties.desired"


class DeploymentManifest(Body, frozen=True):
    """The body."""

    display_name: Annotated[str, Meta(min_length=1, max_length=255)]
    data: dict[str, Any]
    """A JSON object; msgspec knows no recursive types, so `Any`. Checked by `modules_of`."""


def modules_of(data: JsonValue, field: str = "/data") -> dict[str, JsonObject]:
    """The desired properties of each module that a manifest names. InvalidError naming the member."""
    field += "/modulesContent"
    content = data.get("modulesContent") if isinstance(data, dict) else None
    if not isinstance(content, dict) or AGENT not in content:
        raise InvalidError(f"A manifest holds modulesContent with the desired properties of {AGENT}.", field)
    if len(msgspec.json.encode(content)) > MAXIMUM_BYTES:
        raise InvalidError(f"A manifest has at most {MAXIMUM_BYTES:,} bytes.", field)
    if len(content) > MAXIMUM_MODULES:
        raise InvalidError(f"A device has at most {MAXIMUM_MODULES} modules.", field)
    return {name: _desired(name, section, field) for name, section in content.items()}


def _desired(module: str, section: JsonValue, field: str) -> JsonObject:
    """The desired properties; layered deployments say parts of them as `properties.desired.a.b`."""
    field = f"{field}/{module[:128]}"
    if _MODULE.fullmatch(module) is None:
        raise InvalidError(f"{module[:128]!r} cannot be a module's id.", field)
    if not isinstance(section, dict):
        raise InvalidError("A module's section must be an object.", field)
    result: JsonObject = {}
    for key, value in sorted(section.items()):
        if key != _DESIRED and not key.startswith(_DESIRED + "."):
            raise InvalidError(f"A module's section says {_DESIRED}, not {key[:64]}.", f"{field}/{key[:64]}")
        path = key[len(_DESIRED) + 1 :].split(".") if key != _DESIRED else []
        inner: JsonValue = value
        for name in reversed(path):
            inner = {name: inner}
        if not isinstance(inner, dict):
            raise InvalidError(f"{_DESIRED} must be an object.", f"{field}/{key[:64]}")
        result = _laid_over(result, inner)
    try:
        check_patch(result)
        check_size(result)
    except TwinError as error:
        raise InvalidError(f"The properties of {module} cannot be a twin's: {error}", field) from None
    return result


def _laid_over(below: JsonObject, above: JsonObject) -> JsonObject:
    result = dict(below)
    for name, value in above.items():
        under = result.get(name)
        both = isinstance(under, dict) and isinstance(value, dict)
        result[name] = _laid_over(under, value) if both else value  # type: ignore[arg-type]  # both are objects
    return result


def assigned(manifest: Resource) -> JsonObject:
    """A kept manifest as a device holds it."""
    return {"id": manifest.id, **manifest.body}


def assignment(device: Resource, manifest: JsonObject, twin: Callable[[str], Twin]) -> list[Change]:
    """The changes that make a device run a manifest: of the device, and of the twins of its modules.

    `twin` gives the present twin of a module; its desired properties become exactly what the manifest asks.
    Modules that the device had by its last manifest and has no more lose theirs. ConflictError for a device
    that is no edge device.
    """
    if not device.body.get("edge"):
        raise ConflictError(f"The device {device.id} is no IoT Edge device, so it runs no modules.")
    return deployment(device.id, device.body, manifest, twin)


def deployment(
    device: str, present: JsonObject, manifest: JsonObject, twin: Callable[[str], Twin]
) -> list[Change]:
    """As `assignment`, of a device with the body `present` whose kind was looked at."""
    wanted = modules_of(manifest.get("data"))
    held, running = present.get("modules"), present.get("manifest")
    before = [str(name) for name in held] if isinstance(held, list) else []
    fields: JsonObject = {
        "manifest": leading_to(running if isinstance(running, dict) else {}, manifest),
        "modules": list(dict.fromkeys((*wanted, *_started_by_agent(wanted)))),
    }
    patches = {
        module: leading_to(twin(module).desired, wanted.get(module, {}))
        for module in dict.fromkeys((*wanted, *before))
    }
    return [
        Change(Action.MERGE, DEVICE, device, fields),
        *(
            desired_change(device, _without_credentials(patch), module)
            for module, patch in patches.items()
            if patch
        ),
    ]


def _started_by_agent(modules: dict[str, JsonObject]) -> list[str]:
    """Modules that the agent is told to run, which need no desired properties of their own."""
    named = modules[AGENT].get("modules")
    return list(named) if isinstance(named, dict) else []


# Passwords of registries: an ask for desired properties is an event, which everybody sees who may see events.
# So it is made without them; on the way to the twin they are laid in from the device's sealed manifest.

_CREDENTIALS = ("runtime", "settings", "registryCredentials")


def _without_credentials(patch: JsonObject) -> JsonObject:
    """The patch with nothing of the credentials but the removal of some."""
    held = _inside(patch, _CREDENTIALS)
    if held is None:
        return patch
    removed: JsonObject = {name: value for name, value in held.items() if value is None}
    return _with(patch, _CREDENTIALS, removed)


def with_credentials(asked: JsonObject, device: Resource | None) -> JsonObject:
    """What an event asks of a twin (`module`, `patch`), the agent's with the credentials of its manifest."""
    patch = asked.get("patch")
    manifest = device.body.get("manifest") if device else None
    if asked.get("module") != AGENT or not isinstance(patch, dict) or not isinstance(manifest, dict):
        return asked
    data = manifest.get("data")
    credentials = _inside(modules_of(data)[AGENT], _CREDENTIALS) if data else None
    if not credentials:
        return asked
    removed = _inside(patch, _CREDENTIALS) or {}
    return {**asked, "patch": _with(patch, _CREDENTIALS, {**removed, **credentials})}


def _inside(value: JsonObject, path: tuple[str, ...]) -> JsonObject | None:
    for name in path:
        inner = value.get(name)
        if not isinstance(inner, dict):
            return None
        value = inner
    return value


def _with(value: JsonObject, path: tuple[str, ...], last: JsonObject) -> JsonObject:
    """A copy of `value` with `last` at `path`."""
    if not path:
        return last
    inner = value.get(path[0])
    below = inner if isinstance(inner, dict) else {}
    return {**value, path[0]: _with(below, path[1:], last)}


def leading_to(present: JsonObject, wanted: JsonObject) -> JsonObject:
    """The merge patch that makes `wanted` of `present`; empty when it is that already."""
    patch: JsonObject = {name: None for name in present if name not in wanted}
    for name, value in wanted.items():
        before = present.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := leading_to(before, value):
                patch[name] = inner
        elif name not in present or before != value:
            patch[name] = value
    return patch


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if _ID.fullmatch(draft.change.id) is None:
        raise InvalidError("A manifest's id has 1 to 255 letters, digits, - and _.", "/id")
    asked = read_body(draft.body, DeploymentManifest)
    modules_of(asked.data)
    return to_body(asked)


DEPLOYMENT_MANIFEST_KIND = Kind(
    name=DEPLOYMENT_MANIFEST,
    read=Permission.DEPLOYMENT_MANIFEST_READ,
    create=Permission.DEPLOYMENT_MANIFEST_MANAGE,
    update=Permission.DEPLOYMENT_MANIFEST_MANAGE,
    delete=Permission.DEPLOYMENT_MANIFEST_MANAGE,
    validate=_validate,
    indexed={"displayName": IndexType.TEXT},
    secrets=frozenset({"data"}),
    policy_type="Holdfast.Devices/deploymentManifests",
)
"""`data` is left out of the audit log: it holds the passwords of container registries."""
