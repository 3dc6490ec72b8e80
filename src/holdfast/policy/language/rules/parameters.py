"""Values for parameters: whether they fit the type and the allowed values that a definition declares."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from holdfast.policy.language.expressions.syntax import is_expression
from holdfast.policy.language.functions.moments import moment_from
from holdfast.policy.language.rules.model import Parameter
from holdfast.policy.language.values import UNDEFINED, equal, is_number, type_name

KINDS: Final = frozenset({"string", "array", "object", "boolean", "integer", "float", "datetime"})
"""The types of parameters in lower case."""


class Misfit(NamedTuple):
    """A parameter whose value cannot be used, and why."""

    parameter: str
    message: str


def fits(kind: str, value: object) -> bool:
    """Whether a value is of a parameter type; any value is of a type that is not known."""
    match kind.lower():
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return is_number(value)
        case "datetime":
            return moment_from(value) is not None
    return True


def is_allowed(parameter: Parameter, value: object) -> bool:
    """Whether a value, or each member of an array, is among the allowed ones (texts without case)."""
    if not parameter.allowed or _among(value, parameter.allowed):
        return True
    return isinstance(value, list) and all(_among(member, parameter.allowed) for member in value)


def _among(value: object, allowed: tuple[object, ...]) -> bool:
    return any(equal(value, each) for each in allowed)


def misfits(parameters: Mapping[str, Parameter], given: Mapping[str, object]) -> Iterator[Misfit]:
    """What is wrong with the values of an assignment: missing, unknown, of another type, not allowed.

    Expressions are taken as they are: they are computed when the policy is evaluated.
    """
    values = {name.lower(): value for name, value in given.items()}
    for name, parameter in parameters.items():
        if name not in values:
            if parameter.default is UNDEFINED:
                yield Misfit(parameter.name, f"The parameter '{parameter.name}' has no value and no default")
            continue
        yield from _value_misfits(parameter, values[name])
    for name in given:
        if name.lower() not in parameters:
            yield Misfit(name, f"There is no parameter '{name}'")


def _value_misfits(parameter: Parameter, value: object) -> Iterator[Misfit]:
    if isinstance(value, str) and is_expression(value):
        return
    if not fits(parameter.kind, value):
        wanted = f"is declared as {parameter.kind}"
        yield Misfit(parameter.name, f"The parameter '{parameter.name}' {wanted}, not {type_name(value)}")
    elif not is_allowed(parameter, value):
        yield Misfit(parameter.name, f"The value of '{parameter.name}' is none of the allowed ones")
