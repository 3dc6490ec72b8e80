"""Checking a definition before it is stored: what refuses it, and what its author should know.

Each check is one function that yields findings; `CHECKS` lists them.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.evaluation.fields import tag_of
from holdfast.policy.language.evaluation.policy import Language
from holdfast.policy.language.expressions.templates import Computed, Constant
from holdfast.policy.language.limits import CONDITIONS, FIELD_COUNTS, FUNCTIONS, VALUE_COUNTS
from holdfast.policy.language.rules import walk
from holdfast.policy.language.rules.definition import parse_definition
from holdfast.policy.language.rules.model import (
    AllOf,
    AnyOf,
    Condition,
    Definition,
    Effect,
    FieldCount,
    FieldOperand,
    ValueCount,
    effect_named,
)
from holdfast.policy.language.rules.parameters import KINDS, fits, is_allowed
from holdfast.policy.language.values import UNDEFINED, is_number, number_from, truth_from, type_name

_ROOT_NAMES: Final = frozenset(
    {"type", "id", "kind", "name", "location", "fullname", "tags", "apiversion", "identity"}
)
_MODES: Final = frozenset({"all", "indexed"})


class Severity(StrEnum):
    """Whether a finding refuses the definition."""

    ERROR = "error"
    WARNING = "warning"


class Finding(NamedTuple):
    """One thing to change."""

    severity: Severity
    pointer: str
    """The JSON pointer of the part."""
    message: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What the checks look at."""

    definition: Definition
    catalog: Catalog
    own: Callable[[str], bool]
    """Whether a resource type is ours, so that its aliases must exist."""

    @property
    def rule_pointer(self) -> str:
        """The JSON pointer of the rule."""
        return self.definition.rule_pointer


def lint(
    document: object, catalog: Catalog | None = None, own: Callable[[str], bool] = lambda name: False
) -> tuple[Finding, ...]:
    """Every finding of a definition, errors first."""
    known = catalog or Catalog()
    try:
        definition = parse_definition(document)
        Language(known).compile(definition)
    except DefinitionError as error:
        return (Finding(Severity.ERROR, error.field, error.reason),)
    subject = Subject(definition, known, own)
    found = {finding for check in CHECKS for finding in check(subject)}
    return tuple(sorted(found))


def _error(pointer: str, message: str) -> Finding:
    return Finding(Severity.ERROR, pointer, message)


def _warning(pointer: str, message: str) -> Finding:
    return Finding(Severity.WARNING, pointer, message)


def _aliases_exist(subject: Subject) -> Iterator[Finding]:
    for name, pointer in dict.fromkeys(walk.field_names(subject.definition.rule)):
        if not _is_property(name) and not subject.catalog.covers(name):
            yield _unknown_alias(subject, name, pointer)


def _is_property(name: str) -> bool:
    return name.lower().partition(".")[0] in _ROOT_NAMES or tag_of(name) is not None


def _unknown_alias(subject: Subject, name: str, pointer: str) -> Finding:
    if "/" not in name:
        return _warning(pointer, f"'{name}' is no alias; it is read as a path and may never be there")
    if subject.own(name):
        return _error(
            pointer, f"There is no alias '{name}'; `holdfast policy aliases` lists those that exist"
        )
    return _warning(
        pointer,
        f"The alias '{name}' is not known here; for resources of its type the policy is not applicable",
    )


def _computed(subject: Subject) -> Iterator[Computed]:
    return walk.expressions(subject.definition.rule)


def _parameters_are_declared(subject: Subject) -> Iterator[Finding]:
    used: set[str] = set()
    for template in _computed(subject):
        for call in walk.calls(template.expression):
            name = walk.literal_argument(call) if call.name.lower() == "parameters" else None
            if name is None:
                continue
            used.add(name.lower())
            if name.lower() not in subject.definition.parameters:
                found = _warning if subject.definition.is_published else _error
                yield found(template.pointer, f"The parameter '{name}' is not declared")
    if subject.definition.is_resource_manager:
        for name, parameter in subject.definition.parameters.items():
            if name not in used and not _serves_deployment(subject, name):
                yield _warning(parameter.pointer, f"The parameter '{parameter.name}' is not used")


