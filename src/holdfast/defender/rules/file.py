"""Custom rules as JSON: a list of objects, for `--rules FILE` and the API."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import msgspec

from holdfast.alerts.exclusion import Hours, parse_network
from holdfast.alerts.model import Severity
from holdfast.defender.rules.model import Action, Condition, CustomRule, Operator, RuleError, Scalar

MAXIMUM_RULES = 1000
MAXIMUM_CONDITIONS = 20
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Path = Annotated[str, msgspec.Meta(pattern=r"^[@\w.]{1,64}$")]
_Minutes = Annotated[int, msgspec.Meta(ge=0, lt=1440)]


class _Condition(msgspec.Struct, forbid_unknown_fields=True):
    field: _Path
    operator: Operator
    value: Scalar | list[float]


class _Hours(msgspec.Struct, forbid_unknown_fields=True):
    start: _Minutes
    end: _Minutes
    weekdays: tuple[Annotated[int, msgspec.Meta(ge=0, le=6)], ...] = (0, 1, 2, 3, 4, 5, 6)


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    name: _Name
    protocol: _Name
    conditions: Annotated[list[_Condition], msgspec.Meta(min_length=1, max_length=MAXIMUM_CONDITIONS)]
    sources: list[str] = []
    destinations: list[str] = []
    hours: _Hours | None = None
    action: Action = Action.ALERT
    severity: Severity = Severity.MEDIUM
    packets: bool = True
    message: Annotated[str, msgspec.Meta(max_length=500)] = ""


def parse_rules(content: bytes, protocols: Collection[str]) -> tuple[CustomRule, ...]:
    """The rules in a JSON list. Raises RuleError naming what is wrong."""
    try:
        raw = msgspec.json.decode(content, type=list[_Rule])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RuleError(f"These are no rules: {error}.") from None
    if len(raw) > MAXIMUM_RULES:
        raise RuleError(f"There are {len(raw)} rules; at most {MAXIMUM_RULES} are watched.")
    return tuple(_rule(rule, protocols) for rule in raw)


def read_rules(path: Path, protocols: Collection[str]) -> tuple[CustomRule, ...]:
    """The rules in a file. Raises RuleError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RuleError(f"{path} cannot be read: {error.strerror}.") from None
    return parse_rules(content, protocols)


def _rule(raw: _Rule, protocols: Collection[str]) -> CustomRule:
    if raw.protocol not in protocols:
        raise RuleError(
            f"The rule '{raw.name}' is about '{raw.protocol}', which is not dissected; "
            f"known are {', '.join(sorted(protocols))}.",
            "protocol",
        )
    return CustomRule(
        name=raw.name,
        protocol=raw.protocol,
        conditions=tuple(_condition(raw.name, condition) for condition in raw.conditions),
        sources=tuple(parse_network(text) for text in raw.sources),
        destinations=tuple(parse_network(text) for text in raw.destinations),
        hours=Hours(raw.hours.start, raw.hours.end, frozenset(raw.hours.weekdays)) if raw.hours else None,
        action=raw.action,
        severity=raw.severity,
        packets=raw.packets,
        message=raw.message,
    )


def _condition(rule: str, raw: _Condition) -> Condition:
    ranged = raw.operator in {Operator.IN_RANGE, Operator.NOT_IN_RANGE}
    if not ranged:
        if isinstance(raw.value, list):
            raise RuleError(f"The rule '{rule}' compares {raw.field} with a list; only ranges do.", "value")
        return Condition(raw.field, raw.operator, raw.value)
    if not isinstance(raw.value, list) or len(raw.value) != 2 or raw.value[0] > raw.value[1]:
        raise RuleError(f"The rule '{rule}' needs two numbers, low and high, for {raw.field}.", "value")
    return Condition(raw.field, raw.operator, (raw.value[0], raw.value[1]))
