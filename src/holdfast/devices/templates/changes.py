"""What a new version of a published template would break for devices and data that follow the old one.

Devices in the field speak the published model, and history is stored under it: capabilities may be added, and
what is shown of them may change; nothing may be taken away or change its meaning.
"""

from collections.abc import Iterator

from holdfast.devices.dtdl.model import Element, Model
from holdfast.devices.templates.capabilities import Capability, CapabilityKind
from holdfast.devices.templates.template import Template

MAXIMUM_DEPTH = 32


def breaking_changes(old: Template, new: Template) -> list[str]:
    """What `new` breaks, in words; empty when devices of `old` notice nothing."""
    found: list[str] = []
    if old.model_id != new.model_id:
        found.append(f"the model {old.model_id} is replaced by {new.model_id}")
    found += _compare(old, new, "")
    for module in old.modules:
        if module not in new.modules:
            found.append(f"the module {module} is gone")
        else:
            found += _compare(old, new, module)
    return found


def _compare(old: Template, new: Template, module: str) -> Iterator[str]:
    for place, before in old.of_module(module).items():
        if before.kind is CapabilityKind.CLOUD_PROPERTY:
            continue  # the application's own: no device knows them
        after = new.of_module(module).get(place)
        said = f"{before.kind.value} {module + '/' if module else ''}{before.path}"
        if after is None:
            yield f"{said} is gone"
        elif after.kind is not before.kind:
            yield f"{said} becomes {after.kind.value}"
        else:
            yield from (f"{said}: {change}" for change in _changed(before, after, old.model, new.model))


def _changed(before: Capability, after: Capability, old: Model, new: Model) -> Iterator[str]:
    if before.writable and not after.writable:
        yield "is no longer writable"
    yield from _schema_changes(before.schema, after.schema, old, new, "schema", 0)
    yield from _schema_changes(before.response, after.response, old, new, "response", 0)


def _schema_changes(before: str, after: str, old: Model, new: Model, path: str, depth: int) -> Iterator[str]:
    was, now = old.get(before), new.get(after)
    if was is None or now is None:
        if was is not now:
            yield f"{path} is {'added' if was is None else 'gone'}"
        return
    if was.kind != now.kind:
        yield f"{path} changes from {was.kind} to {now.kind}"
        return
    if depth < MAXIMUM_DEPTH:
        yield from _inner_changes(was, now, old, new, path, depth)


def _inner_changes(
    was: Element, now: Element, old: Model, new: Model, path: str, depth: int
) -> Iterator[str]:
    """Changes inside schemas of the same class."""
    if was.kind == "Enum":
        yield from _enum_changes(was, now, old, new, path)
    for name, part in (("elementSchema", "elements"), ("valueSchema", "value schema")):
        if was.reference(name) or now.reference(name):
            yield from _schema_changes(
                was.reference(name), now.reference(name), old, new, f"{path} {part}", depth + 1
            )
    if was.kind == "Map":
        values = [_map_value(one, model) for one, model in ((was, old), (now, new))]
        yield from _schema_changes(values[0], values[1], old, new, f"{path} values", depth + 1)
    fields = _named(now, "fields", new)
    for name, field in _named(was, "fields", old).items():
        if name not in fields:
            yield f"{path} loses the field {name}"
            continue
        yield from _schema_changes(
            field.reference("schema"), fields[name].reference("schema"), old, new, f"{path}.{name}", depth + 1
        )


def _enum_changes(was: Element, now: Element, old: Model, new: Model, path: str) -> Iterator[str]:
    after = _named(now, "enumValues", new)
    for name, value in _named(was, "enumValues", old).items():
        if name not in after:
            yield f"{path} loses the value {name}"
        elif after[name].values.get("enumValue") != value.values.get("enumValue"):
            yield f"{path} changes what {name} stands for"


def _map_value(element: Element, model: Model) -> str:
    entry = model.get(element.reference("mapValue"))
    return entry.reference("schema") if entry else ""


def _named(element: Element, property_name: str, model: Model) -> dict[str, Element]:
    values = (model.get(identifier) for identifier in element.references.get(property_name, ()))
    return {value.name: value for value in values if value is not None}
