"""Third pass: restrictions over several elements: counts, names that differ, parents, siblings."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from holdfast.devices.dtdl.closures import check_closures
from holdfast.devices.dtdl.instances import violations
from holdfast.devices.dtdl.language.classes import LANGUAGES
from holdfast.devices.dtdl.language.cotypes import COTYPES
from holdfast.devices.dtdl.language.rules import ParentRequirement, Property, SiblingReference
from holdfast.devices.dtdl.language.vocabulary import TERMS
from holdfast.devices.dtdl.model import Element
from holdfast.devices.dtdl.reading import Reading
from holdfast.kernel.json import JsonValue


def check(reading: Reading) -> None:
    """Check the whole model."""
    parents = _parents(reading)
    for element in list(reading.model.elements.values()):
        for rule in element.model_class.properties.values():
            _check_count(element, rule, reading)
            _check_unique(element, rule, reading)
        _check_enum(element, reading)
        _check_size(element, reading)
        for identifier in element.cotypes:
            cotype = COTYPES[identifier]
            for requirement in cotype.parents:
                _check_parents(element, requirement, parents.get(element.id, []), reading)
            for sibling in cotype.siblings:
                _check_sibling(element, sibling, parents.get(element.id, []), reading)
            for rule in cotype.properties:
                _check_distinct(element, rule, parents.get(element.id, []), reading)
                _check_instance(element, rule, reading)
    check_closures(reading)


class _Parent(NamedTuple):
    """An element that refers to another through a property."""

    element: Element
    property: str


def _parents(reading: Reading) -> dict[str, list[_Parent]]:
    found: dict[str, list[_Parent]] = {}
    for element in reading.model.elements.values():
        for name, targets in element.references.items():
            for target in targets:
                found.setdefault(target, []).append(_Parent(element, name))
    return found


def _values(element: Element, name: str, reading: Reading) -> Iterator[Element]:
    for identifier in element.references.get(name, ()):
        value = reading.model.get(identifier)
        if value is not None:
            yield value


def _report(
    reading: Reading,
    kind: str,
    element: Element,
    name: str,
    *,
    value: object = "",
    limit: object = "",
    detail: str = "",
) -> None:
    pointer = f"{element.pointer}/{name}" if name else element.pointer
    reading.problems.add(
        kind, pointer, element=element.id, property=name, value=value, limit=limit, detail=detail
    )


def _check_count(element: Element, rule: Property, reading: Reading) -> None:
    count = len(element.references.get(rule.name, ()))
    if rule.max_count is not None and count > rule.max_count:
        _report(reading, "objectCountAboveMax", element, rule.name, value=count, limit=rule.max_count)


def _check_unique(element: Element, rule: Property, reading: Reading) -> None:
    for nested in rule.unique:
        seen: set[tuple[type, JsonValue]] = set()
        for value in _values(element, rule.name, reading):
            found = value.values.get(nested)
            if found is None or isinstance(found, list | dict):
                continue
            key = (type(found), found)
            if key in seen:
                _report(reading, "nonUniquePropertyValue", element, rule.name, value=found, detail=nested)
            seen.add(key)


def _check_enum(element: Element, reading: Reading) -> None:
    """Values of an Enum have the type that `valueSchema` says."""
    if element.kind != "Enum":
        return
    schema = element.reference("valueSchema")
    for value in _values(element, "enumValues", reading):
        found = value.values.get("enumValue")
        if found is not None and violations(found, schema, reading.model):
            detail = f"schema {TERMS.get(schema, schema)}"
            _report(reading, "nonConformantDatatype", value, "enumValue", value=found, detail=detail)


def _check_size(element: Element, reading: Reading) -> None:
    limit = LANGUAGES[element.version].max_partition_bytes
    if element.kind != "Interface" or limit is None or element.source is None:
        return
    size = len(json.dumps(element.source.source, ensure_ascii=False, separators=(",", ":")).encode())
    longest = limit.under(element.limits)
    if size > longest:
        _report(reading, "partitionTooLarge", element, "", value=size, limit=longest)


def _check_parents(
    element: Element, requirement: ParentRequirement, parents: list[_Parent], reading: Reading
) -> None:
    wanted = " or ".join(sorted(TERMS[cotype] for cotype in requirement.cotypes))
    relevant = [parent.element for parent in parents if parent.property == requirement.property]
    for parent in relevant:
        if not requirement.cotypes & set(parent.cotypes):
            _report(reading, "inconsistentParent", element, "", detail=f"{parent.kind} that is no {wanted}")
        others = [value for value in _values(parent, requirement.property, reading) if value.id != element.id]
        if requirement.none_other and any(requirement.none_other in other.cotypes for other in others):
            term = TERMS[requirement.none_other]
            detail = f"{parent.kind} with another {term}"
            _report(reading, "inconsistentParent", element, "", detail=detail)
        if requirement.some_other and not any(requirement.some_other in other.cotypes for other in others):
            detail = f"{parent.kind} without {TERMS[requirement.some_other]}"
            _report(reading, "inconsistentParent", element, "", detail=detail)
    if not relevant:
        _report(reading, "inconsistentParent", element, "", detail=f"parent that is no {wanted}")


def _check_sibling(
    element: Element, reference: SiblingReference, parents: list[_Parent], reading: Reading
) -> None:
    """A property that names a sibling: `annotates`, and what `overrides` then refers to."""
    name = element.values.get(reference.property)
    if not isinstance(name, str):
        return
    for parent in parents:
        siblings = _siblings(parent, reading)
        sibling = next((value for value in siblings if value.name == name), None)
        if sibling is None or not any(sibling.is_a(kind) for kind in reference.classes):
            wanted = " or ".join(sorted(reference.classes))
            _report(reading, "notSiblingRequiredType", element, reference.property, value=name, detail=wanted)
        elif reference.disallowed in sibling.cotypes:
            detail = TERMS[reference.disallowed]
            _report(reading, "disallowedType", element, reference.property, value=name, detail=detail)
        elif reference.overrides:
            _check_override(element, reference, sibling, siblings, reading)


def _siblings(parent: _Parent, reading: Reading) -> list[Element]:
    """The values of a property; of an Interface's contents also the inherited ones."""
    if parent.property == "contents":
        return list(reading.model.contents(parent.element).values())
    return list(_values(parent.element, parent.property, reading))


