"""Second pass: what every reference leads to, now that all elements are known."""

from collections.abc import Iterator

from holdfast.devices.dtdl.language.cotypes import COTYPES
from holdfast.devices.dtdl.language.rules import Property, Requirement
from holdfast.devices.dtdl.language.vocabulary import TERMS
from holdfast.devices.dtdl.model import Element, canonical_id
from holdfast.devices.dtdl.reading import Reading, Reference


def unresolved(reading: Reading) -> list[str]:
    """Identifiers that are referred to and not defined, in order of their first appearance."""
    seen = dict.fromkeys(canonical_id(reference.target) for reference in reading.references)
    return [identifier for identifier in seen if identifier not in reading.model]


def check(reading: Reading) -> None:
    """Check every reference, and what co-types demand of the values of properties."""
    for reference in reading.references:
        target = reading.model.get(reference.target)
        if target is not None:
            _check_reference(reference, target, reading)
    for element in list(reading.model.elements.values()):
        for requirement in _requirements(element):
            _check_requirement(element, requirement, reading)
        for rule in _unit_rules(element):
            _check_unit(element, rule, reading)


def _check_reference(reference: Reference, target: Element, reading: Reading) -> None:
    rule, source = reference.rule, reading.model[reference.element]

    def report(kind: str, detail: str, *, value: str = target.id, limit: object = "") -> None:
        reading.problems.add(
            kind,
            reference.pointer,
            element=source.id,
            property=rule.name,
            value=value,
            limit=limit,
            detail=detail,
        )

    home = source.id if source.kind == "Interface" else source.partition or source.id
    if target.kind != "Interface" and target.partition and target.partition != home:
        report("crossPartitionReference", "")
    if not target.is_a(rule.target) or (rule.standard and target.kind not in rule.standard):
        wanted = " or ".join(sorted(rule.standard)) if rule.standard else rule.target
        report("badType", wanted, value=f"{target.id} of class {target.kind}")
        return
    if rule.versions and target.version not in rule.versions:
        allowed = " or ".join(str(version) for version in sorted(rule.versions))
        report("disallowedVersionReference", allowed, limit=target.version)
    if rule.family and target.family != rule.family:
        report("wrongParent", TERMS.get(rule.family, rule.family))


def _requirements(element: Element) -> Iterator[Requirement]:
    for cotype in element.cotypes:
        yield from COTYPES[cotype].requirements


def _check_requirement(element: Element, requirement: Requirement, reading: Reading) -> None:
    for identifier in element.references.get(requirement.property, ()):
        value = reading.model.get(identifier)
        if value is None:
            continue
        wrong_class = requirement.classes and not any(value.is_a(name) for name in requirement.classes)
        wrong_cotype = requirement.cotypes and not requirement.cotypes & set(value.cotypes)
        if wrong_class or wrong_cotype:
            wanted = requirement.classes or {TERMS[cotype] for cotype in requirement.cotypes}
            _report("notRequiredType", element, requirement.property, value.id, wanted, reading)
        if requirement.values and value.id not in requirement.values:
            wanted = {TERMS.get(item, item) for item in requirement.values}
            _report("notRequiredValue", element, requirement.property, value.id, wanted, reading)


def _unit_rules(element: Element) -> Iterator[Property]:
    for cotype in element.cotypes:
        yield from (rule for rule in COTYPES[cotype].properties if rule.types)


def _check_unit(element: Element, rule: Property, reading: Reading) -> None:
    """Units of v2 are elements; the quantity says which co-type they need."""
    for identifier in element.references.get(rule.name, ()):
        value = reading.model.get(identifier)
        if value is not None and value.is_a(rule.target) and not rule.types & set(value.cotypes):
            wanted = {TERMS[cotype] for cotype in rule.types}
            _report("notRequiredType", element, rule.name, value.id, wanted, reading)


def _report(
    kind: str, element: Element, name: str, value: str, wanted: set[str] | frozenset[str], reading: Reading
) -> None:
    reading.problems.add(
        kind,
        f"{element.pointer}/{name}",
        element=element.id,
        property=name,
        value=TERMS.get(value, value),
        detail=" or ".join(sorted(wanted)),
    )
