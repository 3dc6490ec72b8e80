"""The data explorer: telemetry of a device group over time, aggregated, split, compared with another time.

Everything that was asked stands in the address. What is drawn was made small on the server: at most `POINTS`
points a line.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.console.moments import seconds_of
from holdfast.console.rendering import csv_safe, page
from holdfast.console.series import as_columns
from holdfast.console.tables import csv_file
from holdfast.devices.device import DEVICE
from holdfast.devices.groups import DEVICE_GROUP, members_query
from holdfast.devices.templates.capabilities import CapabilityKind
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.organizations import name as organization_name
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.resources.query import All, AnyOf, Compare, Condition, Operator, Query
from holdfast.telemetry.history import Aggregate, HistoryQuery, Point, Series, query_history

READ = Permission.DEVICE_READ
MAXIMUM_DEVICES = 500
MAXIMUM_NAMES = 20
MAXIMUM_PARTS = 8
"""Templates or organizations that a chart is split by, the largest first; each is a walk of its own."""
MAXIMUM_GROUPS = 500
POINTS = 300
ASKED_FOR_NAMES = 20
"""Devices whose last values tell which telemetry there is."""
DAY = 86_400.0
RANGES = {"15m": 900.0, "1h": 3600.0, "12h": DAY / 2, "1d": DAY, "7d": 7 * DAY}
CUSTOM = "custom"
"""The range that the address gives with its beginning and its end."""
LAST_MOMENT = 4_102_444_800.0
"""2100-01-01: no range ends later."""
MINUTES = len("2026-05-04T06:00")
"""So much of a moment's text goes into a field for date and time."""


class Split(StrEnum):
    """What each line of the chart stands for."""

    DEVICE = "device"
    TEMPLATE = "template"
    ORGANIZATION = "organization"
    NOTHING = "nothing"


class Comparison(StrEnum):
    """With which other time the range is compared."""

    NONE = ""
    PERIOD = "period"
    DAY = "day"
    WEEK = "week"
    CUSTOM = "custom"
    """The time that the address gives with its beginning and its end."""


TOLD = {
    Comparison.PERIOD: "a period before",
    Comparison.DAY: "a day before",
    Comparison.WEEK: "a week before",
    Comparison.CUSTOM: "compared",
}
"""How a line of the other time is labelled."""


class Period(NamedTuple):
    """A time from a beginning to an end, as Unix seconds."""

    begins: float
    ends: float

    @property
    def span(self) -> float:
        """Seconds from the beginning to the end."""
        return self.ends - self.begins

    def before(self, seconds: float) -> "Period":
        """The period that lies so much earlier."""
        return Period(max(0.0, self.begins - seconds), self.ends - seconds)


NO_PERIOD = Period(0.0, 0.0)


class Asked(NamedTuple):
    """What the address asks for."""

    group: str
    filter: str
    names: tuple[str, ...]
    range: str
    aggregate: Aggregate
    split: Split
    back: int
    """How many ranges before now it ends."""
    compare: Comparison
    custom: Period = NO_PERIOD
    """Of a custom range."""
    other: Period = NO_PERIOD
    """Of a custom comparison."""

    @property
    def span(self) -> float:
        """Seconds from the beginning to the end."""
        return RANGES.get(self.range, self.custom.span)

    def period(self, now: float) -> Period:
        """What is drawn at `now`."""
        if self.range == CUSTOM:
            return self.custom
        ends = now - self.back * self.span
        return Period(ends - self.span, ends)

    def compared(self, period: Period) -> Period | None:
        """What `period` is compared with; None for nothing."""
        if self.compare is Comparison.CUSTOM:
            return self.other
        earlier = {Comparison.PERIOD: self.span, Comparison.DAY: DAY, Comparison.WEEK: 7 * DAY}
        return period.before(earlier[self.compare]) if self.compare in earlier else None

    def moved(self, ranges: int) -> "Asked":
        """The same question about so many ranges earlier."""
        if self.range == CUSTOM:
            return self._replace(custom=self.custom.before(ranges * self.span))
        return self._replace(back=max(0, self.back + ranges))

    def address(self, path: str = "/explorer", **changes: str) -> str:
        """The address of the same question, or of one that differs."""
        fields = {
            "group": self.group,
            "filter": self.filter,
            "names": ", ".join(self.names),
            "aggregate": self.aggregate.value,
            "split": self.split.value,
            "range": self.range,
            "back": str(self.back) if self.back else "",
            "compare": self.compare.value,
            **_fields(self.custom, "from", "to", given=self.range == CUSTOM),
            **_fields(self.other, "compareFrom", "compareTo", given=self.compare is Comparison.CUSTOM),
            **changes,
        }
        return f"{path}?{urlencode({name: value for name, value in fields.items() if value})}"


