"""Initiatives, assignments and exemptions from JSON, with the JSON pointer of what is wrong."""

from collections.abc import Iterable, Mapping
from typing import Final

from holdfast.policy.language.assignments.model import (
    Assignment,
    Exemption,
    ExemptionCategory,
    Group,
    Initiative,
    Message,
    Override,
    PolicyReference,
    ResourceSelector,
    Selector,
    SelectorKind,
)
from holdfast.policy.language.assignments.versions import is_range
from holdfast.policy.language.documents import Node, optional_text
from holdfast.policy.language.functions.moments import moment_from
from holdfast.policy.language.limits import INITIATIVE_POLICIES, PARAMETERS
from holdfast.policy.language.rules.definition import metadata_of, parse_parameters
from holdfast.policy.language.rules.model import effect_named

_SELECTORS: Final = 10
_SELECTOR_VALUES: Final = 50
_SCOPES: Final = 400
_RESOURCE_KINDS: Final = frozenset({SelectorKind.LOCATION, SelectorKind.TYPE, SelectorKind.WITHOUT_LOCATION})
_KINDS: Final = {kind.value.lower(): kind for kind in SelectorKind}
_OVERRIDES: Final = {
    "policyeffect": "policyEffect",
    "definitionversion": "definitionVersion",
    "policyversion": "definitionVersion",
}


def is_initiative(document: object) -> bool:
    """Whether a document describes an initiative, not a single policy."""
    if not isinstance(document, dict):
        return False
    inner = next((value for key, value in document.items() if str(key).lower() == "properties"), document)
    return isinstance(inner, dict) and any(str(key).lower() == "policydefinitions" for key in inner)


def _properties(root: Node) -> tuple[dict[str, Node], dict[str, Node]]:
    """The members beside `properties` and those inside; the same ones when there is no wrapper."""
    outer = root.members()
    wrapped = outer.get("properties")
    return outer, wrapped.members() if wrapped is not None and isinstance(wrapped.value, dict) else outer


def parse_initiative(document: object) -> Initiative:
    """A policy set definition.

    Raises DefinitionError.
    """
    root = Node(document)
    outer, members = _properties(root)
    policies = members.get("policydefinitions")
    if policies is None:
        root.fail("An initiative needs 'policyDefinitions'")
    references = [_reference(node, index) for index, node in enumerate(policies.items())]
    parameters = parse_parameters(members.get("parameters"))
    if len(references) > INITIATIVE_POLICIES or len(parameters) > PARAMETERS:
        policies.fail(f"An initiative has at most {INITIATIVE_POLICIES} policies and {PARAMETERS} parameters")
    groups = tuple(_group(node) for node in _listed(members.get("policydefinitiongroups")))
    _check_references(policies, references, groups)
    return Initiative(
        policies=tuple(references),
        name=optional_text(outer, "name"),
        id=optional_text(outer, "id"),
        display_name=optional_text(members, "displayname"),
        description=optional_text(members, "description"),
        parameters=parameters,
        groups=groups,
        metadata=metadata_of(members),
        version=optional_text(members, "version") or str(metadata_of(members).get("version", "")),
    )


def _listed(node: Node | None) -> Iterable[Node]:
    return node.items() if node is not None and node.value is not None else ()


def _object(node: Node | None) -> Mapping[str, object]:
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _texts(node: Node | None) -> tuple[str, ...]:
    return tuple(each.text() for each in _listed(node))


def _reference(node: Node, index: int) -> PolicyReference:
    members = node.members()
    identifier = members.get("policydefinitionid")
    if identifier is None:
        node.fail("A policy of an initiative needs its 'policyDefinitionId'")
    version = optional_text(members, "definitionversion")
    if version and not is_range(version):
        members["definitionversion"].fail(f"'{version}' is neither a version nor a range like 1.*.*")
    return PolicyReference(
        definition_id=identifier.text(),
        reference_id=optional_text(members, "policydefinitionreferenceid") or str(index),
        version=version,
        parameters=parameter_values(members.get("parameters")),
        groups=_texts(members.get("groupnames")),
    )


def parameter_values(node: Node | None) -> Mapping[str, object]:
    """The values of `{"name": {"value": …}}`; a value that stands without the wrapper is taken as it is."""
    values: dict[str, object] = {}
    for name, value in _object(node).items():
        wrapped = isinstance(value, dict) and {str(key).lower() for key in value} == {"value"}
        values[name] = next(iter(value.values())) if wrapped and isinstance(value, dict) else value
    return values


def _group(node: Node) -> Group:
    members = node.members()
    name = members.get("name")
    if name is None:
        node.fail("A group needs a 'name'")
    return Group(
        name=name.text(),
        display_name=optional_text(members, "displayname"),
        category=optional_text(members, "category"),
        description=optional_text(members, "description"),
        metadata_id=optional_text(members, "additionalmetadataid"),
    )


def _check_references(policies: Node, references: list[PolicyReference], groups: tuple[Group, ...]) -> None:
    seen: set[str] = set()
    names = {group.name.lower() for group in groups}
    for index, reference in enumerate(references):
        place = policies.child(index, None)
        if reference.reference_id.lower() in seen:
            place.fail(f"The reference '{reference.reference_id}' occurs twice")
        seen.add(reference.reference_id.lower())
        missing = [group for group in reference.groups if group.lower() not in names]
        if missing:
            place.fail(f"The group '{missing[0]}' is not among 'policyDefinitionGroups'")


