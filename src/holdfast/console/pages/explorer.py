"""The data explorer: telemetry of a device group over time, aggregated, split, compared with an earlier time.

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


class Earlier(StrEnum):
    """With which earlier time the range is compared."""

    NONE = ""
    PERIOD = "period"
    DAY = "day"
    WEEK = "week"


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
    compare: Earlier
    begins: float = 0.0
    """Of a custom range, as Unix seconds."""
    ends: float = 0.0

    @property
    def span(self) -> float:
        """Seconds from the beginning to the end."""
        return RANGES.get(self.range, self.ends - self.begins)

    def until(self, now: float) -> float:
        """The end of the range that is drawn at `now`."""
        return self.ends if self.range == CUSTOM else now - self.back * self.span

    def moved(self, ranges: int) -> "Asked":
        """The same question about so many ranges earlier."""
        if self.range == CUSTOM:
            seconds = ranges * self.span
            return self._replace(begins=max(0.0, self.begins - seconds), ends=self.ends - seconds)
        return self._replace(back=max(0, self.back + ranges))

    @property
    def earlier(self) -> float:
        """Seconds to what it is compared with; 0 for no comparison."""
        return {Earlier.NONE: 0.0, Earlier.PERIOD: self.span, Earlier.DAY: DAY, Earlier.WEEK: 7 * DAY}[
            self.compare
        ]

    def address(self, path: str = "/explorer", **changes: str) -> str:
        """The address of the same question, or of one that differs."""
        custom = self.range == CUSTOM
        fields = {
            "group": self.group,
            "filter": self.filter,
            "names": ", ".join(self.names),
            "aggregate": self.aggregate.value,
            "split": self.split.value,
            "range": self.range,
            "back": str(self.back) if self.back else "",
            "compare": self.compare.value,
            "from": isoformat(self.begins) if custom else "",
            "to": isoformat(self.ends) if custom else "",
            **changes,
        }
        return f"{path}?{urlencode({name: value for name, value in fields.items() if value})}"


def asked_of(request: ApiRequest) -> Asked:
    """The question of an address. InvalidError for words that the explorer does not know."""
    query = request.query
    try:
        aggregate = Aggregate(query.get("aggregate", Aggregate.AVERAGE))
        split = Split(query.get("split", Split.DEVICE))
        compare = Earlier(query.get("compare", Earlier.NONE))
        back = int(query.get("back", "")[:4] or "0")
    except ValueError:
        raise InvalidError("The explorer does not know this aggregate, split or period.") from None
    range_name = query.get("range") or ("1h" if not query.get("from") else CUSTOM)
    if range_name not in {*RANGES, CUSTOM}:
        raise InvalidError(f"The time range must be one of {', '.join(RANGES)} or {CUSTOM}.", "range")
    begins, ends = _custom(query) if range_name == CUSTOM else (0.0, 0.0)
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
        begins,
        ends,
    )


def _custom(query: Mapping[str, str]) -> tuple[float, float]:
    """The beginning and the end of a custom range."""
    begins, ends = seconds_of(query.get("from")), seconds_of(query.get("to"))
    if begins is None or ends is None:
        raise InvalidError(
            "A custom time range needs a beginning and an end, such as 2026-05-04T06:00Z.", "from"
        )
    if not 0 <= begins < ends <= LAST_MOMENT:
        raise InvalidError("The time range must end after it begins, between 1970 and 2100.", "to")
    return begins, ends


def _page(request: ApiRequest) -> Response:
    asked = asked_of(request)
    ends = asked.until(request.services.clock.now())
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
        begins=isoformat(ends - asked.span)[:MINUTES],
        ends=isoformat(ends)[:MINUTES],
        follows=asked.range != CUSTOM and not asked.back,
        before=asked.moved(1).address(),
        after=asked.moved(-1).address() if asked.back or ends < request.services.clock.now() else "",
    )


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


def _lines(request: ApiRequest, asked: Asked, devices: Sequence[Resource], ends: float) -> Iterator[Line]:
    shown = {device.id: str(device.body["displayName"]) for device in devices}
    several = len(asked.names) > 1
    for part in _parts(request, asked.split, devices):
        query = HistoryQuery(
            part.devices,
            asked.names,
            ends - asked.span,
            ends,
            asked.span / POINTS,
            asked.aggregate,
            split_by_device=asked.split is Split.DEVICE,
        )
        for series in query_history(request.services.log, query).series:
            owner = shown.get(series.device, "") or part.title
            yield Line(" ".join(filter(None, (owner, series.name if several or not owner else ""))), series)


def compared(lines: Iterable[Line], seconds: float, words: str) -> Iterator[Line]:
    """Lines of an earlier time, drawn over the asked one."""
    for line in lines:
        points = tuple(Point(point.time + seconds, point.value) for point in line.series.points)
        yield Line(f"{line.label}, {words} before", Series(line.series.device, line.series.name, points))


def _series(request: ApiRequest) -> Reply | Response:
    asked = asked_of(request)
    ends = asked.until(request.services.clock.now())
    devices = _devices(request, asked) if asked.names else ()
    lines = list(_lines(request, asked, devices, ends)) if devices else []
    if asked.earlier and devices:
        words = "a period" if asked.compare is Earlier.PERIOD else f"a {asked.compare.value}"
        lines += compared(_lines(request, asked, devices, ends - asked.earlier), asked.earlier, words)
    columns = as_columns([line.series for line in lines])
    if request.query.get("format") == "csv":
        return _csv(lines)
    labels = [line.label for line in lines]
    return Reply(200, {"series": [*labels], "columns": columns, "from": ends - asked.span, "to": ends})


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
