"""Compiling constraints: each becomes a test, an explanation of the test, and a test of applicability."""

from collections.abc import Callable
from typing import Final, NamedTuple

from holdfast.policy.language.aliases.paths import PathSyntaxError
from holdfast.policy.language.errors import DefinitionError, TemplateError
from holdfast.policy.language.evaluation import counts
from holdfast.policy.language.evaluation.expressions import Value, compile_template
from holdfast.policy.language.evaluation.fields import Access, Read, Setting, access, every
from holdfast.policy.language.evaluation.reasons import Reason
from holdfast.policy.language.evaluation.scope import Scope
from holdfast.policy.language.expressions.templates import ArrayTemplate, Computed, Constant, ObjectTemplate
from holdfast.policy.language.limits import EXPLAINED_MEMBERS
from holdfast.policy.language.operators import OPERATORS, Operator
from holdfast.policy.language.rules.model import (
    AllOf,
    AnyOf,
    Condition,
    Constraint,
    FieldCount,
    FieldOperand,
    Not,
    ValueCount,
    ValueOperand,
)
from holdfast.policy.language.values import UNDEFINED, fold

Test = Callable[[Scope], bool]
Explain = Callable[[Scope], Reason]
Applies = Callable[[Scope], bool | None]

_DECIDES_APPLICABILITY: Final = frozenset({"type", "kind", "name"})
_COMPARED_AS_LOCATION: Final = frozenset({"equals", "notEquals", "in", "notIn"})
_OVER_RIGHT: Final = frozenset({"in", "notIn"})
_OVER_LEFT: Final = frozenset({"contains", "notContains"})
_ORDERING: Final = frozenset({"greater", "greaterOrEquals", "less", "lessOrEquals"})
_REMEMBERED_NAMES: Final = 256


class Check(NamedTuple):
    """A compiled constraint."""

    holds: Test
    explain: Explain
    applies: Applies
    """Whether the constraint can hold by type, kind and name alone; None when they say nothing about it."""


def compile_constraint(constraint: Constraint, setting: Setting) -> Check:
    """Compile a constraint.

    Raises DefinitionError when a field is no path or an expression calls what policies cannot.
    """
    match constraint:
        case AllOf(children=children, pointer=pointer):
            return _all_of([compile_constraint(child, setting) for child in children], pointer)
        case AnyOf(children=children, pointer=pointer):
            return _any_of([compile_constraint(child, setting) for child in children], pointer)
        case Not(child=child, pointer=pointer):
            return _negation(compile_constraint(child, setting), pointer)
        case Condition():
            return _condition(constraint, setting)


def _all_of(children: list[Check], pointer: str) -> Check:
    tests = [child.holds for child in children]

    def holds(scope: Scope) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost more than most conditions
            if not test(scope):
                return False
        return True

    def explain(scope: Scope) -> Reason:
        looked_at = _until(children, scope, stop=False)
        return Reason("allOf", all(each.result for each in looked_at), pointer=pointer, children=looked_at)

    def applies(scope: Scope) -> bool | None:
        answers = [child.applies(scope) for child in children]
        return False if False in answers else None if None in answers else True

    return Check(holds, explain, applies)


def _any_of(children: list[Check], pointer: str) -> Check:
    tests = [child.holds for child in children]

    def holds(scope: Scope) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost more than most conditions
            if test(scope):
                return True
        return False

    def explain(scope: Scope) -> Reason:
        looked_at = _until(children, scope, stop=True)
        return Reason("anyOf", any(each.result for each in looked_at), pointer=pointer, children=looked_at)

    def applies(scope: Scope) -> bool | None:
        answers = [child.applies(scope) for child in children]
        return True if True in answers else None if None in answers else False

    return Check(holds, explain, applies)


def _until(children: list[Check], scope: Scope, *, stop: bool) -> tuple[Reason, ...]:
    """The reasons of children up to the first one that comes to `stop`."""
    reasons: list[Reason] = []
    for child in children:
        reasons.append(child.explain(scope))
        if reasons[-1].result is stop:
            break
    return tuple(reasons)


def _negation(child: Check, pointer: str) -> Check:
    test, explain_child, child_applies = child

    def explain(scope: Scope) -> Reason:
        inner = explain_child(scope)
        return Reason("not", not inner.result, pointer=pointer, children=(inner,))

    def applies(scope: Scope) -> bool | None:
        answer = child_applies(scope)
        return None if answer is None else not answer

    return Check(lambda scope: not test(scope), explain, applies)


