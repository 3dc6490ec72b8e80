"""What `@type` says of an element: its class, its co-types, and types that nobody defines."""

from dataclasses import dataclass, field

from holdfast.devices.dtdl import dtmi
from holdfast.devices.dtdl.context import Context
from holdfast.devices.dtdl.json_ld import Node, kind_of
from holdfast.devices.dtdl.language.classes import CLASS_NAMES, MATERIALIZED_BY_COTYPE
from holdfast.devices.dtdl.language.cotypes import COTYPES
from holdfast.devices.dtdl.language.rules import Class, Cotype
from holdfast.devices.dtdl.language.vocabulary import TERMS
from holdfast.devices.dtdl.model import Element
from holdfast.devices.dtdl.reading import Reading, Slot
from holdfast.kernel.json import JsonValue


@dataclass
class _Types:
    """What `@type` of one element says."""

    classes: list[Class] = field(default_factory=list)
    cotypes: list[Cotype] = field(default_factory=list)
    undefined: list[str] = field(default_factory=list)
    failed: bool = False


def classified(identifier: str, node: Node, context: Context, slot: Slot, reading: Reading) -> Element | None:
    """The element with its class and types, or None where the types are wrong."""
    expected = context.known.classes.get(slot.rule.target)
    if expected is None:  # a class that this version of the language does not have
        return None
    types = _Types()
    if node.types is None:
        if slot.rule.type_required or not expected.type_optional:
            _report_bad_type("missingTypes", node, slot, reading)
            return None
        types.classes.append(expected)
    for written in node.types or ():
        _read_type(written, types, identifier, node, context, slot, reading)
    if types.failed:
        return None
    if not types.classes:
        _report_bad_type("badType", node, slot, reading)
        return None
    names = sorted({one.name for one in types.classes})
    if len(names) > 1:
        detail = " and ".join(names)
        reading.problems.add("multipleMaterialTypes", node.pointer, element=identifier, value=detail)
        return None
    element = Element(
        identifier,
        types.classes[0],
        pointer=node.pointer,
        partition="" if types.classes[0].name == "Interface" else slot.partition,
        parent=slot.parent,
        undefined_types=types.undefined,
        source=node,
    )
    for cotype in types.cotypes:
        _add_cotype(element, cotype, types, node, reading)
    _check_interface_id(element, node, context, reading)
    return element


def _check_interface_id(element: Element, node: Node, context: Context, reading: Reading) -> None:
    longest = dtmi.MAXIMUM_INTERFACE_LENGTH * (2 if context.limits else 1)
    if element.kind == "Interface" and len(element.id) > longest:
        reading.problems.add(
            "idTooLongForType", f"{node.pointer}/@id", value=element.id, limit=longest, detail="Interface"
        )


def _report_bad_type(
    kind: str, node: Node, slot: Slot, reading: Reading, *, value: str = "an element of another class"
) -> None:
    reading.problems.add(
        "badType" if slot.parent else kind,
        f"{node.pointer}/@type" if node.types is not None else node.pointer,
        element=slot.parent,
        property=slot.rule.name or "the document",
        value=value if node.types is not None else "an element without @type",
        detail=slot.rule.target,
    )


def _read_type(
    written: JsonValue,
    types: _Types,
    identifier: str,
    node: Node,
    context: Context,
    slot: Slot,
    reading: Reading,
) -> None:
    """Sort one entry of `@type` into class, co-type or undefined."""
    if not isinstance(written, str):
        types.failed = True
        reading.problems.add("typeNotDtmiNorTerm", node.pointer, element=identifier, value=kind_of(written))
        return
    name = _class_name(written)
    if name:
        _read_class(name, written, types, node, context, slot, reading)
        return
    meant = context.identifier(written)
    cotype = COTYPES.get(meant or "")
    if cotype is None:
        kind = _refusal_of_type(written, meant, context)
        if kind:
            types.failed = True
            reading.problems.add(kind, f"{node.pointer}/@type", element=identifier, value=written)
        types.undefined.append(written)
    elif cotype.abstract:
        types.failed = True
        reading.problems.add(
            "abstractSupplementalType", f"{node.pointer}/@type", element=identifier, value=written
        )
    else:
        types.cotypes.append(cotype)
        if cotype.kind.value in MATERIALIZED_BY_COTYPE:
            types.classes.append(context.known.classes[cotype.kind.value])


def _class_name(written: str) -> str:
    """The class that a term or an identifier names, in whatever version; empty for none."""
    if written in CLASS_NAMES:
        return written
    prefix, _, rest = written.partition("dtmi:dtdl:class:")
    name = rest.partition(";")[0]
    return name if not prefix and name in CLASS_NAMES else ""


def _read_class(
    name: str, written: str, types: _Types, node: Node, context: Context, slot: Slot, reading: Reading
) -> None:
    found = context.known.classes.get(name)
    usable = (
        found is not None
        and written in {name, found.identifier}
        and not found.abstract
        and name not in MATERIALIZED_BY_COTYPE
        and slot.rule.target in found.ancestors
        and not (slot.rule.standard and name not in slot.rule.standard)
    )
    if usable and found is not None:
        types.classes.append(found)
        return
    types.failed = True
    if not slot.parent and found is not None:
        reading.problems.add("typeNotRootable", f"{node.pointer}/@type", value=name)
    else:
        _report_bad_type("badType", node, slot, reading, value=f"of class {name}")


def _refusal_of_type(written: str, meant: str | None, context: Context) -> str:
    """Why a type that is neither class nor co-type is refused; empty where it is tolerated."""
    if meant is not None:
        return "typeIrrelevantDtmiOrTerm" if context.complete else ""
    if written.startswith("dtmi:"):
        return "typeInvalidDtmi"
    lenient = context.known.lenient_names
    if ":" in written:
        return "" if lenient else "typeNotDtmiNorTerm"
    return "" if lenient or not context.complete else "typeUndefinedTerm"


def _add_cotype(element: Element, cotype: Cotype, types: _Types, node: Node, reading: Reading) -> None:
    present = {other.identifier for other in types.cotypes}

    def report(kind: str, detail: str) -> None:
        reading.problems.add(
            kind, f"{node.pointer}/@type", element=element.id, value=cotype.term, detail=detail
        )

    material = cotype.kind.value in MATERIALIZED_BY_COTYPE
    if not material and element.kind not in cotype.classes and not cotype.alternatives & present:
        report("invalidCotype", " or ".join(sorted(cotype.classes)))
    elif not material and element.version not in cotype.versions:
        report("invalidCotypeVersion", listed(cotype.versions))
    elif cotype.identifier not in element.cotypes:
        element.cotypes.append(cotype.identifier)
        for needed in sorted(cotype.needs - present):
            report("missingCocotype", TERMS.get(needed, needed))
        for excluded in sorted(cotype.excludes & present):
            report("disallowedCocotype", TERMS.get(excluded, excluded))


def listed(versions: frozenset[int]) -> str:
    """Language versions for a message: `2 or 3`."""
    return " or ".join(str(version) for version in sorted(versions))