def parse_assignment(document: object) -> Assignment:
    """A policy assignment.

    Raises DefinitionError.
    """
    root = Node(document)
    outer, members = _properties(root)
    definition = members.get("policydefinitionid")
    if definition is None:
        root.fail("An assignment needs its 'policyDefinitionId'")
    mode = optional_text(members, "enforcementmode").lower() or "default"
    if mode not in ("default", "donotenforce", "enroll"):
        members["enforcementmode"].fail(f"'{mode}' is neither Default nor DoNotEnforce")
    version = optional_text(members, "definitionversion")
    if version and not is_range(version):
        members["definitionversion"].fail(f"'{version}' is neither a version nor a range like 1.*.*")
    not_scopes = _texts(members.get("notscopes"))
    if len(not_scopes) > _SCOPES:
        members["notscopes"].fail(f"An assignment excludes at most {_SCOPES} scopes")
    return Assignment(
        definition_id=definition.text(),
        scope=optional_text(members, "scope") or _scope_of(optional_text(outer, "id"), "policyassignments"),
        name=optional_text(outer, "name"),
        id=optional_text(outer, "id"),
        display_name=optional_text(members, "displayname"),
        version=version,
        parameters=parameter_values(members.get("parameters")),
        not_scopes=not_scopes,
        enforced=mode == "default",
        messages=tuple(_message(node) for node in _listed(members.get("noncompliancemessages"))),
        resource_selectors=_resource_selectors(members.get("resourceselectors")),
        overrides=_overrides(members.get("overrides")),
        metadata=metadata_of(members),
    )


def _scope_of(identifier: str, kind: str) -> str:
    """The scope in the id of an assignment or exemption: what stands before the provider."""
    marker = f"/providers/microsoft.authorization/{kind}/"
    position = identifier.lower().rfind(marker)
    return identifier[:position] if position >= 0 else ""


def _message(node: Node) -> Message:
    members = node.members()
    return Message(optional_text(members, "message"), optional_text(members, "policydefinitionreferenceid"))


def _bounded(node: Node | None, limit: int) -> list[Node]:
    nodes = list(_listed(node))
    if node is not None and len(nodes) > limit:
        node.fail(f"There are at most {limit} of these")
    return nodes


def _resource_selectors(node: Node | None) -> tuple[ResourceSelector, ...]:
    found = []
    for each in _bounded(node, _SELECTORS):
        members = each.members()
        selectors = tuple(_selector(inner) for inner in _listed(members.get("selectors")))
        for selector in selectors:
            if selector.kind not in _RESOURCE_KINDS:
                each.fail(f"'{selector.kind}' selects no resources")
        found.append(ResourceSelector(optional_text(members, "name"), selectors))
    return tuple(found)


def _selector(node: Node) -> Selector:
    members = node.members()
    kind = _KINDS.get(optional_text(members, "kind").lower())
    if kind is None:
        node.fail(f"A selector's 'kind' is one of {', '.join(SelectorKind)}")
    if ("in" in members) == ("notin" in members):
        node.fail("A selector needs either 'in' or 'notIn'")
    excludes = "notin" in members
    values = _bounded(members["notin" if excludes else "in"], _SELECTOR_VALUES)
    return Selector(kind, frozenset(value.text().lower() for value in values), excludes)


def _overrides(node: Node | None) -> tuple[Override, ...]:
    found = []
    for each in _bounded(node, _SELECTORS):
        members = each.members()
        kind = _OVERRIDES.get(optional_text(members, "kind").lower())
        if kind is None:
            each.fail("An override's 'kind' is policyEffect or definitionVersion")
        value = optional_text(members, "value")
        effect = effect_named(value)
        if kind == "policyEffect" and effect is None:
            each.fail(f"'{value}' is no effect")
        if kind == "definitionVersion" and not is_range(value):
            each.fail(f"'{value}' is neither a version nor a range like 1.*.*")
        selectors = tuple(_selector(inner) for inner in _listed(members.get("selectors")))
        found.append(Override(kind, effect.value if effect is not None else value, selectors))
    return tuple(found)


def parse_exemption(document: object) -> Exemption:
    """A policy exemption.

    Raises DefinitionError.
    """
    root = Node(document)
    outer, members = _properties(root)
    assignment = members.get("policyassignmentid")
    if assignment is None:
        root.fail("An exemption needs its 'policyAssignmentId'")
    wanted = optional_text(members, "exemptioncategory").lower()
    category = next((each for each in ExemptionCategory if each.value.lower() == wanted), None)
    if category is None:
        members.get("exemptioncategory", root).fail(
            f"'exemptionCategory' is one of {', '.join(ExemptionCategory)}"
        )
    return Exemption(
        assignment_id=assignment.text(),
        scope=optional_text(members, "scope") or _scope_of(optional_text(outer, "id"), "policyexemptions"),
        category=category,
        name=optional_text(outer, "name"),
        id=optional_text(outer, "id"),
        display_name=optional_text(members, "displayname"),
        description=optional_text(members, "description"),
        reference_ids=frozenset(each.lower() for each in _texts(members.get("policydefinitionreferenceids"))),
        expires=_moment(members.get("expireson")),
        resource_selectors=_resource_selectors(members.get("resourceselectors")),
        metadata=metadata_of(members),
    )


def _moment(node: Node | None) -> float | None:
    if node is None or node.value in (None, ""):
        return None
    moment = moment_from(node.text())
    if moment is None:
        node.fail(f"'{node.text()[:40]}' is no moment; write 2027-01-31T00:00:00Z")
    return moment.stamp.timestamp()
