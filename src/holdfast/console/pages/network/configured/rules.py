"""Custom rules over the fields of dissected messages, and what matched them."""

import re
from typing import Final, NamedTuple

import msgspec

from holdfast.alerts.model import Severity
from holdfast.alerts.store.reading import AlertFilter
from holdfast.api.defender.common import alert_reader, network
from holdfast.api.frame import ApiRequest
from holdfast.console.addresses import page_of
from holdfast.console.moments import seconds_of
from holdfast.console.pages.access.forms import Fields, lines
from holdfast.console.pages.network.configured.collection import Collection, routes
from holdfast.console.pages.network.configured.exclusions import texts
from holdfast.console.pages.network.configured.hours import WEEKDAYS, read_hours, said_hours, shown_hours
from holdfast.console.tables import Cell, Column, ResourceTable, belongs
from holdfast.defender.dissect.registry import PROTOCOLS
from holdfast.defender.network.filters import EventFilter
from holdfast.defender.network.kinds import RULE
from holdfast.defender.rules.detector import ALERT
from holdfast.defender.rules.file import MAXIMUM_CONDITIONS
from holdfast.defender.rules.matching import SPECIAL
from holdfast.defender.rules.model import Action, Operator
from holdfast.defender.timeline.model import EventType
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource

_EMPTY_ROWS: Final = 3
"""Rows for further conditions that a form has."""
_LOOKED_AT: Final = 500
"""Alerts of custom rules that are looked through for those of one."""
_SHOWN: Final = 20
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?|true|false")
_RANGE = re.compile(r"\s*(?:,|\bto\b|\.\.)\s*")
_RANGES = (Operator.IN_RANGE, Operator.NOT_IN_RANGE)


class ConditionRow(NamedTuple):
    """A condition as the form shows it."""

    field: str = ""
    operator: str = ""
    value: str = ""


def _conditions(body: JsonObject) -> list[ConditionRow]:
    found = body.get("conditions")
    given = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return [ConditionRow(str(c["field"]), str(c["operator"]), _shown(c.get("value"))) for c in given]


def _shown(value: JsonValue) -> str:
    if isinstance(value, list):
        return " to ".join(f"{each:g}" if isinstance(each, int | float) else "" for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _said(rule: Resource) -> str:
    said = " and ".join(" ".join(condition) for condition in _conditions(rule.body))
    return ", ".join(part for part in (f"{rule.body['protocol']}: {said}", said_hours(rule.body)) if part)


def _does(body: JsonObject) -> str:
    if body.get("action") == Action.EVENT:
        return "noted in the timeline"
    return f"alert, {body.get('severity', Severity.MEDIUM.value)}"


def _name(rule: Resource) -> str:
    return str(rule.body["name"])


TABLE = ResourceTable(
    id="rules",
    title="Custom rules",
    kind=RULE,
    permission=Permission.ALERT_READ,
    columns=(
        Column("name", "Name", lambda r: Cell(_name(r), link=page_of("network/rules", r.id)), "name"),
        Column("when", "When", lambda r: Cell(_said(r), "prose")),
        Column("does", "Then", lambda r: Cell(_does(r.body))),
        Column("place", "Organization", lambda r: belongs(r.organization), "@organization"),
    ),
    search=("name",),
    empty="There is no rule of your own yet; sensors watch for everything in the catalogue anyway.",
)


def _values(_request: ApiRequest, body: JsonObject) -> dict[str, object]:
    rows = _conditions(body)
    blank = min(_EMPTY_ROWS, MAXIMUM_CONDITIONS - len(rows))
    return {
        "body": body,
        "protocols": sorted(PROTOCOLS),
        "rows": [*rows, *[ConditionRow()] * blank],
        "operators": list(Operator),
        "known_fields": sorted(SPECIAL),
        "actions": list(Action),
        "severities": list(Severity),
        "sources": "\n".join(texts(body, "sources")),
        "destinations": "\n".join(texts(body, "destinations")),
        "hours": shown_hours(body),
        "weekdays": WEEKDAYS,
    }


def _body(request: ApiRequest, fields: Fields) -> JsonObject:
    return {
        "name": fields.get("name", "").strip(),
        "protocol": fields.get("protocol", ""),
        "conditions": list[JsonValue](_read_conditions(fields)),
        "sources": list[JsonValue](lines(fields.get("sources", ""))),
        "destinations": list[JsonValue](lines(fields.get("destinations", ""))),
        "hours": read_hours(request, fields),
        "action": fields.get("action", Action.ALERT.value),
        "severity": fields.get("severity", Severity.MEDIUM.value),
        "packets": "packets" in fields,
        "message": fields.get("message", "").strip(),
    }


def _read_conditions(fields: Fields) -> list[JsonObject]:
    rows = [
        ConditionRow(*(fields.get(f"{part}-{number}", "").strip() for part in ConditionRow._fields))
        for number in range(MAXIMUM_CONDITIONS)
    ]
    return [
        {"field": row.field, "operator": row.operator, "value": _value(row)}
        for row in rows
        if row.field or row.value
    ]


def _value(row: ConditionRow) -> JsonValue:
    """Numbers and truth values as such, two numbers for a range, everything else as text. InvalidError."""
    if row.operator not in _RANGES:
        return _scalar(row.value)
    ends = [_scalar(each) for each in _RANGE.split(row.value)]
    if len(ends) != 2 or any(isinstance(end, str | bool) for end in ends):
        raise InvalidError(f"A range is written as 100 to 119; {row.field} has “{row.value}”.", "/conditions")
    return ends


def _scalar(text: str) -> JsonValue:
    plain: JsonValue = msgspec.json.decode(text) if _NUMBER.fullmatch(text) else text
    return plain


class Match(NamedTuple):
    """Something that matched a rule."""

    text: str
    link: str
    times: int
    last: float


def _matches(request: ApiRequest, rule: Resource) -> dict[str, object]:
    """The newest alerts or events of the rule."""
    found = _events(request, rule) if rule.body.get("action") == Action.EVENT else _alerts(request, rule)
    return {"matches": found[:_SHOWN]}


def _alerts(request: ApiRequest, rule: Resource) -> list[Match]:
    begin = f"{_name(rule)}: "
    raised = AlertFilter(request.principal.reach(Permission.ALERT_READ), type=ALERT)
    return [
        Match(seen.observed.removeprefix(begin), page_of("network/alerts", alert.id), seen.count, seen.last)
        for _number, alert in alert_reader(request).find(raised, _LOOKED_AT)
        for seen in alert.violations
        if seen.observed.startswith(begin)
    ]


def _events(request: ApiRequest, rule: Resource) -> list[Match]:
    begin = f"{_name(rule)}: "
    wanted = EventFilter(type=EventType.USER_DEFINED_RULE_OPERATION, search=begin)
    reach = request.principal.reach(Permission.ASSET_READ)
    return [
        Match(
            str(event["title"]).removeprefix(begin),
            "",
            int(str(event["count"])),
            seconds_of(event["time"]) or 0.0,
        )
        for event in network(request).events(reach, wanted, _SHOWN).items
    ]


ROUTES = routes(
    Collection(
        kind=RULE,
        section="rules",
        what="custom rule",
        lead="Sensors there and below raise an alert, or note an event, for messages that a rule describes.",
        table=TABLE,
        form="network_configured/rule_form.html",
        values=_values,
        body=_body,
        title=_name,
        beside=_matches,
        extra="network_configured/matches.html",
    )
)
