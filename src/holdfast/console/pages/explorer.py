"""The data explorer: telemetry of several devices over time, aggregated and drawn."""

from dataclasses import dataclass

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.console.rendering import page
from holdfast.devices.device import DEVICE
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.query import AnyOf, Compare, Operator, Query
from holdfast.telemetry.history import Aggregate, HistoryQuery, query_history

READ = Permission.DEVICE_READ
MAXIMUM_DEVICES = 500
POINTS = 300
RANGES = {"15m": 900.0, "1h": 3600.0, "12h": 43_200.0, "1d": 86_400.0, "7d": 604_800.0}


@dataclass(frozen=True, slots=True)
class _Asked:
    filter: str
    names: tuple[str, ...]
    range: str
    aggregate: Aggregate
    split: bool
    back: int
    """How many ranges before now, to compare periods."""


def _asked(request: ApiRequest) -> _Asked:
    query = request.query
    try:
        aggregate = Aggregate(query.get("aggregate", Aggregate.AVERAGE))
        back = int(query.get("back", "0")[:4])
    except ValueError:
        raise InvalidError("The explorer does not know this aggregate or period.") from None
    range_name = query.get("range", "1h")
    if range_name not in RANGES:
        raise InvalidError(f"The time range must be one of {', '.join(RANGES)}.", "range")
    names = tuple(name.strip() for name in query.get("names", "").split(",") if name.strip())[:20]
    split = query.get("split", "yes") == "yes"
    return _Asked(query.get("filter", ""), names, range_name, aggregate, split, max(0, back))


def _page(request: ApiRequest) -> Response:
    asked = _asked(request)
    return page(
        request,
        "explorer.html",
        asked=asked,
        ranges=list(RANGES),
        aggregates=[a.value for a in Aggregate],
        series=f"/explorer/series?{request.url.partition('?')[2]}",
    )


def _devices(request: ApiRequest, text: str) -> frozenset[str]:
    where = None
    if text:
        where = AnyOf(tuple(Compare(p, Operator.CONTAINS, text) for p in ("displayName", "key", "template")))
    query = Query(DEVICE, request.principal.reach(READ), where, limit=MAXIMUM_DEVICES)
    return frozenset(device.id for device in request.services.store.find(query).items)


def _series(request: ApiRequest) -> Reply:
    asked, services = _asked(request), request.services
    span = RANGES[asked.range]
    ends = services.clock.now() - asked.back * span
    devices = _devices(request, asked.filter)
    if not devices or not asked.names:
        return Reply(200, {"series": [], "columns": [[]]})
    query = HistoryQuery(
        devices, asked.names, ends - span, ends, span / POINTS, asked.aggregate, split_by_device=asked.split
    )
    answer = query_history(services.log, query)
    moments = sorted({point.time for series in answer.series for point in series.points})
    columns: list[JsonValue] = [list(moments)]
    for series in answer.series:
        values = dict(series.points)
        columns.append([values.get(moment) for moment in moments])
    names: list[JsonValue] = [" ".join(filter(None, (s.device, s.name))) for s in answer.series]
    return Reply(200, {"series": names, "columns": columns, "complete": answer.complete})


ROUTES = [
    Route("GET", "/explorer", READ, _page, "Data explorer", is_page=True),
    Route("GET", "/explorer/series", READ, _series, "Series of the explorer"),
]
