"""Short ways to say what table rows say often."""

from collections.abc import Callable, Hashable, Iterable

from holdfast.defender.engines.model import MALFORMED, Rate, on
from holdfast.defender.learned.traffic import Entry, Part
from holdfast.defender.record import Fields, Record

KIND = "@kind"
"""Stands for the message's kind among the names of fields."""


def part(value: object) -> Part:
    """A field's value as part of an entry."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return "" if value is None else str(value)


def entry(*names: str) -> Callable[[Record], Iterable[Entry]]:
    """One entry made of fields."""

    def entries(record: Record) -> Iterable[Entry]:
        fields = record.fields
        yield tuple(record.kind if name == KIND else part(fields.get(name)) for name in names)

    return entries


def once(_record: Record) -> Iterable[Entry]:
    """One entry without parts: that the parties do it at all."""
    yield ()


def group_by(name: str) -> Callable[[Record], Hashable]:
    """Counts apart what differs in a field."""

    def group(record: Record) -> Hashable:
        value: Hashable = record.fields.get(name)
        return value

    return group


def states(template: str) -> Callable[[Record], str]:
    """A sentence with fields filled in; `{kind}` is the message's kind."""

    def say(record: Record) -> str:
        return template.format_map(_Blank(record.fields, kind=record.kind))

    return say


class _Blank(dict[str, object]):
    """Fields for `format_map`; what is missing is a question mark."""

    def __init__(self, fields: Fields, **more: object) -> None:
        super().__init__(fields, **more)

    def __missing__(self, key: str) -> str:
        return "?"


def equals(name: str, *values: object) -> Callable[[Record], bool]:
    """Whether a field has one of the values."""

    def test(record: Record) -> bool:
        return record.fields.get(name) in values

    return test


def size(name: str) -> Callable[[Record], int]:
    """A field that is a number, or the length of one that is text."""

    def measure(record: Record) -> int:
        value = record.fields.get(name)
        return len(value) if isinstance(value, str) else int(value or 0)

    return measure


def session(record: Record) -> Hashable:
    """Counts every conversation apart."""
    return record.direction.flow.id


MALFORMED_RATE = Rate(
    alert="excessive-malformed-packets-in-a-single-session",
    select=on(MALFORMED),
    text="{count} malformed messages within {window}",
    expected="messages that follow their specification",
    group=session,
)
"""For the table of every protocol."""
