"""How a request wants its states: `$orderby`, `$select`, and `$apply`, which counts groups of them.

Of `$apply` (OData 4.0, data aggregation) there are `filter(…)`, `groupby((…))`,
`groupby((…), aggregate($count as …))` and `aggregate($count as …)`, joined by `/`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.policy.azure.filters import FIELDS, ReadCondition, published
from holdfast.policy.compliance.judging import State
from holdfast.policy.compliance.reading import GROUPS, Filter, PolicyStates
from holdfast.policy.kinds.names import ASSIGNMENT, DEFINITION, INITIATIVE, full_id
from holdfast.resources.query import All, Order

_STAGES: Final = 5
_COUNT: Final = r"aggregate\(\s*\$count\s+as\s+(?P<{name}>\w+)\s*\)"
_GROUPING: Final = re.compile(
    rf"groupby\(\s*\((?P<fields>[\w\s,]*)\)\s*(?:,\s*{_COUNT.format(name='inner')}\s*)?\)"
    rf"|{_COUNT.format(name='alone')}",
    re.IGNORECASE,
)
_FILTER: Final = re.compile(r"filter\((.*)\)", re.IGNORECASE | re.DOTALL)
_FULL: Final = {
    "policyAssignmentId": ASSIGNMENT,
    "policyDefinitionId": DEFINITION,
    "policySetDefinitionId": INITIATIVE,
}


class Grouping(NamedTuple):
    """One stage: what members of a group have in common, and what their number is called."""

    fields: tuple[str, ...]
    number: str
    """Empty when nobody asked for it."""


def orders(text: str) -> list[Order]:
    """The orders of an `$orderby`: fields, each with `asc` or with `desc`, as is meant without either.

    InvalidError for a field that states do not have.
    """
    found = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(" ")
        if direction.strip().lower() not in ("", "asc", "desc"):
            raise InvalidError("$orderby takes fields, such as timestamp desc, resourceId asc.", "$orderby")
        found.append(Order(FIELDS[published(name, "$orderby")], direction.strip().lower() != "asc"))
    return found


def selected(records: Iterable[JsonObject], text: str) -> Iterator[JsonObject]:
    """Records with those members alone that a `$select` names; all of them when it is empty."""
    wanted = {name.strip().lower() for name in text.split(",") if name.strip()}
    for each in records:
        yield {key: value for key, value in each.items() if key.lower() in wanted} if wanted else each


def grouped(states: PolicyStates, wanted: Filter, text: str, read: ReadCondition) -> list[JsonObject]:
    """What an `$apply` comes to. InvalidError for what it does not know, and for too many groups."""
    wanted, groupings = _pipeline(wanted, text, read)
    first, *others = groupings
    rows = _counted(states, wanted, first.fields)
    before = first
    for stage in others:
        rows = _regrouped(rows, before, stage)
        before = stage
    return [_shown(before, values, number) for values, number in rows.items()]


def sorted_groups(groups: list[JsonObject], text: str) -> list[JsonObject]:
    """Groups in the order of an `$orderby` over their own members."""
    for part in reversed([each for each in text.split(",") if each.strip()]):
        name, _, direction = part.strip().partition(" ")
        groups.sort(key=lambda group: _rank(group, name), reverse=direction.strip().lower() != "asc")
    return groups


def _rank(group: JsonObject, name: str) -> tuple[bool, float, str]:
    value = next((value for key, value in group.items() if key.lower() == name.lower()), None)
    number = value if isinstance(value, int | float) else 0
    return value is not None, number, str(value)


def _pipeline(wanted: Filter, text: str, read: ReadCondition) -> tuple[Filter, list[Grouping]]:
    groupings: list[Grouping] = []
    for stage in _stages(text):
        narrowing, grouping = _FILTER.fullmatch(stage), _GROUPING.fullmatch(stage)
        if narrowing is not None and not groupings:
            condition = read(narrowing[1])
            wanted = replace(wanted, where=All((wanted.where, condition)) if wanted.where else condition)
        elif grouping is not None:
            groupings.append(_grouping(grouping, groupings))
        else:
            raise InvalidError(
                "$apply takes filter(…), groupby((…), aggregate($count as …)) and aggregate($count as …), "
                "joined by /, filters first.",
                "$apply",
            )
    if not groupings or len(groupings) > _STAGES:
        raise InvalidError(f"$apply needs groupby or aggregate, at most {_STAGES} of them.", "$apply")
    return wanted, groupings


def _stages(text: str) -> Iterator[str]:
    """The parts between those `/` that stand in no parentheses and no quotes."""
    depth, quoted, begun = 0, False, 0
    for place, character in enumerate(text):
        quoted ^= character == "'"
        if not quoted:
            depth += (character == "(") - (character == ")")
        if character == "/" and not quoted and depth == 0:
            yield text[begun:place].strip()
            begun = place + 1
    yield text[begun:].strip()


def _grouping(found: re.Match[str], before: Sequence[Grouping]) -> Grouping:
    names = [name.strip() for name in (found["fields"] or "").split(",")]
    fields = tuple(published(name, "$apply") for name in names if name)
    if before and not set(fields) <= set(before[-1].fields):
        raise InvalidError("A groupby can only take fields of the one before it.", "$apply")
    return Grouping(fields, found["inner"] or found["alone"] or "")


_Rows = Mapping[tuple[JsonValue, ...], int]


def _counted(states: PolicyStates, wanted: Filter, fields: Sequence[str]) -> _Rows:
    columns = list(dict.fromkeys(FIELDS[field] for field in fields))
    groups = states.groups(wanted, columns)
    if len(groups) > GROUPS:
        raise InvalidError(f"These are more than {GROUPS} groups; narrow them by filter(…).", "$apply")
    rows: Counter[tuple[JsonValue, ...]] = Counter()
    for values, number in groups:
        stored = dict(zip(columns, values, strict=True))
        rows[tuple(_published_value(field, stored[FIELDS[field]]) for field in fields)] += number
    return rows


def _regrouped(rows: _Rows, before: Grouping, stage: Grouping) -> _Rows:
    places = [before.fields.index(field) for field in stage.fields]
    return Counter(tuple(values[place] for place in places) for values in rows)


def _published_value(field: str, stored: str | float) -> JsonValue:
    if isinstance(stored, float):
        return isoformat(stored)
    if field == "isCompliant":
        return not State(stored).is_against
    if field == "policyDefinitionAction":
        return stored.lower()
    return full_id(_FULL[field], stored) if stored and field in _FULL else stored


def _shown(grouping: Grouping, values: tuple[JsonValue, ...], number: int) -> JsonObject:
    group: JsonObject = dict(zip(grouping.fields, values, strict=True))
    return {**group, grouping.number: number} if grouping.number else group
