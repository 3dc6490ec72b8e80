"""What tiles show: read with the permissions of whoever looks, never more."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from holdfast.api.frame import ApiRequest
from holdfast.console.dashboards import drawing
from holdfast.console.dashboards.tiles import DURATIONS, MAXIMUM_DEVICES, Capability, Tile
from holdfast.console.series import as_columns
from holdfast.devices.device import DEVICE
from holdfast.devices.groups import DEVICE_GROUP, members_query
from holdfast.devices.templates.judging import flattened
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.resources.query import Query
from holdfast.telemetry.history import Aggregate, HistoryQuery, Series, query_history, raw_messages

Shown = dict[str, Any]
"""What a tile's template is given. `Any`: each template takes its own."""

POINTS = 120
MAXIMUM_MESSAGES = 5_000
MAXIMUM_EVENTS = 30
MAXIMUM_LINES = 24


@dataclass(frozen=True, slots=True)
class Sight:
    """A tile, who looks at it, and the devices that they may see of it."""

    request: ApiRequest
    tile: Tile
    devices: tuple[Resource, ...]
    now: float

    @property
    def begins(self) -> float:
        """The beginning of the tile's time range."""
        return self.now - DURATIONS[self.tile.duration]

    @property
    def ids(self) -> list[str]:
        """Ids of the devices."""
        return [device.id for device in self.devices]

    @property
    def names(self) -> dict[str, str]:
        """Id of a device → its name."""
        return {device.id: str(device.body["displayName"]) for device in self.devices}


def sight(request: ApiRequest, tile: Tile) -> Sight:
    """What somebody sees of a tile."""
    return Sight(request, tile, tuple(_devices(request, tile)), request.services.clock.now())


def _devices(request: ApiRequest, tile: Tile) -> Iterable[Resource]:
    """The named devices, else the first of the group, else the first of all."""
    store, reach = request.services.store, request.principal.reach(Permission.DEVICE_READ)
    if tile.devices:
        found = (store.get(DEVICE, id) for id in tile.devices)
        return [d for d in found if d and request.principal.allows(Permission.DEVICE_READ, d.organization)]
    return store.find(_query(request, tile) or Query(DEVICE, reach, limit=MAXIMUM_DEVICES)).items


def _query(request: ApiRequest, tile: Tile) -> Query | None:
    """The query of the tile's group; None when it names none."""
    if not tile.group:
        return None
    store, reach = request.services.store, request.principal.reach(Permission.DEVICE_READ)
    group = store.get(DEVICE_GROUP, tile.group)
    if group is None:
        raise NotFoundError(f"The device group {tile.group} is gone; choose another for this tile.")
    return members_query(store, group, reach, MAXIMUM_DEVICES)


def _series(seen: Sight, capability: Capability, bucket: float, *, split: bool) -> tuple[Series, ...]:
    asked = HistoryQuery(
        frozenset(seen.ids),
        (capability.name,),
        seen.begins,
        seen.now + 1,
        bucket,
        capability.aggregate,
        split_by_device=split,
    )
    return query_history(seen.request.services.log, asked).series if seen.devices else ()


def chart(seen: Sight) -> JsonObject:
    """Series for a line or bar chart: one for each capability and device, or for all of many devices."""
    bucket = (seen.now - seen.begins) / POINTS
    split = len(seen.devices) * max(1, len(seen.tile.capabilities)) <= MAXIMUM_LINES
    found: list[Series] = []
    for capability in seen.tile.capabilities:
        counted = (
            capability._replace(aggregate=Aggregate.COUNT) if seen.tile.type == "eventChart" else capability
        )
        found += _series(seen, counted, bucket, split=split)
    several = len(seen.tile.capabilities) > 1
    names = seen.names
    labels: list[JsonValue] = [
        " ".join(filter(None, (names.get(s.device, ""), s.name if several or not s.device else "")))
        for s in found
    ]
    bars = seen.tile.type in ("barChart", "eventChart")
    return {"series": labels, "columns": as_columns(found), "from": seen.begins, "to": seen.now, "bars": bars}


class Figure(NamedTuple):
    """One number of a key figure."""

    label: str
    value: float | None


def figures(seen: Sight) -> Shown:
    """One number for each capability over the whole range and all devices."""
    span = seen.now - seen.begins + 1
    found: list[Figure] = []
    for capability in seen.tile.capabilities:
        series = _series(seen, capability, span, split=False)
        points = [point.value for one in series for point in one.points]
        found.append(
            Figure(f"{capability.aggregate.value} of {capability.name}", _together(capability, points))
        )
    return {"figures": found}


def _together(capability: Capability, points: list[float]) -> float | None:
    """The range may touch two buckets."""
    if not points:
        return None
    match capability.aggregate:
        case Aggregate.MINIMUM:
            return min(points)
        case Aggregate.MAXIMUM:
            return max(points)
        case Aggregate.SUM | Aggregate.COUNT:
            return sum(points)
        case _:
            return sum(points) / len(points)


class Known(NamedTuple):
    """What a device said last."""

    device: str
    name: str
    value: JsonValue
    time: float


def values(seen: Sight) -> Shown:
    """The last known values of the devices."""
    wanted = [capability.name for capability in seen.tile.capabilities]
    last = seen.request.services.last_values
    found = [
        Known(seen.names[device], value.name, value.value, value.time)
        for device in seen.ids[:MAXIMUM_LINES]
        for value in last.all(device)
        if value.name in wanted
    ]
    return {"values": found, "several": len(seen.devices) > 1}