def _fields(period: Period, begins: str, ends: str, *, given: bool) -> dict[str, str]:
    """A period as two fields of an address."""
    return {begins: isoformat(period.begins), ends: isoformat(period.ends)} if given else {}


def asked_of(request: ApiRequest) -> Asked:
    """The question of an address. InvalidError for words that the explorer does not know."""
    query = request.query
    try:
        aggregate = Aggregate(query.get("aggregate", Aggregate.AVERAGE))
        split = Split(query.get("split", Split.DEVICE))
        compare = Comparison(query.get("compare", Comparison.NONE))
        back = int(query.get("back", "")[:4] or "0")
    except ValueError:
        raise InvalidError("The explorer does not know this aggregate, split or period.") from None
    range_name = query.get("range") or ("1h" if not query.get("from") else CUSTOM)
    if range_name not in {*RANGES, CUSTOM}:
        raise InvalidError(f"The time range must be one of {', '.join(RANGES)} or {CUSTOM}.", "range")
    custom = _period(query, "from", "to") if range_name == CUSTOM else NO_PERIOD
    other = _period(query, "compareFrom", "compareTo") if compare is Comparison.CUSTOM else NO_PERIOD
    names = tuple(name.strip() for name in query.get("names", "").split(",") if name.strip())[:MAXIMUM_NAMES]
    return Asked(
        query.get("group", ""),
        query.get("filter", ""),
        names,
        range_name,
        aggregate,
        split,
        max(0, back),
        compare,
        custom,
        other,
    )


def _period(query: Mapping[str, str], begins: str, ends: str) -> Period:
    """The period of two fields of the address."""
    first, last = seconds_of(query.get(begins)), seconds_of(query.get(ends))
    if first is None or last is None:
        raise InvalidError(
            "A time of your own needs a beginning and an end, such as 2026-05-04T06:00Z.", begins
        )
    if not 0 <= first < last <= LAST_MOMENT:
        raise InvalidError("A time must end after it begins, between 1970 and 2100.", ends)
    return Period(first, last)


def _page(request: ApiRequest) -> Response:
    asked, now = asked_of(request), request.services.clock.now()
    period = asked.period(now)
    other = asked.compared(period) or period.before(asked.span)
    devices = _devices(request, asked)
    reach = request.principal.reach(Permission.DEVICE_GROUP_READ)
    groups = (
        request.services.store.find(Query(DEVICE_GROUP, reach, limit=MAXIMUM_GROUPS)).items if reach else ()
    )
    return page(
        request,
        "explorer.html",
        asked=asked,
        groups=groups,
        devices=len(devices),
        known=sorted(_known_names(request, devices)),
        ranges=list(RANGES),
        aggregates=[a.value for a in Aggregate],
        splits=[s.value for s in Split],
        series=asked.address("/explorer/series"),
        csv=asked.address("/explorer/series", format="csv"),
        period=_shown(period),
        other=_shown(other),
        follows=asked.range != CUSTOM and not asked.back,
        before=asked.moved(1).address(),
        after=asked.moved(-1).address() if asked.back or period.ends < now else "",
    )


def _shown(period: Period) -> tuple[str, str]:
    """A period for two fields of a form, in UTC."""
    return isoformat(period.begins)[:MINUTES], isoformat(period.ends)[:MINUTES]


def _devices(request: ApiRequest, asked: Asked) -> Sequence[Resource]:
    """The devices of the group that match the text, as far as the principal may see them."""
    services, reach = request.services, request.principal.reach(READ)
    conditions: list[Condition] = []
    if asked.group:
        group = visible(request, DEVICE_GROUP, asked.group, Permission.DEVICE_GROUP_READ)
        members = members_query(services.store, group, reach)
        reach, conditions = members.reach, [members.where] if members.where else []
    if asked.filter:
        paths = ("displayName", "key", "template")
        conditions.append(AnyOf(tuple(Compare(p, Operator.CONTAINS, asked.filter) for p in paths)))
    where = All(tuple(conditions)) if conditions else None
    return services.store.find(Query(DEVICE, reach, where, limit=MAXIMUM_DEVICES)).items


