"""Whether a message matches a rule, and what the rule says about it."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping

from holdfast.alerts.exclusion import Network
from holdfast.defender.record import SECOND, Record
from holdfast.defender.rules.model import Condition, CustomRule, Lookup, Operator

_VARIABLE = re.compile(r"\{([@\w.]{1,64})\}")

SPECIAL: dict[str, Callable[[Record], object]] = {
    "@kind": lambda record: record.kind,
    "@role": lambda record: record.role.name.lower(),
    "@source": lambda record: record.direction.source.address,
    "@destination": lambda record: record.direction.destination.address,
    "@port": lambda record: record.direction.flow.server.source.port,
}
"""What conditions name beside the record's own fields."""


def matches(rule: CustomRule, record: Record) -> bool:
    """Whether all of the rule's conditions hold for `record`."""
    direction = record.direction
    return (
        (rule.hours is None or rule.hours.contains(record.time / SECOND))
        and _within(direction.source.address, rule.sources)
        and _within(direction.destination.address, rule.destinations)
        and all(holds(condition, lookup(record)) for condition in rule.conditions)
    )


def describe(rule: CustomRule, record: Record) -> str:
    """The rule's message with the record's fields filled in."""
    find = lookup(record)
    return _VARIABLE.sub(lambda found: str(find(found[1])), rule.message) if rule.message else rule.name


def lookup(record: Record) -> Lookup:
    """Finds fields of `record` by path."""

    def find(path: str) -> object:
        special = SPECIAL.get(path)
        return special(record) if special is not None else _at(record.fields, path)

    return find


def holds(condition: Condition, find: Lookup) -> bool:
    """Whether one condition holds."""
    actual = find(condition.field)
    if condition.operator is Operator.SAME_AS_FIELD:
        return actual is not None and actual == find(str(condition.value))
    if condition.operator in {Operator.IN_RANGE, Operator.NOT_IN_RANGE}:
        return _ranged(actual, condition)
    return _COMPARE[condition.operator](actual, condition.value)


def _ranged(actual: object, condition: Condition) -> bool:
    number = _number(actual)
    assert isinstance(condition.value, tuple)
    low, high = condition.value
    if number is None:
        return False
    return (low <= number <= high) is (condition.operator is Operator.IN_RANGE)


def _equal(actual: object, wanted: object) -> bool:
    """Numbers by value, `0x1f` too; everything else as text."""
    if actual is None or isinstance(actual, bool) or isinstance(wanted, bool):
        return actual is wanted or str(actual).lower() == str(wanted).lower()
    one, other = _number(actual), _number(wanted)
    if one is not None and other is not None:
        return one == other
    return str(actual) == str(wanted)


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[object, object], bool]:
    def test(actual: object, wanted: object) -> bool:
        one, other = _number(actual), _number(wanted)
        return one is not None and other is not None and compare(one, other)

    return test


_COMPARE: Mapping[Operator, Callable[[object, object], bool]] = {
    Operator.EQUAL: _equal,
    Operator.NOT_EQUAL: lambda actual, wanted: not _equal(actual, wanted),
    Operator.GREATER: _ordered(lambda one, other: one > other),
    Operator.GREATER_OR_EQUAL: _ordered(lambda one, other: one >= other),
    Operator.LESS: _ordered(lambda one, other: one < other),
    Operator.LESS_OR_EQUAL: _ordered(lambda one, other: one <= other),
}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    text = str(value)
    try:
        return float(int(text, 16)) if text[:2].lower() == "0x" else float(text)
    except ValueError:
        return None


def _at(value: object, path: str) -> object:
    """Follow a dotted path; a list gives its first element that has the rest of the path."""
    for part in path.split("."):
        if isinstance(value, list):
            value = next((each for each in value if isinstance(each, Mapping) and part in each), None)
        value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            return None
    return value


def _within(text: str, networks: Iterable[Network]) -> bool:
    if not networks:
        return True
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)