def _check_override(
    element: Element,
    reference: SiblingReference,
    sibling: Element,
    siblings: list[Element],
    reading: Reading,
) -> None:
    name = reference.overrides
    written = element.values.get(name)
    rules = {
        key: rule
        for cotype in sibling.cotypes
        for rule in COTYPES[cotype].properties
        for key in (rule.name, rule.identifier)
    }
    rule = rules.get(str(written))
    if rule is None:
        own = {one.identifier for one in sibling.model_class.properties.values()}
        material = written in own or str(written) in sibling.model_class.properties
        kind = "matchingPropertyNotSupplemental" if material else "noMatchingSupplementalProperty"
        _report(reading, kind, element, name, value=written, detail=sibling.name)
        return
    unit = reading.model.get(sibling.reference(rule.name))
    if unit is not None and unit.family and element.reference("schema") != unit.family:
        wanted = TERMS.get(unit.family, unit.family)
        _report(reading, "siblingPropertyMismatch", element, "schema", value=sibling.name, detail=wanted)
    same = [
        other
        for other in siblings
        if other.values.get(name) == written
        and other.values.get(reference.property) == element.values.get(reference.property)
    ]
    if len(same) > 1:
        _report(reading, "multipleReference", element, name, value=written, detail=sibling.name)


def _check_distinct(element: Element, rule: Property, parents: list[_Parent], reading: Reading) -> None:
    own = element.values.get(rule.name)
    if not rule.distinct or own is None:
        return
    for parent, property_name in parents:
        others = _values(parent, property_name, reading)
        if any(other.id != element.id and other.values.get(rule.name) == own for other in others):
            _report(reading, "nonUniquePropertyValue", parent, property_name, value=own, detail=rule.name)
            return


def _check_instance(element: Element, rule: Property, reading: Reading) -> None:
    value = element.values.get(rule.name)
    if not rule.instance_of or value is None:
        return
    found = violations(value, element.reference(rule.instance_of), reading.model)
    if found:
        _report(
            reading, "nonConformantPropertyValue", element, rule.name, value=value, detail="; ".join(found)
        )
