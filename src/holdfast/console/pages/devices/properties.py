"""The properties of a device: what was asked for, what it reported, and whether it acknowledged that."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.pages.devices.frame import DEVICE_PATH, READ, UPDATE, device_of, device_page, subject_of
from holdfast.console.rendering import FORM, fragment, read_form, redirect
from holdfast.devices import properties
from holdfast.devices.properties import METADATA, Subject
from holdfast.devices.templates.capabilities import Capability, CapabilityKind
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.resources.model import Change, Resource


class Property(NamedTuple):
    """One property as the page shows it."""

    path: str
    title: str
    kind: str
    """`cloud`, `writable` or `reported`."""
    value: JsonValue
    desired: JsonValue
    state: str
    """Empty where nothing was asked for."""
    mood: str
    answer: str
    """What the device said to it."""

    @property
    def written(self) -> str:
        """The present value as somebody would write it into a field."""
        value = self.value if self.desired is None else self.desired
        return "" if value is None else msgspec.json.encode(value).decode()


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    device, asked = device_of(request), request.query.get("property", "")
    shown = list(_properties(subject_of(request, device)))
    return device_page(
        request,
        "device_properties.html",
        device,
        status=status,
        problem=problem,
        properties=shown,
        chosen=next((each for each in shown if each.path == asked), None),
    )


def _table(request: ApiRequest) -> Response:
    device = device_of(request)
    shown = list(_properties(subject_of(request, device)))
    return fragment(
        "device_properties_table.html",
        properties=shown,
        address=page_of("devices", device.id),
        may_update=request.principal.allows(UPDATE, device.organization),
    )


def _properties(subject: Subject) -> Iterator[Property]:
    """Every property by path: those that the template has, and those that are not modelled."""
    shown = properties.shown(subject, unmodeled=True)
    known = {c.path: c for c in _modelled(subject)}
    places = {path: _entry(shown, path) for path in [*_paths(shown), *known]}
    for path in sorted(places):
        value, metadata = places[path]
        yield _property(path, known.get(path), value, metadata)


def _modelled(subject: Subject) -> Iterator[Capability]:
    wanted = {CapabilityKind.PROPERTY, CapabilityKind.CLOUD_PROPERTY}
    template = subject.template
    return (c for c in template.capabilities.values() if c.kind in wanted) if template else iter(())


def _paths(shown: JsonObject) -> Iterator[str]:
    for name, value in shown.items():
        if name == METADATA:
            yield from _names(value)
        elif isinstance(value, dict) and METADATA in value:
            inner = [n for n in value if n != METADATA] + list(_names(value[METADATA]))
            yield from (f"{name}.{part}" for part in inner)
        else:
            yield name


def _names(value: JsonValue) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _entry(shown: JsonObject, path: str) -> tuple[JsonValue, JsonObject]:
    component, _, name = path.rpartition(".")
    section = shown.get(component) if component else shown
    if not isinstance(section, dict):
        return None, {}
    metadata = section.get(METADATA)
    entry = metadata.get(name) if isinstance(metadata, dict) else None
    return section.get(name), entry if isinstance(entry, dict) else {}


def _property(path: str, capability: Capability | None, value: JsonValue, metadata: JsonObject) -> Property:
    cloud = capability is not None and capability.kind is CapabilityKind.CLOUD_PROPERTY
    asked = "desiredValue" in metadata
    if asked and not _is_reported(metadata):
        value = None
    writable = asked or (capability is not None and capability.writable)
    state, mood = _state(value, metadata) if asked else ("", "")
    return Property(
        path=path,
        title=capability.display_name if capability else path,
        kind="cloud" if cloud else "writable" if writable or capability is None else "reported",
        value=value,
        desired=metadata.get("desiredValue"),
        state=state,
        mood=mood,
        answer=str(metadata.get("ackDescription") or ""),
    )


def _is_reported(metadata: JsonObject) -> bool:
    """Whether the device said a value: until then the API shows what is asked for in its place."""
    return "lastUpdateTime" in metadata or "ackCode" in metadata


def _state(value: JsonValue, metadata: JsonObject) -> tuple[str, str]:
    """Acknowledged once the device answered the newest wish, or reports what was asked for."""
    code, version = metadata.get("ackCode"), metadata.get("ackVersion")
    if isinstance(code, int) and version == metadata.get("desiredVersion"):
        return (f"refused ({code})", "bad") if code >= 400 else ("accepted", "good")
    if value == metadata.get("desiredValue"):
        return "accepted", "good"
    return "pending", "waiting"


def _set(request: ApiRequest) -> Response:
    device, fields = device_of(request, UPDATE), read_form(request)
    try:
        changes = _changes(request, device, fields.get("path", "").strip(), fields.get("value", ""))
        request.services.changes.apply_all(request.principal, changes)
    except HoldfastError as error:
        return _page(request, str(error), error.status)
    return redirect(page_of("devices", device.id) + "/properties")


def _changes(request: ApiRequest, device: Resource, path: str, text: str) -> list[Change]:
    if not path:
        raise InvalidError("Say which property.", "path")
    component, _, name = path.rpartition(".")
    subject = subject_of(request, device)
    write = properties.plan(
        subject, {name: read_value(text)}, replace=False, unmodeled=True, component=component or None
    )
    return properties.changes_of(subject, write)


def read_value(text: str) -> JsonValue:
    """What somebody wrote into a field: JSON where it is some, else the text; nothing removes the value."""
    try:
        value: JsonValue = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text or None
    return value


_AT = DEVICE_PATH + "/properties"
ROUTES = [
    Route("GET", _AT, READ, _page, "Properties of a device", is_page=True),
    Route("GET", _AT + "/table", READ, _table, "Properties as they are now", is_page=True),
    Route("POST", _AT, UPDATE, _set, "Ask for a value", content_types=FORM, is_page=True),
]