def _unrelated(_scope: Scope) -> bool | None:
    return None


def _condition(condition: Condition, setting: Setting) -> Check:
    right = compile_template(condition.right, setting)
    match condition.left:
        case FieldOperand():
            return _field_condition(condition, condition.left, right, setting)
        case ValueOperand(value=template):
            expression = _expression_text(template)
            return _value_condition(condition, compile_template(template, setting), right, expression)
        case FieldCount() | ValueCount():
            return _count_condition(condition, condition.left, right, setting)


def _expression_text(template: Constant | Computed | ArrayTemplate | ObjectTemplate) -> str:
    return template.source if isinstance(template, Computed) else "value"


def _weighed(read: Read, operator: str, kinds: frozenset[str]) -> Read:
    """`read`, and the steps that the operator takes when it compares with each member of what was read."""
    if operator not in kinds:
        return read

    def weighed(scope: Scope) -> object:
        value = read(scope)
        scope.budget.spend_on(value)
        return value

    return weighed


def _ordered(test: Test, operator: str, read: Read, read_right: Read) -> Test:
    """`test`, which notes a fault where it compared values that have no order."""
    if operator not in _ORDERING:
        return test

    def holds(scope: Scope) -> bool:
        result = test(scope)
        if not result:
            scope.compared(operator, read(scope), read_right(scope))
        return result

    return holds


def _value_condition(condition: Condition, left: Value, right: Value, expression: str) -> Check:
    """A value that cannot be computed fulfils no condition."""
    operator = OPERATORS[condition.operator]
    read = _weighed(left.read, condition.operator, _OVER_LEFT)
    read_right = _weighed(right.read, condition.operator, _OVER_RIGHT)

    def holds(scope: Scope) -> bool:
        value = read(scope)
        return value is not UNDEFINED and operator(value, read_right(scope))

    def explain(scope: Scope) -> Reason:
        actual = read(scope)
        expected = UNDEFINED if actual is UNDEFINED else read_right(scope)
        result = actual is not UNDEFINED and operator(actual, expected)
        return Reason("value", result, expression, condition.operator, actual, expected, condition.pointer)

    return Check(_ordered(holds, condition.operator, read, read_right), explain, _unrelated)


def _field_condition(condition: Condition, operand: FieldOperand, right: Value, setting: Setting) -> Check:
    if isinstance(operand.name, Computed):
        return _computed_field(condition, operand, right, setting)
    name = operand.text
    reached = _access(name, setting, operand.pointer)
    if reached.is_plural:
        return _every_member(condition, name, reached, right)
    check = _single_field(condition, name, reached, right)
    return check._replace(applies=check.holds) if reached.path in _DECIDES_APPLICABILITY else check


def _access(name: str, setting: Setting, pointer: str) -> Access:
    try:
        return access(name, setting)
    except PathSyntaxError as error:
        raise DefinitionError(str(error), pointer) from None


def _single_field(condition: Condition, name: str, reached: Access, right: Value) -> Check:
    read = _weighed(reached.reader(), condition.operator, _OVER_LEFT)
    read_right = _weighed(right.read, condition.operator, _OVER_RIGHT)
    operator = _operator(condition.operator, reached)

    def holds(scope: Scope) -> bool:
        value = read(scope)
        return operator(None if value is UNDEFINED else value, read_right(scope))

    def explain(scope: Scope) -> Reason:
        actual, expected = read(scope), read_right(scope)
        result = operator(None if actual is UNDEFINED else actual, expected)
        return Reason("field", result, name, condition.operator, actual, expected, condition.pointer)

    quick = _quick_equality(condition.operator, reached, right)
    quick = quick or _quick_membership(condition.operator, reached, right)
    return Check(quick or _ordered(holds, condition.operator, read, read_right), explain, _unrelated)


def _quick_equality(operator: str, reached: Access, right: Value) -> Test | None:
    """`equals` with a text that is known: most conditions of most policies are this one, over `type`."""
    text = right.constant
    if operator != "equals" or not isinstance(text, str) or reached.path == "location":
        return None
    read, folded, full = reached.reader(), fold(text), OPERATORS["equals"]

    def holds(scope: Scope) -> bool:
        value = read(scope)
        if isinstance(value, str):
            return value == text or fold(value) == folded
        return full(None if value is UNDEFINED else value, text)

    return holds


