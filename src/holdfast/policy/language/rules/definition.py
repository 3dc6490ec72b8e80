"""Policy definitions from JSON, as published: the whole Azure resource, or what its `properties` hold."""

from collections.abc import Mapping
from typing import Final

from holdfast.policy.language.documents import Node, optional_text
from holdfast.policy.language.rules.model import Definition, Parameter
from holdfast.policy.language.rules.parse import parse_rule
from holdfast.policy.language.values import UNDEFINED, type_name

_RECOGNIZED: Final = frozenset({"displayname", "description", "mode", "metadata", "parameters", "policyrule"})


def parse_definition(document: object) -> Definition:
    """A definition from a parsed JSON document; a bare rule (`if` and `then`) is one too.

    Raises DefinitionError with the JSON pointer of what is wrong.
    """
    root = Node(document)
    outer = root.members()
    if "if" in outer and "then" in outer:
        return Definition(parse_rule(root))
    members = _properties(outer)
    rule = members.get("policyrule")
    if rule is None:
        root.fail("A policy definition needs a 'policyRule'")
    return Definition(
        rule=parse_rule(rule),
        name=optional_text(outer, "name"),
        id=optional_text(outer, "id"),
        display_name=optional_text(members, "displayname"),
        description=optional_text(members, "description"),
        mode=optional_text(members, "mode") or "All",
        parameters=parse_parameters(members.get("parameters")),
        metadata=metadata_of(members),
        version=optional_text(members, "version") or _metadata_version(members),
        versions=tuple(each for each in _versions(members) if isinstance(each, str)),
        rule_pointer=rule.pointer,
        policy_type=optional_text(members, "policytype"),
    )


def _properties(outer: Mapping[str, Node]) -> Mapping[str, Node]:
    """What describes the definition: the members of `properties`, or those of the document itself."""
    wrapped = outer.get("properties")
    if wrapped is None or not isinstance(wrapped.value, dict):
        return outer
    inner = wrapped.members()
    for key, node in outer.items():
        if key == "properties":
            break
        if key in _RECOGNIZED and key in inner:
            node.fail(f"'{node.name}' stands both beside and inside 'properties'")
    return inner


def metadata_of(members: Mapping[str, Node]) -> Mapping[str, object]:
    """The `metadata` object; empty when there is none."""
    node = members.get("metadata")
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _metadata_version(members: Mapping[str, Node]) -> str:
    version = metadata_of(members).get("version")
    return version if isinstance(version, str) else ""


def _versions(members: Mapping[str, Node]) -> list[object]:
    node = members.get("versions")
    return node.value if node is not None and isinstance(node.value, list) else []


def parse_parameters(node: Node | None) -> Mapping[str, Parameter]:
    """The parameters of a definition or initiative by name in lower case.

    Raises DefinitionError.
    """
    if node is None or not node.value:
        return {}
    return {name: _parameter(each) for name, each in node.members().items()}


def _parameter(node: Node) -> Parameter:
    members = node.members()
    allowed = members.get("allowedvalues")
    default = members.get("defaultvalue")
    if allowed is not None and not isinstance(allowed.value, list | None):
        allowed.fail(f"Expected an array, found {type_name(allowed.value)}")
    return Parameter(
        name=node.name,
        kind=optional_text(members, "type"),
        default=UNDEFINED if default is None else default.value,
        allowed=tuple(allowed.value) if allowed is not None and isinstance(allowed.value, list) else (),
        pointer=node.pointer,
        metadata=metadata_of(members),
    )
