"""Going through the parts of a rule: every condition, template expression and field name."""

from collections.abc import Iterator

from holdfast.policy.language.documents import Node
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.expressions.syntax import Call, Expression, Index, Literal, Member, Name
from holdfast.policy.language.expressions.templates import (
    ArrayTemplate,
    Computed,
    Constant,
    ObjectTemplate,
    Template,
    parse_template,
)
from holdfast.policy.language.rules.model import (
    AllOf,
    AnyOf,
    Condition,
    Constraint,
    FieldCount,
    FieldOperand,
    Not,
    Rule,
    ValueCount,
    ValueOperand,
)

_UNREAD_DETAILS = frozenset(
    {"deployment", "existencecondition", "policytemplate", "constraintinfo", "templateinfo"}
)
"""Details with expressions that are not the policy's own: deployment templates, constraints of Kubernetes."""


def constraints(root: Constraint | None) -> Iterator[Constraint]:
    """A constraint and every one inside of it, the outer ones first."""
    if root is None:
        return
    yield root
    match root:
        case AllOf(children=children) | AnyOf(children=children):
            for child in children:
                yield from constraints(child)
        case Not(child=child):
            yield from constraints(child)
        case Condition(left=FieldCount(where=where) | ValueCount(where=where)):
            yield from constraints(where)


def conditions(rule: Rule) -> Iterator[Condition]:
    """Every comparison in `if` and in the existence condition."""
    for root in (rule.condition, rule.existence):
        yield from (each for each in constraints(root) if isinstance(each, Condition))


def _sides(condition: Condition) -> Iterator[Template]:
    yield condition.right
    match condition.left:
        case FieldOperand(name=name) | FieldCount(field=FieldOperand(name=name)):
            yield name
        case ValueOperand(value=value) | ValueCount(value=value):
            yield value


def templates(rule: Rule) -> Iterator[Template]:
    """Every value that may hold expressions: the sides of conditions, the effect and its details."""
    for condition in conditions(rule):
        yield from _sides(condition)
    yield rule.effect
    yield from detail_templates(rule.details)


def detail_templates(details: Node | None) -> Iterator[Template]:
    """The details of an effect, except those that are for others to read."""
    if details is None:
        return
    if not isinstance(details.value, dict):
        yield parse_template(details)
        return
    for key, node in details.members().items():
        if key not in _UNREAD_DETAILS:
            try:
                yield parse_template(node)
            except DefinitionError:
                continue  # of no concern to the policy, or compiling it already failed


def computed(template: Template) -> Iterator[Computed]:
    """Every expression in a value."""
    match template:
        case Computed():
            yield template
        case ArrayTemplate(items=items):
            for item in items:
                yield from computed(item)
        case ObjectTemplate(members=members):
            for _, member in members:
                yield from computed(member)
        case Constant():
            return


def expressions(rule: Rule) -> Iterator[Computed]:
    """Every expression in a rule."""
    for template in templates(rule):
        yield from computed(template)


def field_names(rule: Rule) -> Iterator[tuple[str, str]]:
    """Every field that a rule names outright, with the JSON pointer of where."""
    for condition in conditions(rule):
        yield from fields_of(condition)
    for template in (rule.effect, *detail_templates(rule.details)):
        yield from _fields_asked(template)


def fields_of(condition: Condition) -> Iterator[tuple[str, str]]:
    """Every field that one comparison names outright, those inside a count apart."""
    match condition.left:
        case FieldOperand(name=Constant()) as operand:
            yield operand.text, operand.pointer
        case FieldCount(field=FieldOperand(name=Constant()) as operand):
            yield operand.text, operand.pointer
    for template in _sides(condition):
        yield from _fields_asked(template)


def _fields_asked(template: Template) -> Iterator[tuple[str, str]]:
    """Every literal `field('…')` in a value."""
    for each in computed(template):
        for call in calls(each.expression):
            name = literal_argument(call) if call.name.lower() == "field" else None
            if name is not None:
                yield name, each.pointer


def calls(expression: Expression) -> Iterator[Call]:
    """Every call in an expression."""
    match expression:
        case Call(arguments=arguments):
            yield expression
            for argument in arguments:
                yield from calls(argument)
        case Member(container=container):
            yield from calls(container)
        case Index(container=container, key=key):
            yield from calls(container)
            yield from calls(key)
        case Literal() | Name():
            return


def literal_argument(call: Call) -> str | None:
    """The one argument of a call when it is a text, as in `parameters('effect')`."""
    match call.arguments:
        case (Literal(value=str() as text),):
            return text
    return None