def _serves_deployment(subject: Subject, name: str) -> bool:
    """Whether a deployment template among the details uses a parameter."""
    details = subject.definition.rule.details
    return details is not None and f"parameters('{name}')" in str(details.value).lower()


def _parameters_fit(subject: Subject) -> Iterator[Finding]:
    for parameter in subject.definition.parameters.values():
        if parameter.kind.lower() not in KINDS:
            yield _error(parameter.pointer, f"'{parameter.kind}' is no type of parameters")
        if parameter.default is UNDEFINED:
            continue
        pointer = f"{parameter.pointer}/defaultValue"
        if not fits(parameter.kind, parameter.default):
            yield _error(pointer, f"The default of '{parameter.name}' is not of the type {parameter.kind}")
        elif not is_allowed(parameter, parameter.default):
            yield _error(pointer, f"The default of '{parameter.name}' is none of its allowed values")


def _effect_is_known(subject: Subject) -> Iterator[Finding]:
    effect = subject.definition.rule.effect
    pointer = f"{subject.rule_pointer}/then/effect"
    if isinstance(effect, Constant):
        if effect_named(effect.value) is None:
            yield _error(pointer, f"'{effect.value}' is no effect; known are {', '.join(Effect)}")
        return
    for call in walk.calls(effect.expression):
        name = walk.literal_argument(call) if call.name.lower() == "parameters" else None
        parameter = subject.definition.parameters.get(name.lower()) if name else None
        if parameter is not None:
            unknown = [value for value in parameter.allowed if effect_named(value) is None]
            yield from (
                _error(f"{parameter.pointer}/allowedValues", f"'{each}' is no effect") for each in unknown
            )


def _details_are_complete(subject: Subject) -> Iterator[Finding]:
    rule = subject.definition.rule
    effect = effect_named(rule.effect.value) if isinstance(rule.effect, Constant) else None
    pointer = f"{subject.rule_pointer}/then"
    if effect is None:
        return
    if effect is Effect.DENY_ACTION and (rule.details is None or "actionnames" not in rule.details.members()):
        yield _error(pointer, "The effect 'denyAction' needs 'actionNames' in its 'details'")
    if (effect.needs_related or effect.changes) and rule.details is None:
        yield _error(pointer, f"The effect '{effect}' needs 'details'")
    elif (
        effect is Effect.MODIFY
        and rule.details is not None
        and "roledefinitionids" not in rule.details.members()
    ):
        yield _warning(f"{pointer}/details", "'modify' without 'roleDefinitionIds' is refused by Azure")


def _size_is_bounded(subject: Subject) -> Iterator[Finding]:
    rule = subject.definition.rule
    conditions = sum(1 for _ in walk.conditions(rule))
    counted = [condition.left for condition in walk.conditions(rule)]
    arrays = Counter(left.field.text.lower() for left in counted if isinstance(left, FieldCount))
    values = sum(isinstance(left, ValueCount) for left in counted)
    functions = sum(1 for template in _computed(subject) for _ in walk.calls(template.expression))
    if conditions > CONDITIONS:
        yield _error(subject.rule_pointer, f"{conditions} conditions are more than the {CONDITIONS} allowed")
    if values > VALUE_COUNTS:
        message = f"{values} counts of values are more than the {VALUE_COUNTS} allowed"
        yield _error(subject.rule_pointer, message)
    for name, number in arrays.items():
        if number > FIELD_COUNTS:
            message = f"{number} counts of '{name}' are more than the {FIELD_COUNTS} allowed"
            yield _error(subject.rule_pointer, message)
    if functions > FUNCTIONS:
        yield _error(
            subject.rule_pointer, f"{functions} function calls are more than the {FUNCTIONS} allowed"
        )


def _conditions_make_sense(subject: Subject) -> Iterator[Finding]:
    for condition in walk.conditions(subject.definition.rule):
        yield from _suspicious(condition)
    for root in (subject.definition.rule.condition, subject.definition.rule.existence):
        for each in walk.constraints(root):
            if isinstance(each, AllOf | AnyOf) and not each.children:
                result = "always" if isinstance(each, AllOf) else "never"
                yield _warning(each.pointer, f"A combination of no conditions {result} holds")


