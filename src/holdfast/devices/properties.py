"""Properties of a device as people read and write them: reported, writable and cloud ones in one object.

Reading puts the two sections of the twin and the cloud properties together; writing takes them apart: cloud
properties are a change of the device, writable properties an asked-for change of its twin.
"""

from dataclasses import dataclass
from typing import NamedTuple

from holdfast.devices.device import DEVICE
from holdfast.devices.messages import desired_change
from holdfast.devices.templates.capabilities import Capability, CapabilityKind
from holdfast.devices.templates.judging import acknowledged, flattened
from holdfast.devices.templates.template import Template
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue, merge_patch
from holdfast.kernel.permissions import Permission
from holdfast.log.port import Twin
from holdfast.protocol.twin import TwinError, check_patch, check_size
from holdfast.resources.model import Action, Change, Resource

METADATA = "$metadata"
_COMPONENT_MARK = {"__t": "c"}


@dataclass(frozen=True)
class Subject:
    """Whose properties: a device or one of its modules, with what its template says."""

    device: Resource
    twin: Twin
    template: Template | None
    module: str = ""

    def capability(self, component: str, name: str) -> Capability | None:
        """What the template says of a name."""
        return self.template.find(name, component, self.module) if self.template else None

    @property
    def cloud(self) -> JsonObject:
        """The cloud properties; modules have none."""
        cloud = self.device.body.get("cloud")
        return cloud if isinstance(cloud, dict) and not self.module else {}

    def components(self) -> set[str]:
        """Names of components, by the template."""
        if self.template is None:
            return set()
        return {component for component, _ in self.template.of_module(self.module) if component}


# --- reading ---


def shown(subject: Subject, *, unmodeled: bool, component: str | None = None) -> JsonObject:
    """The properties as the API shows them; of one component when it is named.

    Without `unmodeled` only what the template has; a device without a template shows everything.
    """
    everything = unmodeled or subject.template is None
    result: JsonObject = {}
    for place, name, value in (
        *flattened(subject.cloud),
        *_of_twin(subject.twin.desired),
        *_of_twin(subject.twin.reported),
    ):
        if everything or _is_property(subject.capability(place, name)):
            _section(result, place)[name] = value
    _describe(result, subject, everything)
    if component is None:
        return result
    found = result.get(component)
    return found if isinstance(found, dict) else {}


def _of_twin(section: JsonObject) -> list[tuple[str, str, JsonValue]]:
    return list(flattened(section))


def _is_property(capability: Capability | None) -> bool:
    return capability is not None and capability.kind in {
        CapabilityKind.PROPERTY,
        CapabilityKind.CLOUD_PROPERTY,
    }


def _section(result: JsonObject, component: str) -> JsonObject:
    if not component:
        return result
    section = result.setdefault(component, {})
    if isinstance(section, dict):
        return section
    inner: JsonObject = {}
    result[component] = inner
    return inner


def _describe(result: JsonObject, subject: Subject, everything: bool) -> None:
    """Add `$metadata`: when a value was reported, what is desired and how the device answered."""
    twin = subject.twin
    for component, name, value in _raw(twin.reported):
        if everything or _is_property(subject.capability(component, name)):
            entry = _metadata(result, component, name)
            moment = _time(twin.reported_times, component, name)
            if moment:
                entry["lastUpdateTime"] = moment
            entry.update(_answer(value))
    for component, name, value in _raw(twin.desired):
        if everything or _is_property(subject.capability(component, name)):
            entry = _metadata(result, component, name)
            entry["desiredValue"] = value
            entry["desiredVersion"] = twin.desired_version


def _raw(section: JsonObject) -> list[tuple[str, str, JsonValue]]:
    """Like `flattened`, with acknowledgements left whole."""
    found: list[tuple[str, str, JsonValue]] = []
    for name, value in section.items():
        if name.startswith("$"):
            continue
        if isinstance(value, dict) and value.get("__t") == "c":
            found += [(name, inner, item) for inner, item in value.items() if inner != "__t"]
        else:
            found.append(("", name, value))
    return found


def _metadata(result: JsonObject, component: str, name: str) -> JsonObject:
    section = _section(result, component)
    metadata = section.setdefault(METADATA, {})
    entry = metadata.setdefault(name, {}) if isinstance(metadata, dict) else {}
    return entry if isinstance(entry, dict) else {}


def _time(times: JsonObject, component: str, name: str) -> JsonValue:
    """When a property changed last; the times are nested or dotted as the twin keeps them."""
    dotted = times.get(f"{component}.{name}" if component else name)
    if dotted is not None or not component:
        return dotted
    inner = times.get(component)
    return inner.get(name) if isinstance(inner, dict) else inner


def _answer(value: JsonValue) -> JsonObject:
    """A device's acknowledgement: code, version and text (IoT Plug and Play: `ac`, `av`, `ad`)."""
    if not isinstance(value, dict) or acknowledged(value) is value:
        return {}
    names = {"ac": "ackCode", "av": "ackVersion", "ad": "ackDescription"}
    return {shown_as: value[name] for name, shown_as in names.items() if name in value}


