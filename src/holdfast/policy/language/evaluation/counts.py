"""Compiling `count`: how many members of an array fulfil `where`, each judged as if it were the only one."""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple, Protocol

from holdfast.policy.language.aliases.paths import WILDCARD, PathSyntaxError, Segments
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.evaluation.expressions import compile_template
from holdfast.policy.language.evaluation.fields import Access, Read, Setting, access, walk
from holdfast.policy.language.evaluation.reasons import Reason
from holdfast.policy.language.evaluation.scope import Scope
from holdfast.policy.language.expressions.templates import Computed
from holdfast.policy.language.limits import EXPLAINED_MEMBERS
from holdfast.policy.language.rules.model import Constraint, FieldCount, ValueCount


class Where(Protocol):
    """What this module needs of a compiled constraint."""

    @property
    def holds(self) -> Callable[[Scope], bool]:
        """Whether it holds."""
        ...

    @property
    def explain(self) -> Callable[[Scope], Reason]:
        """Why."""
        ...


Compile = Callable[[Constraint, Setting], Where]


class Count(NamedTuple):
    """A compiled count."""

    text: str
    """What it counts, as written."""
    number: Callable[[Scope], int]
    explain: Callable[[Scope], tuple[Reason, ...]]
    """The reasons of the first members, where there is a `where`."""


def compile_count(counted: FieldCount | ValueCount, setting: Setting, compile_where: Compile) -> Count:
    """Compile a count; an array that is not there has no members.

    Raises DefinitionError.
    """
    if isinstance(counted, ValueCount):
        text = counted.value.source if isinstance(counted.value, Computed) else "value"
        read = compile_template(counted.value, setting).read
        return _counting(text, read, setting.inside(name=counted.name), counted.where, compile_where)
    name = counted.field.text
    pointer = counted.field.pointer
    if isinstance(counted.field.name, Computed):
        raise DefinitionError("'count' cannot take a computed field", pointer)
    try:
        levels = _levels(_reached(name, setting), setting)
    except PathSyntaxError as error:
        raise DefinitionError(str(error), pointer) from None
    if not levels:
        raise DefinitionError(f"'count' needs an array alias with {WILDCARD}", pointer)
    count = _counting(name, levels[-1].read, levels[-1].setting, counted.where, compile_where)
    for level in reversed(levels[:-1]):
        count = _summed(level, count)
    return count


class _Level(NamedTuple):
    """One `[*]` of a path: the array, and the setting inside of it."""

    read: Read
    setting: Setting


def _reached(name: str, setting: Setting) -> Access:
    """The array; inside a count of the same array the name means the whole array again."""
    for depth in range(len(setting.bindings), 0, -1):
        reached = access(name, Setting(setting.names, setting.bindings[:depth]))
        if reached.is_plural:
            return reached
    return access(name, Setting(setting.names))


def _levels(reached: Access, setting: Setting) -> list[_Level]:
    """The arrays of a path from the outside in; each is read from the member of the one around it."""
    pieces = reached.path.split(WILDCARD)
    outer = len(pieces) - len(reached.parts) + 1
    read, levels = reached.reader(), []
    for index, below in enumerate(reached.parts[1:]):
        setting = setting.inside(array=WILDCARD.join(pieces[: outer + index]))
        levels.append(_Level(read, setting))
        read = _from_member(setting.slot, below)
    return levels


def _from_member(slot: int, segments: Segments) -> Read:
    return lambda scope: walk(scope.members[slot], segments)


def _counting(
    text: str, read: Read, inside: Setting, where: Constraint | None, compile_where: Compile
) -> Count:
    slot = inside.slot
    if where is None:
        return Count(text, lambda scope: len(_members(read(scope))), lambda scope: ())
    check = compile_where(where, inside)
    holds, explain_one = check.holds, check.explain

    def number(scope: Scope) -> int:
        total = 0
        for member in _members(read(scope)):
            scope.budget.spend()
            scope.members[slot] = member
            total += holds(scope)
        return total

    def explain(scope: Scope) -> tuple[Reason, ...]:
        reasons: list[Reason] = []
        for member in islice(_members(read(scope)), EXPLAINED_MEMBERS):
            scope.members[slot] = member
            inner = explain_one(scope)
            reasons.append(Reason("member", inner.result, text, actual=member, children=(inner,)))
        return tuple(reasons)

    return Count(text, number, explain)


def _summed(level: _Level, inner: Count) -> Count:
    """The sum of a count over the members of an array around it."""
    slot = level.setting.slot

    def number(scope: Scope) -> int:
        total = 0
        for member in _members(level.read(scope)):
            scope.budget.spend()
            scope.members[slot] = member
            total += inner.number(scope)
        return total

    def explain(scope: Scope) -> tuple[Reason, ...]:
        reasons: list[Reason] = []
        for member in islice(_members(level.read(scope)), EXPLAINED_MEMBERS):
            scope.members[slot] = member
            reasons += inner.explain(scope)
        return tuple(reasons[:EXPLAINED_MEMBERS])

    return Count(inner.text, number, explain)


def _members(value: object) -> list[object]:
    return value if isinstance(value, list) else []
