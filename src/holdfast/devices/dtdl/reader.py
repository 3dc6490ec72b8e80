"""First pass over a model: nodes become elements, each checked by itself.

References are only noted here: what they lead to is known when everything was read.
"""

from holdfast.devices.dtdl import dtmi, literals
from holdfast.devices.dtdl.classify import classified, listed
from holdfast.devices.dtdl.context import Context, entered
from holdfast.devices.dtdl.json_ld import Node, Unusable, Values, kind_of
from holdfast.devices.dtdl.language.cotypes import COTYPES
from holdfast.devices.dtdl.language.rules import VERSIONS, Form, Property
from holdfast.devices.dtdl.language.vocabulary import TERMS
from holdfast.devices.dtdl.model import Element
from holdfast.devices.dtdl.reading import Reading, Reference, Slot
from holdfast.kernel.json import JsonValue

_TOP = Property("", Form.ELEMENT, "Interface", id_required=True)


def read_root(node: Node, context: Context, reading: Reading) -> None:
    """Read one top-level element into the model."""
    inner = entered(context, node, reading.problems)
    report = reading.problems.add
    if node.graph:
        report("topLevelGraphDisallowed", node.pointer)
    for keyword in _meaningless(node, inner):
        report("topLevelKeywordDisallowed", node.pointer, value=keyword)
    _read_element(node, inner, Slot("", _TOP, ""), reading)


def _meaningless(node: Node, context: Context) -> list[str]:
    if not context.known.restricts_keywords:
        return []
    literal = [name for name in ("@language", "@value") if name in node.source]
    return [*literal, *node.keywords]


def _read_element(node: Node, context: Context, slot: Slot, reading: Reading) -> str | None:
    """Read one element; its identifier, or None where it cannot be used."""
    problems = reading.problems
    if slot.parent:
        if node.graph:
            problems.add("graphDisallowed", node.pointer, element=slot.parent)
        for keyword in _meaningless(node, context):
            problems.add("keywordDisallowed", node.pointer, element=slot.parent, value=keyword)
        if slot.rule.versions and context.version not in slot.rule.versions:
            problems.add(
                "disallowedVersionDefinition",
                node.pointer,
                element=slot.parent,
                property=slot.rule.name,
                value=context.version,
                detail=listed(slot.rule.versions),
            )
    identifier = _identifier(node, context, slot, reading)
    if identifier in reading.model.elements:
        return _duplicate(identifier, node, context, slot, reading)
    element = classified(identifier, node, context, slot, reading)
    if element is None:
        return None
    element.limits = context.limits
    reading.model.elements[identifier] = element
    _read_properties(element, node, context, reading)
    return identifier


def _identifier(node: Node, context: Context, slot: Slot, reading: Reading) -> str:
    problems, pointer = reading.problems, f"{node.pointer}/@id"
    if node.id is None:
        if slot.rule.id_required:
            kind = "missingRequiredId" if slot.parent else "missingTopLevelId"
            problems.add(kind, node.pointer, element=slot.parent, property=slot.rule.name)
        return _generated_id(node, slot)
    identifier = str(node.id)
    if not identifier:
        problems.add("idNotString", pointer, element=slot.parent)
    elif len(identifier) > dtmi.MAXIMUM_LENGTH:
        problems.add("idTooLong", pointer, value=identifier, limit=dtmi.MAXIMUM_LENGTH)
    elif not dtmi.is_valid(identifier, context.version):
        problems.add("invalidId", pointer, element=slot.parent, value=identifier)
    elif context.is_reserved(identifier) and not (reading.tolerant and context.version < 3):
        problems.add("reservedId", pointer, element=slot.parent, value=identifier)
    return identifier or _generated_id(node, slot)


def _generated_id(node: Node, slot: Slot) -> str:
    if not slot.parent:
        return f"#{node.pointer}"
    segment = ""
    if slot.rule.segment:
        values = node.properties.get(slot.rule.segment) or _by_identifier(node, slot.rule.segment)
        segment = str(_plain(values)) if values else f"#{node.pointer}"
    return dtmi.generated(slot.parent, slot.rule.name, segment)


def _by_identifier(node: Node, name: str) -> Values | None:
    """The property `name` where the model writes the DTMI that the term stands for."""
    for version in VERSIONS:
        values = node.properties.get(f"dtmi:dtdl:property:{name};{version}")
        if values is not None:
            return values
    return None


def _plain(values: Values) -> JsonValue:
    item = values.items[0] if values.items else ""
    if isinstance(item, Node):
        return _plain(item.value) if item.value else ""
    return "" if isinstance(item, Unusable) else item


def _duplicate(identifier: str, node: Node, context: Context, slot: Slot, reading: Reading) -> str | None:
    """Handle an element whose identifier is taken already."""
    problems = reading.problems
    if node.id is not None:
        problems.add("duplicateDefinition", node.pointer, element=identifier, value=identifier)
    elif slot.rule.segment and not (reading.tolerant and context.version < 3):
        name = reading.model.elements[identifier].values.get(slot.rule.segment, "")
        problems.add(
            "nonUniquePropertyValue",
            node.pointer,
            element=slot.parent,
            property=slot.rule.name,
            value=name,
            detail=slot.rule.segment,
        )
    return None