# --- writing ---


class Write(NamedTuple):
    """What a write comes to."""

    cloud: JsonObject
    """Merge patch of the cloud properties."""
    desired: JsonObject
    """Merge patch of the desired properties, as devices see it."""

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return not self.cloud and not self.desired


def plan(
    subject: Subject, given: JsonObject, *, replace: bool, unmodeled: bool, component: str | None = None
) -> Write:
    """Take a write apart and check every value. InvalidError naming the property.

    `replace`: what is not given is removed. `component`: `given` holds that component's properties alone.
    """
    wanted = dict(_wanted(subject, given, component))
    if replace:
        wanted = dict.fromkeys(_written(subject, component)) | wanted
    cloud: JsonObject = {}
    desired: JsonObject = {}
    for (place, name), value in wanted.items():
        capability = subject.capability(place, name)
        _check(subject, capability, place, name, value, unmodeled=unmodeled)
        if capability is not None and capability.kind is CapabilityKind.CLOUD_PROPERTY:
            _component_section(cloud, place)[name] = value
        else:
            before = _current(subject.twin.desired, place, name)
            _component_section(desired, place)[name] = _whole(before, value)
    _check_twin(subject, desired)
    return Write(cloud, desired)


def changes_of(subject: Subject, write: Write) -> list[Change]:
    """The changes that make a write happen; in one transaction."""
    changes: list[Change] = []
    if write.cloud:
        changes.append(
            Change(
                Action.MERGE,
                DEVICE,
                subject.device.id,
                {"cloud": write.cloud},
                permission=Permission.DEVICE_UPDATE,
            )
        )
    if write.desired:
        changes.append(desired_change(subject.device.id, write.desired, subject.module))
    return changes


def accepted(write: Write) -> JsonObject:
    """The answer to a write: cloud properties have their value now, the others are asked for."""
    result: JsonObject = dict(merge_patch({}, write.cloud) or {})  # type: ignore[arg-type]  # an object stays one
    for component, name, value in _raw(write.desired):
        if value is not None:
            _metadata(result, component, name)["desiredValue"] = value
    result.setdefault(METADATA, {})
    return result


def _wanted(
    subject: Subject, given: JsonObject, component: str | None
) -> list[tuple[tuple[str, str], JsonValue]]:
    if component is not None:
        return [((component, name), value) for name, value in given.items() if name not in _IGNORED]
    components = subject.components()
    found: list[tuple[tuple[str, str], JsonValue]] = []
    for name, value in given.items():
        if name in _IGNORED:
            continue
        marked = isinstance(value, dict) and value.get("__t") == "c"
        if isinstance(value, dict) and (name in components or marked):
            found += [((name, inner), item) for inner, item in value.items() if inner not in _IGNORED]
        else:
            found.append((("", name), value))
    return found


_IGNORED = frozenset({METADATA, "__t", "$version"})


def _written(subject: Subject, component: str | None) -> list[tuple[str, str]]:
    """Places that hold a cloud or desired value now."""
    held = [*flattened(subject.cloud), *_raw(subject.twin.desired)]
    return [(place, name) for place, name, _ in held if component is None or place == component]


def _check(
    subject: Subject,
    capability: Capability | None,
    component: str,
    name: str,
    value: JsonValue,
    *,
    unmodeled: bool,
) -> None:
    field = f"/{component}/{name}" if component else f"/{name}"
    if capability is None or not _is_property(capability):
        if unmodeled or (subject.template is None and capability is None):
            return
        raise InvalidError(
            f"The template has no property {field[1:]}; add unmodeled=true to write it nevertheless.", field
        )
    if capability.kind is CapabilityKind.PROPERTY and not capability.writable:
        raise InvalidError(
            f"The property {field[1:]} is reported by the device and cannot be written.", field
        )
    if value is None or subject.template is None:
        return
    if wrong := subject.template.violations(capability, value):
        raise InvalidError(f"The value of {field[1:]} does not fit its schema: {wrong[0]}.", field)


def _component_section(patch: JsonObject, component: str) -> JsonObject:
    """The part of a patch for a component, marked as one; the patch itself for the device."""
    if not component:
        return patch
    section = patch.setdefault(component, dict(_COMPONENT_MARK))
    return section if isinstance(section, dict) else {}


def _current(section: JsonObject, component: str, name: str) -> JsonValue:
    inner = section.get(component) if component else section
    return inner.get(name) if isinstance(inner, dict) else None


def _whole(before: JsonValue, value: JsonValue) -> JsonValue:
    """A patch that leaves exactly `value`: an object is sent whole, so what it lost is removed."""
    if not isinstance(value, dict) or not isinstance(before, dict):
        return value
    lost: JsonObject = {name: None for name in before if name not in value}
    return lost | {name: _whole(before.get(name), item) for name, item in value.items()}


def _check_twin(subject: Subject, desired: JsonObject) -> None:
    try:
        check_patch(desired)
        after = merge_patch(subject.twin.desired, desired)
        check_size(after if isinstance(after, dict) else {})
    except TwinError as error:
        raise InvalidError(str(error), "/") from None
