"""Policy rules from JSON; every key in any letter case, every refusal with its JSON pointer."""

from typing import Final

from holdfast.policy.language.aliases.paths import WILDCARD
from holdfast.policy.language.documents import Node
from holdfast.policy.language.expressions.templates import Constant, parse_template, parse_text
from holdfast.policy.language.limits import CONDITION_DEPTH
from holdfast.policy.language.operators import BY_FOLDED_NAME
from holdfast.policy.language.rules.model import (
    AllOf,
    AnyOf,
    Condition,
    Constraint,
    FieldCount,
    FieldOperand,
    Not,
    Operand,
    Rule,
    ValueCount,
    ValueOperand,
)

_COMBINATORS: Final = {"allof": "allOf", "anyof": "anyOf", "not": "not"}
_LEFT: Final = ("field", "value", "count")
_COUNT_KEYS: Final = frozenset({"field", "value", "name", "where"})


def parse_rule(node: Node) -> Rule:
    """A `policyRule` object.

    Raises DefinitionError.
    """
    members = node.members()
    condition = members.get("if")
    then = members.get("then")
    if condition is None or then is None:
        node.fail(f"A policy rule needs '{'if' if condition is None else 'then'}'")
    consequence = then.members()
    effect = consequence.get("effect")
    if effect is None:
        then.fail("'then' needs an 'effect'")
    details = consequence.get("details")
    return Rule(parse_constraint(condition), parse_text(effect), details, _existence(details))


def _existence(details: Node | None) -> Constraint | None:
    if details is None or not isinstance(details.value, dict):
        return None
    condition = details.members().get("existencecondition")
    return None if condition is None else parse_constraint(condition)


def parse_constraint(node: Node, depth: int = 1) -> Constraint:
    """The object after `if`, `not`, `where` or inside `allOf` and `anyOf`.

    Raises DefinitionError.
    """
    if depth > CONDITION_DEPTH:
        node.fail(f"Conditions nest deeper than {CONDITION_DEPTH} levels")
    members = node.members()
    combinator = next((key for key in members if key in _COMBINATORS), None)
    if combinator is None:
        return _condition(node, members, depth)
    if len(members) > 1:
        other = next(each.name for key, each in members.items() if key != combinator)
        node.fail(f"'{_COMBINATORS[combinator]}' stands alone in its object; '{other}' must go elsewhere")
    inner = members[combinator]
    if combinator == "not":
        return Not(parse_constraint(inner, depth + 1), node.pointer)
    children = tuple(parse_constraint(child, depth + 1) for child in inner.items())
    return AllOf(children, node.pointer) if combinator == "allof" else AnyOf(children, node.pointer)


def _condition(node: Node, members: dict[str, Node], depth: int) -> Condition:
    left = [key for key in members if key in _LEFT]
    operators = [key for key in members if key in BY_FOLDED_NAME]
    unknown = next(
        (each for key, each in members.items() if key not in _LEFT and key not in BY_FOLDED_NAME), None
    )
    if unknown is not None:
        unknown.fail(f"'{unknown.name}' is neither an operator nor 'field', 'value' or 'count'")
    if len(left) != 1:
        node.fail(f"A condition needs exactly one of 'field', 'value' and 'count', found {len(left)}")
    if len(operators) != 1:
        node.fail(f"A condition needs exactly one operator, found {len(operators)}")
    operand = _operand(left[0], members[left[0]], depth)
    name = operators[0]
    return Condition(operand, BY_FOLDED_NAME[name], parse_template(members[name]), node.pointer)


def _operand(kind: str, node: Node, depth: int) -> Operand:
    if kind == "field":
        return FieldOperand(parse_text(node), node.pointer)
    return ValueOperand(parse_template(node)) if kind == "value" else _count(node, depth)


def _count(node: Node, depth: int) -> FieldCount | ValueCount:
    members = node.members()
    unknown = next((each for key, each in members.items() if key not in _COUNT_KEYS), None)
    if unknown is not None:
        unknown.fail(f"'{unknown.name}' is not known in 'count'")
    if ("field" in members) == ("value" in members):
        node.fail("'count' needs either 'field' or 'value'")
    where = None if "where" not in members else parse_constraint(members["where"], depth + 1)
    if "value" in members:
        name = members["name"].text() if "name" in members else ""
        return ValueCount(parse_template(members["value"]), name, where)
    if "name" in members:
        members["name"].fail("'name' belongs to a 'count' over a 'value'")
    field = FieldOperand(parse_text(members["field"]), members["field"].pointer)
    if isinstance(field.name, Constant) and WILDCARD not in field.text:
        members["field"].fail(f"'count' needs an array alias with {WILDCARD}")
    return FieldCount(field, where)
