"""What can be said of a definition by the type of a resource alone, before anything is evaluated."""

from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.evaluation.conditions import compile_constraint
from holdfast.policy.language.evaluation.fields import PlainNames, Setting
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
from holdfast.policy.language.rules.walk import field_names


def may_concern(definition: Definition, resource_type: str) -> bool:
    """Whether `if` can hold for some resource of a type; one that it cannot hold for is not applicable."""
    scope = Scope({"type": resource_type}, {}, {}, 1, Budget())
    return _holds(definition.rule.condition, scope) is not False


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
        case Condition(left=FieldOperand(name=Constant(value=name)), right=Constant()) if _is_type(name):
            return compile_constraint(constraint, Setting(PlainNames())).holds(scope)
        case _:
            return None


def _is_type(name: object) -> bool:
    return isinstance(name, str) and name.lower() == "type"


def unknown_aliases(definition: Definition, resource_type: str, catalog: Catalog) -> tuple[str, ...]:
    """Aliases of a type that a definition asks for and the catalog does not have: what they stand for does
    nothing here, so that the definition says nothing about resources of the type."""
    prefix = f"{resource_type.lower()}/"
    names = dict.fromkeys(name for name, _ in field_names(definition.rule))
    return tuple(name for name in names if name.lower().startswith(prefix) and not catalog.covers(name))
