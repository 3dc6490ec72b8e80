"""What can be said of a definition by the type of a resource alone, before anything is evaluated."""

from collections.abc import Iterator

from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.evaluation.conditions import compile_constraint
from holdfast.policy.language.evaluation.fields import PlainNames, Setting, tag_of
from holdfast.policy.language.evaluation.scope import Budget, Scope
from holdfast.policy.language.expressions.templates import Constant
from holdfast.policy.language.rules.model import (
    AllOf,
    AnyOf,
    Condition,
    Constraint,
    Definition,
    FieldOperand,
    Not,
)
from holdfast.policy.language.rules.walk import constraints, fields_of


def may_concern(definition: Definition, resource_type: str) -> bool:
    """Whether `if` can hold for some resource of a type; one that it cannot hold for is not applicable."""
    return _holds(definition.rule.condition, _scope(resource_type)) is not False


def unknown_aliases(definition: Definition, resource_type: str, catalog: Catalog) -> tuple[str, ...]:
    """Aliases that the catalog does not have and on which the answer for a type depends.

    What they stand for does nothing here, so that the definition says nothing about resources of the type.
    """
    rule, scope = definition.rule, _scope(resource_type)
    deciding = [
        *_undecided(rule.condition, scope),
        *(each for each in constraints(rule.existence) if isinstance(each, Condition)),
    ]
    names = dict.fromkeys(name for condition in deciding for name, _ in fields_of(condition))
    return tuple(name for name in names if "/" in name and tag_of(name) is None and not catalog.covers(name))


def _scope(resource_type: str) -> Scope:
    return Scope({"type": resource_type}, {}, {}, 1, Budget())


def _undecided(constraint: Constraint, scope: Scope) -> Iterator[Condition]:
    """The comparisons that are left when the type has decided what it can."""
    if _holds(constraint, scope) is not None:
        return
    match constraint:
        case AllOf(children=children) | AnyOf(children=children):
            for child in children:
                yield from _undecided(child, scope)
        case Not(child=child):
            yield from _undecided(child, scope)
        case Condition():
            yield from (each for each in constraints(constraint) if isinstance(each, Condition))


def _holds(constraint: Constraint, scope: Scope) -> bool | None:
    """Whether a constraint holds; None when the type says nothing about it."""
    match constraint:
        case AllOf(children=children):
            answers = {_holds(child, scope) for child in children}
            return False if False in answers else None if None in answers else True
        case AnyOf(children=children):
            answers = {_holds(child, scope) for child in children}
            return True if True in answers else None if None in answers else False
        case Not(child=child):
            answer = _holds(child, scope)
            return None if answer is None else not answer
        case Condition(left=FieldOperand(name=Constant(value=str() as name)), right=Constant()) if (
            name.lower() == "type"
        ):
            return compile_constraint(constraint, Setting(PlainNames())).holds(scope)
        case _:
            return None
