"""JSON values in which strings may be template expressions: parsed once, computed at each evaluation."""

from dataclasses import dataclass
from typing import NamedTuple

from holdfast.policy.language.documents import Node
from holdfast.policy.language.expressions.syntax import (
    Expression,
    ExpressionSyntaxError,
    is_expression,
    parse_expression,
    unescape,
)


class Constant(NamedTuple):
    """A value that is the same in each evaluation."""

    value: object


@dataclass(frozen=True, slots=True)
class Computed:
    """A string that is an expression."""

    expression: Expression
    source: str
    """As written, with its brackets."""
    pointer: str


class ArrayTemplate(NamedTuple):
    """An array with an expression somewhere in it."""

    items: tuple["Template", ...]


class ObjectTemplate(NamedTuple):
    """An object with an expression somewhere in it."""

    members: tuple[tuple[str, "Template"], ...]


Template = Constant | Computed | ArrayTemplate | ObjectTemplate


def parse_text(node: Node) -> Constant | Computed:
    """A string that may be an expression.

    Raises DefinitionError when the expression has a fault.
    """
    text = node.text()
    if not is_expression(text):
        return Constant(unescape(text))
    try:
        return Computed(parse_expression(text), text, node.pointer)
    except ExpressionSyntaxError as error:
        node.fail(str(error))


def parse_template(node: Node) -> Template:
    """A value with the expressions in it parsed.

    Raises DefinitionError when one of them has a fault.
    """
    if isinstance(node.value, str):
        return parse_text(node)
    if isinstance(node.value, list):
        items = tuple(parse_template(item) for item in node.items())
        if all(isinstance(item, Constant) for item in items):
            return Constant([item.value for item in items if isinstance(item, Constant)])
        return ArrayTemplate(items)
    if isinstance(node.value, dict):
        members = tuple(
            (str(key), parse_template(node.child(key, value))) for key, value in node.value.items()
        )
        if all(isinstance(member, Constant) for _, member in members):
            return Constant({key: member.value for key, member in members if isinstance(member, Constant)})
        return ObjectTemplate(members)
    return Constant(node.value)