def _read_properties(element: Element, node: Node, context: Context, reading: Reading) -> None:
    rules = dict(element.model_class.properties)
    owners: dict[str, str] = {}
    for identifier in element.cotypes:
        for rule in COTYPES[identifier].properties:
            rules.setdefault(rule.name, rule)
            owners.setdefault(rule.name, TERMS[identifier])
    names = {name: rule for rule in rules.values() for name in (rule.name, rule.identifier)}
    seen: set[str] = set()
    for written, values in node.properties.items():
        known = names.get(written)
        if known is None:
            _read_unknown(written, element, node, context, reading)
        elif known.name in seen:
            reading.problems.add(
                "duplicatePropertyName",
                f"{node.pointer}/{written}",
                element=element.id,
                property=known.name,
            )
        else:
            seen.add(known.name)
            _read_property(known, values, element, node, context, reading)
    for name, required in rules.items():
        if required.required and name not in seen:
            _report_missing(required, owners.get(name, ""), element, node, reading)


def _report_missing(rule: Property, owner: str, element: Element, node: Node, reading: Reading) -> None:
    form = {Form.ELEMENT: "Object", Form.IDENTIFIER: "Identifier", Form.IRI: "Identifier"}
    kind = f"missing{'Supplemental' if owner else ''}{form.get(rule.form, 'Literal')}Property"
    reading.problems.add(kind, node.pointer, element=element.id, property=rule.name, detail=owner)


def _read_property(
    rule: Property, values: Values, element: Element, node: Node, context: Context, reading: Reading
) -> None:
    if rule.form is Form.ELEMENT:
        _read_elements(rule, values, element, node, context, reading)
        return
    place = literals.Place(element.id, node.pointer, context, reading.problems)
    value = literals.read(values, rule, place)
    if value is not None:
        element.values[rule.name] = value


def _read_elements(
    rule: Property, values: Values, element: Element, node: Node, context: Context, reading: Reading
) -> None:
    partition = element.id if element.kind == "Interface" else element.partition or element.id
    slot = Slot(element.id, rule, partition)
    pointer = f"{node.pointer}/{rule.name}"
    found: list[str] = []
    for item in values.items:
        if found and not rule.plural:
            reading.problems.add("objectMultipleValues", pointer, element=element.id, property=rule.name)
            return
        identifier = _read_item(item, slot, pointer, context, reading)
        if identifier is not None:
            found.append(identifier)
    minimum = max(rule.min_count, int(rule.required and not rule.plural))
    if len(found) < minimum:
        reading.problems.add(
            "objectCountBelowMin",
            pointer,
            element=element.id,
            property=rule.name,
            value=len(found),
            limit=minimum,
        )
    element.references[rule.name] = found


def _read_item(item: object, slot: Slot, pointer: str, context: Context, reading: Reading) -> str | None:
    """One value of an element property: a reference by identifier or an element in place."""
    problems, name = reading.problems, slot.rule.name
    if isinstance(item, str):
        return _refer(item, "badDtmiOrTerm", slot, pointer, context, reading)
    if not isinstance(item, Node):
        shown = item.shown if isinstance(item, Unusable) else kind_of(item)
        problems.add("refNotStringOrObject", pointer, element=slot.parent, property=name, value=shown)
        return None
    inner = entered(context, item, problems)
    if item.is_reference:
        if reading.tolerant and context.version < 3:
            return _refer(str(item.id), "idRefBadDtmiOrTerm", slot, item.pointer, inner, reading)
        problems.add("idReference", item.pointer, element=slot.parent, property=name, value=item.id)
        return None
    return _read_element(item, inner, slot, reading)


def _refer(
    written: str, kind: str, slot: Slot, pointer: str, context: Context, reading: Reading
) -> str | None:
    target = context.identifier(written)
    if target is None:
        reading.problems.add(kind, pointer, element=slot.parent, property=slot.rule.name, value=written)
        return None
    reading.references.append(Reference(slot.parent, slot.rule, target, pointer))
    return target


def _read_unknown(written: str, element: Element, node: Node, context: Context, reading: Reading) -> None:
    """A property that neither the class nor a co-type defines: refuse it, or keep it as it is."""
    kind = _refusal_of_property(written, context)
    detail = element.kind
    if not kind and not element.undefined_types:
        kind = "noTypeThatAllows" if node.types is not None else "inferredTypeDoesNotAllow"
    if kind:
        reading.problems.add(
            kind, f"{node.pointer}/{written}", element=element.id, property=written, detail=detail
        )
        return
    element.undefined_properties[written] = node.source[written]


def _refusal_of_property(written: str, context: Context) -> str:
    if context.known.lenient_names:
        return ""
    if context.identifier(written) is not None:
        return "propertyIrrelevantDtmiOrTerm" if context.complete else ""
    if written.startswith("dtmi:"):
        return "propertyInvalidDtmi"
    if ":" in written:
        return "propertyNotDtmiNorTerm"
    return "propertyUndefinedTerm" if context.complete else ""
