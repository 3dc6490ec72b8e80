"""Cases of single functions: `builtin`, `args`, and the value, nothing or error that is wanted."""

from collections.abc import Callable, Mapping
from typing import Final

from holdfast.policy.language.aliases.normalize import fold_keys
from holdfast.policy.language.aliases.paths import PathSyntaxError, split_path
from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.evaluation.fields import walk
from holdfast.policy.language.functions.table import FUNCTIONS
from holdfast.policy.language.operators import BY_FOLDED_NAME, OPERATORS
from holdfast.policy.language.values import UNDEFINED, same

_PREFIX: Final = "azure.policy."
_OPERATOR_PREFIX: Final = "op."
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "logic_all": "and",
    "logic_any": "or",
    "logic_not": "not",
    "intdiv": "div",
    "intmod": "mod",
}


def _get_parameter(given: object, defaults: object, name: object) -> object:
    for values in (given, defaults):
        if isinstance(values, dict) and name in values:
            found: object = values[name]
            return found
    return UNDEFINED


def _resolve_field(resource: object, path: object) -> object:
    try:
        return walk(fold_keys(resource), split_path(path)) if isinstance(path, str) else UNDEFINED
    except PathSyntaxError:
        return UNDEFINED


_OPERATIONS: Final[Mapping[str, Callable[..., object]]] = {
    "get_parameter": _get_parameter,
    "resolve_field": _resolve_field,
}


def function_named(name: str) -> Callable[..., object] | None:
    """What a suite means by `azure.policy.fn.pad_left`, `azure.policy.op.not_in`, `azure.policy.if`, …"""
    short = name.removeprefix(_PREFIX).removeprefix("fn.")
    if short in _OPERATIONS:
        return _OPERATIONS[short]
    folded = short.replace("_", "").lower()
    if short.startswith(_OPERATOR_PREFIX):
        published = BY_FOLDED_NAME.get(folded.removeprefix(_OPERATOR_PREFIX))
        return None if published is None else OPERATORS[published]
    known = FUNCTIONS.get(_OTHER_NAMES.get(short, _OTHER_NAMES.get(folded, folded)))
    return None if known is None else known.call


def run(settings: Mapping[str, object], case: Mapping[str, object]) -> str:
    """Run one case; what went wrong, empty when nothing did.

    Where an error or nothing is wanted both are right, and any wording: on an instance either refuses the
    change, and shows as an error in the states.
    """
    name = str(case.get("builtin") or settings.get("builtin") or "")
    function = function_named(name)
    arguments = case.get("args")
    if function is None or not isinstance(arguments, list):
        return f"there is no function {name}, or no list of arguments"
    try:
        result = function(*arguments)
    except TemplateError as error:
        return "" if _wants_no_value(case) else f"failed: {error}"
    except TypeError:
        result = UNDEFINED  # a wrong number of arguments, which the compiler refuses before
    return _difference(case, result)


def _wants_no_value(case: Mapping[str, object]) -> bool:
    return "want_error" in case or bool(case.get("want_undefined"))


def _difference(case: Mapping[str, object], result: object) -> str:
    if _wants_no_value(case):
        return "" if result is UNDEFINED else f"wanted no value, got {result!r}"
    wanted = None if case.get("want_null") else case.get("want")
    return "" if same(result, wanted) else f"wanted {wanted!r}, got {result!r}"