def _quick_membership(operator: str, reached: Access, right: Value) -> Test | None:
    """`in` and `notIn` with texts that are known: lists of types and of publishers have hundreds."""
    texts = right.constant
    if operator not in _OVER_RIGHT or not isinstance(texts, list) or reached.path == "location":
        return None
    if not all(isinstance(text, str) for text in texts):
        return None
    read, folded, full = reached.reader(), frozenset(map(fold, texts)), OPERATORS[operator]
    wanted = operator == "in"

    def holds(scope: Scope) -> bool:
        value = read(scope)
        if isinstance(value, str):
            return (fold(value) in folded) is wanted
        scope.budget.spend_on(texts)
        return full(None if value is UNDEFINED else value, texts)

    return holds


def _operator(name: str, reached: Access) -> Operator:
    """The operator; locations compare without blanks, so that `East US` is `eastus`."""
    operator = OPERATORS[name]
    if reached.path != "location" or name not in _COMPARED_AS_LOCATION:
        return operator
    return lambda left, right: operator(_location(left), _location(right))


def _location(value: object) -> object:
    if isinstance(value, list):
        return [_location(each) for each in value]
    return value.replace(" ", "") if isinstance(value, str) else value


def _every_member(condition: Condition, name: str, reached: Access, right: Value) -> Check:
    """A field with `[*]` outside a count of its array: the condition must hold for each member."""
    operator, base, parts = OPERATORS[condition.operator], reached.base, reached.parts
    read_right, is_ordering = right.read, condition.operator in _ORDERING

    def test(value: object, expected: object, scope: Scope) -> bool:
        scope.budget.spend_on(expected)
        result = operator(value, expected)
        if is_ordering and not result:
            scope.compared(condition.operator, value, expected)
        return result

    def holds(scope: Scope) -> bool:
        expected = read_right(scope)
        return every(base(scope), parts, lambda value: test(value, expected, scope), scope)

    def explain(scope: Scope) -> Reason:
        expected = read_right(scope)
        members = tuple(
            Reason("member", operator(value, expected), name, condition.operator, value, expected)
            for value, _ in zip(reached.values(scope), range(EXPLAINED_MEMBERS), strict=False)
        )
        actual = [member.actual for member in members]
        return Reason(
            "field", holds(scope), name, condition.operator, actual, expected, condition.pointer, members
        )

    return Check(holds, explain, _unrelated)


def _computed_field(condition: Condition, operand: FieldOperand, right: Value, setting: Setting) -> Check:
    """A field whose name an expression gives; compiled once for each name that it comes to."""
    name = compile_template(operand.name, setting)
    if isinstance(name.constant, str):
        plain = FieldOperand(Constant(name.constant), operand.pointer)
        return _field_condition(condition, plain, right, setting)
    known: dict[object, Check] = {}

    def check(scope: Scope) -> Check:
        wanted = name.read(scope)
        found = known.get(wanted) if isinstance(wanted, str) else None
        if found is None:
            found = _check_of_name(condition, operand, wanted, right, setting)
            if isinstance(wanted, str) and len(known) < _REMEMBERED_NAMES:
                known[wanted] = found
        return found

    return Check(
        lambda scope: check(scope).holds(scope), lambda scope: check(scope).explain(scope), _unrelated
    )


def _check_of_name(
    condition: Condition, operand: FieldOperand, name: object, right: Value, setting: Setting
) -> Check:
    if not isinstance(name, str):
        raise TemplateError(f"{operand.text} does not name a field")
    try:
        plain = FieldOperand(Constant(name), operand.pointer)
        return _field_condition(condition, plain, right, setting)
    except DefinitionError as error:
        raise TemplateError(f"{operand.text} gives '{name[:80]}': {error.reason}") from None


def _count_condition(
    condition: Condition, counted: FieldCount | ValueCount, right: Value, setting: Setting
) -> Check:
    count = counts.compile_count(counted, setting, compile_constraint)
    operator, read_right = OPERATORS[condition.operator], right.read

    def explain(scope: Scope) -> Reason:
        members = count.explain(scope)
        number, expected = count.number(scope), read_right(scope)
        result = operator(number, expected)
        return Reason(
            "count", result, count.text, condition.operator, number, expected, condition.pointer, members
        )

    return Check(lambda scope: operator(count.number(scope), read_right(scope)), explain, _unrelated)