def properties(seen: Sight) -> Shown:
    """Reported and cloud properties of the devices."""
    wanted = {capability.name for capability in seen.tile.capabilities}
    found = [
        Known(seen.names[device.id], path, value, 0.0)
        for device in seen.devices[:MAXIMUM_LINES]
        for path, value in _properties(seen, device)
        if path in wanted
    ]
    return {"values": found, "several": len(seen.devices) > 1}


def _properties(seen: Sight, device: Resource) -> Iterable[tuple[str, JsonValue]]:
    cloud = device.body.get("cloud")
    reported = seen.request.services.state.twin(device.id).reported
    for section in (cloud if isinstance(cloud, dict) else {}, reported):
        for component, name, value in flattened(section):
            yield (f"{component}.{name}" if component else name), value


def device_count(seen: Sight) -> Shown:
    """How many devices the group has, of those that may be seen."""
    store, reach = seen.request.services.store, seen.request.principal.reach(Permission.DEVICE_READ)
    query = _query(seen.request, seen.tile)
    return {"number": store.count(DEVICE, query.reach, query.where) if query else store.count(DEVICE, reach)}


def pie(seen: Sight) -> Shown:
    """Shares: of the devices in what they sent, or of the states in what was said."""
    if seen.tile.type == "stateChart":
        said = Counter(value for _, _, _, value in _said(seen))
        return {"slices": drawing.pie({state: float(number) for state, number in said.items()})}
    span, shares = seen.now - seen.begins + 1, defaultdict[str, float](float)
    for capability in seen.tile.capabilities:
        for series in _series(seen, capability, span, split=True):
            label = seen.names[series.device] + (f" {series.name}" if len(seen.tile.capabilities) > 1 else "")
            shares[label] = _together(capability, [point.value for point in series.points]) or 0.0
    return {"slices": drawing.pie(shares)}


def heat(seen: Sight) -> Shown:
    """Devices over time, as warm as their value is high."""
    bucket = (seen.now - seen.begins) / 48
    found = [s for c in seen.tile.capabilities for s in _series(seen, c, bucket, split=True)][:MAXIMUM_LINES]
    columns = as_columns(found)
    rows = [column for column in columns[1:] if isinstance(column, list)]
    numbers = [[v if isinstance(v, int | float) else None for v in row] for row in rows]
    labels = [" ".join((seen.names[s.device], s.name)) for s in found]
    return {"cells": drawing.heat(numbers), "labels": labels, "width": max(map(len, rows), default=0)}


def states(seen: Sight) -> Shown:
    """The states of each device over time."""
    by_line: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for time, device, name, value in _said(seen):
        by_line[f"{seen.names[device]} {name}"].append((time, value))
    lines = list(by_line.items())[:MAXIMUM_LINES]
    return {"lines": [(label, drawing.bands(changes, seen.begins, seen.now)) for label, changes in lines]}


def events(seen: Sight) -> Shown:
    """The newest of what was said."""
    found = [Known(seen.names[d], name, value, time) for time, d, name, value in _said(seen)]
    return {"values": found[: -MAXIMUM_EVENTS - 1 : -1]}


def _said(seen: Sight) -> Iterable[tuple[float, str, str, str]]:
    """What the devices said of the capabilities, oldest first, values as texts."""
    wanted = [capability.name for capability in seen.tile.capabilities]
    log = seen.request.services.log
    if not seen.devices:
        return
    heard = raw_messages(log, seen.ids, seen.begins, seen.now + 1, MAXIMUM_MESSAGES)
    for message in reversed(heard.found):
        for name in wanted:
            if name in message.values:
                yield message.time, message.device, name, _as_text(message.values[name])


def _as_text(value: JsonValue) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def places(seen: Sight) -> Shown:
    """Where the devices are: geopoints as `{lat, lon}`, and GeoJSON points."""
    wanted = {capability.name for capability in seen.tile.capabilities}
    found: list[drawing.Place] = []
    for device in seen.devices:
        said: list[tuple[str, JsonValue]] = [
            (v.name, v.value) for v in seen.request.services.last_values.all(device.id)
        ]
        for path, value in (*said, *_properties(seen, device)):
            point = _point(value) if path in wanted else None
            if point is not None:
                found.append(drawing.Place(seen.names[device.id], *point))
                break
    view = drawing.window(found)
    meridians, parallels = drawing.graticule(view)
    return {"places": found, "view": view, "meridians": meridians, "parallels": parallels}


def _point(value: JsonValue) -> tuple[float, float] | None:
    if not isinstance(value, dict):
        return None
    latitude, longitude = value.get("lat"), value.get("lon")
    coordinates = value.get("coordinates")
    if isinstance(coordinates, list) and len(coordinates) >= 2:
        longitude, latitude = coordinates[0], coordinates[1]
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    return (float(latitude), float(longitude)) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def nothing(_seen: Sight) -> Shown:
    """Tiles that show only what their configuration has."""
    return {}


VALUES: dict[str, Callable[[Sight], Shown]] = {
    "figures": figures,
    "values": values,
    "properties": properties,
    "device_count": device_count,
    "pie": pie,
    "heat": heat,
    "states": states,
    "events": events,
    "places": places,
    "command": nothing,
    "label": nothing,
    "markdown": nothing,
    "image": nothing,
    "link": nothing,
}
"""Template of a tile → what it is given."""