def _known_names(request: ApiRequest, devices: Sequence[Resource]) -> set[str]:
    """Telemetry that can be drawn: what the devices' templates have and what some of them said."""
    services = request.services
    used = {str(device.body.get("template") or "") for device in devices} - {""}
    templates = (TEMPLATES.get(services.store, id) for id in sorted(used))
    modelled = {
        capability.name
        for template in templates
        if template
        for capability in template.capabilities.values()
        if capability.kind is CapabilityKind.TELEMETRY
    }
    said = {
        value.name
        for device in devices[:ASKED_FOR_NAMES]
        for value in services.last_values.all(device.id)
        if isinstance(value.value, int | float)
    }
    return modelled | said


class _Part(NamedTuple):
    """Devices whose values make the lines of one kind together."""

    title: str
    devices: frozenset[str]


def _parts(request: ApiRequest, split: Split, devices: Sequence[Resource]) -> Iterator[_Part]:
    if split in (Split.NOTHING, Split.DEVICE):
        yield _Part("", frozenset(device.id for device in devices))
        return
    values = {device.id: _value(request, split, device) for device in devices}
    for value, _ in Counter(values.values()).most_common(MAXIMUM_PARTS):
        yield _Part(value, frozenset(id for id, own in values.items() if own == value))


def _value(request: ApiRequest, split: Split, device: Resource) -> str:
    if split is Split.ORGANIZATION:
        return organization_name(device.organization) or "the application"
    template = TEMPLATES.get(request.services.store, str(device.body.get("template") or ""))
    return template.display_name if template else "no template"


class Line(NamedTuple):
    """One line of the chart."""

    label: str
    series: Series
    over: str = ""
    """The label of the line that this one, of another time, is drawn over."""


def _lines(
    request: ApiRequest, asked: Asked, devices: Sequence[Resource], period: Period, width: float
) -> Iterator[Line]:
    """The lines of a period, of values that are `width` seconds apart."""
    shown = {device.id: str(device.body["displayName"]) for device in devices}
    several = len(asked.names) > 1
    for part in _parts(request, asked.split, devices):
        query = HistoryQuery(
            part.devices,
            asked.names,
            period.begins,
            period.ends,
            width,
            asked.aggregate,
            split_by_device=asked.split is Split.DEVICE,
        )
        for series in query_history(request.services.log, query).series:
            owner = shown.get(series.device, "") or part.title
            yield Line(" ".join(filter(None, (owner, series.name if several or not owner else ""))), series)


def overlaid(lines: Iterable[Line], seconds: float, words: str) -> Iterator[Line]:
    """Lines of another time, drawn so much later: over the asked one."""
    for line in lines:
        points = tuple(Point(point.time + seconds, point.value) for point in line.series.points)
        again = Series(line.series.device, line.series.name, points)
        yield Line(f"{line.label}, {words}", again, over=line.label)


def _series(request: ApiRequest) -> Reply | Response:
    asked = asked_of(request)
    period = asked.period(request.services.clock.now())
    other = asked.compared(period)
    width = max(period.span, other.span if other else 0.0) / POINTS
    devices = _devices(request, asked) if asked.names else ()
    lines = list(_lines(request, asked, devices, period, width)) if devices else []
    drawn_until = period.ends
    if other and devices:
        again = _lines(request, asked, devices, other, width)
        lines += overlaid(again, period.begins - other.begins, TOLD[asked.compare])
        drawn_until = period.begins + max(period.span, other.span)
    columns = as_columns([line.series for line in lines])
    if request.query.get("format") == "csv":
        return _csv(lines)
    labels, over = [line.label for line in lines], [line.over for line in lines]
    drawn = {"from": period.begins, "to": drawn_until}
    return Reply(200, {"series": [*labels], "over": [*over], "columns": columns, **drawn})


def _csv(lines: Sequence[Line]) -> Response:
    rows = [
        [isoformat(point.time), csv_safe(line.label), csv_safe(line.series.name), str(point.value)]
        for line in lines
        for point in line.series.points
    ]
    return csv_file("telemetry", ["Time", "Line", "Telemetry", "Value"], rows)


ROUTES = [
    Route("GET", "/explorer", READ, _page, "Data explorer", is_page=True),
    Route("GET", "/explorer/series", READ, _series, "Series of the explorer"),
]