def _inner_counts_have_names(subject: Subject) -> Iterator[Finding]:
    for condition in walk.conditions(subject.definition.rule):
        within = condition.left.where if isinstance(condition.left, FieldCount | ValueCount) else None
        for each in walk.constraints(within):
            if isinstance(each, Condition) and isinstance(each.left, ValueCount) and not each.left.name:
                yield _warning(each.pointer, "Azure wants a 'name' for a count inside another one")


def _suspicious(condition: Condition) -> Iterator[Finding]:
    text = condition.right.value if isinstance(condition.right, Constant) else None
    if isinstance(text, str) and condition.operator in ("like", "notLike") and text.count("*") > 1:
        yield _warning(condition.pointer, "Azure accepts at most one '*' in 'like' and 'notLike'")
    if isinstance(text, str) and condition.operator in ("contains", "notContains") and "*" in text:
        yield _warning(condition.pointer, f"'{condition.operator}' knows no wildcard: '*' is meant literally")
    if isinstance(condition.left, FieldOperand) and condition.left.text.lower() == "tags[*]":
        yield _warning(condition.pointer, "tags are no array; use tags.name or 'containsKey'")


def _operands_fit(subject: Subject) -> Iterator[Finding]:
    for condition in walk.conditions(subject.definition.rule):
        if not isinstance(condition.right, Constant):
            continue
        value = condition.right.value
        wanted, accepts = _OPERANDS.get(condition.operator.removeprefix("not").lower(), ("", _anything))
        if isinstance(condition.left, FieldCount | ValueCount) and wanted in ("", _ORDERED):
            wanted, accepts = "a number", _is_numeric
        if not accepts(value):
            pointer = f"{condition.pointer}/{condition.operator}"
            yield _error(pointer, f"'{condition.operator}' takes {wanted} here, not {type_name(value)}")


def _anything(_value: object) -> bool:
    return True


def _is_text(value: object) -> bool:
    return isinstance(value, str) or is_number(value)


def _is_numeric(value: object) -> bool:
    return is_number(value) or (isinstance(value, str) and number_from(value) is not None)


_ORDERED: Final = "a text or a number"
_PATTERN: Final = ("a text", _is_text)
_ORDER: Final = (_ORDERED, _is_text)
_OPERANDS: Final[Mapping[str, tuple[str, Callable[[object], bool]]]] = {
    "containskey": _PATTERN,
    "exists": ("true or false", lambda value: truth_from(value) is not None),
    "greater": _ORDER,
    "greaterorequals": _ORDER,
    "in": ("an array", lambda value: isinstance(value, list)),
    "less": _ORDER,
    "lessorequals": _ORDER,
    "like": _PATTERN,
    "match": _PATTERN,
    "matchinsensitively": _PATTERN,
}
"""What operators take, without their negation and in lower case; the others take anything."""


def _is_described(subject: Subject) -> Iterator[Finding]:
    definition = subject.definition
    if definition.mode.lower() not in _MODES and not definition.mode.lower().endswith(".data"):
        yield _warning(
            "/properties/mode", f"The mode '{definition.mode}' is neither All, Indexed nor a data plane's"
        )
    for name, text in (
        ("displayName", definition.display_name),
        ("metadata/version", definition.version),
        ("metadata/category", definition.metadata.get("category")),
    ):
        if not text:
            yield _warning(f"/properties/{name}", f"'{name}' is missing; people and initiatives look for it")
    if definition.metadata.get("deprecated") is True:
        yield _warning("/properties/metadata/deprecated", "The definition is marked as deprecated")


CHECKS: Final[tuple[Callable[[Subject], Iterator[Finding]], ...]] = (
    _aliases_exist,
    _parameters_are_declared,
    _parameters_fit,
    _effect_is_known,
    _details_are_complete,
    _size_is_bounded,
    _conditions_make_sense,
    _inner_counts_have_names,
    _operands_fit,
    _is_described,
)
"""Every check."""
