"""The types of tiles: what each is called, what somebody fills in for it, and how its value is drawn.

The configurations have the members that version 2022-10-31-preview of the hosted service's API publishes.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.telemetry.history import Aggregate

COLUMNS = 12
MAXIMUM_DEVICES = 100
MAXIMUM_CAPABILITIES = 20
DURATIONS = {
    "PT30M": 1800.0,
    "PT1H": 3600.0,
    "PT12H": 43_200.0,
    "P1D": 86_400.0,
    "P1W": 604_800.0,
    "P30D": 2_592_000.0,
}
AGGREGATES = (Aggregate.AVERAGE, Aggregate.MINIMUM, Aggregate.MAXIMUM, Aggregate.SUM, Aggregate.COUNT)


class Field(StrEnum):
    """Something that a person fills in for a tile."""

    SOURCE = "source"
    """A device group or devices."""
    CAPABILITIES = "capabilities"
    RANGE = "range"
    TEXT = "text"
    ADDRESS = "address"
    COMMAND = "command"


class TileType(NamedTuple):
    """One type of tile."""

    title: str
    fields: tuple[Field, ...]
    drawn: str
    """`chart` (by the browser, from series) or the name of a template."""
    size: tuple[int, int] = (4, 3)


_SERIES = (Field.SOURCE, Field.CAPABILITIES, Field.RANGE)
_VALUES = (Field.SOURCE, Field.CAPABILITIES)

TYPES: dict[str, TileType] = {
    "lineChart": TileType("Line chart", _SERIES, "chart", (6, 3)),
    "barChart": TileType("Bar chart", _SERIES, "chart", (6, 3)),
    "pieChart": TileType("Pie chart", _SERIES, "pie", (3, 3)),
    "heatMapChart": TileType("Heat map", _SERIES, "heat", (6, 3)),
    "eventChart": TileType("Events over time", _SERIES, "chart", (6, 3)),
    "eventHistoryChart": TileType("Event history", _SERIES, "events", (4, 3)),
    "stateChart": TileType("State shares", _SERIES, "pie", (3, 3)),
    "stateHistoryChart": TileType("State history", _SERIES, "states", (6, 2)),
    "kpi": TileType("Key figure", _SERIES, "figures", (2, 2)),
    "lkv": TileType("Last known value", _VALUES, "values", (3, 2)),
    "property": TileType("Property", _VALUES, "properties", (3, 2)),
    "deviceCount": TileType("Number of devices", (Field.SOURCE,), "device_count", (2, 2)),
    "command": TileType("Command", (Field.SOURCE, Field.COMMAND), "command", (2, 2)),
    "label": TileType("Label", (Field.TEXT,), "label", (3, 1)),
    "markdown": TileType("Markdown", (Field.TEXT,), "markdown", (4, 2)),
    "image": TileType("Image", (Field.ADDRESS,), "image", (3, 3)),
    "externalContent": TileType("Link", (Field.ADDRESS,), "link", (3, 1)),
    "mapProperty": TileType("Map of a property", _VALUES, "places", (6, 4)),
    "mapTelemetry": TileType("Map of a telemetry", _VALUES, "places", (6, 4)),
    "dataExplorer": TileType("Saved exploration", _SERIES, "chart", (6, 3)),
}
"""A new type is one entry; its template is `tile_<drawn>.html`, its value a function in `values`."""


class Capability(NamedTuple):
    """A telemetry or property that a tile shows, and how its values become one."""

    name: str
    aggregate: Aggregate


class Tile(NamedTuple):
    """A tile, read leniently: what others wrote through the API is shown as far as it goes."""

    number: int
    title: str
    type: str
    x: int
    y: int
    width: int
    height: int
    configuration: JsonObject

    @property
    def kind(self) -> TileType | None:
        """Its type; None for one that is not known here."""
        return TYPES.get(self.type)

    @property
    def group(self) -> str:
        """The device group."""
        return _text(self.configuration.get("group"))

    @property
    def devices(self) -> list[str]:
        """The devices; empty: all of the group."""
        given = self.configuration.get("devices")
        return [str(item) for item in given][:MAXIMUM_DEVICES] if isinstance(given, list) else []

    @property
    def capabilities(self) -> list[Capability]:
        """What of the devices is shown."""
        given = self.configuration.get("capabilities")
        found = [_capability(item) for item in given] if isinstance(given, list) else []
        return [one for one in found if one.name][:MAXIMUM_CAPABILITIES]

    @property
    def duration(self) -> str:
        """The time range."""
        asked = self.configuration.get("queryRange")
        name = _text(asked.get("duration")) if isinstance(asked, dict) else ""
        return name if name in DURATIONS else "PT1H"

    @property
    def text(self) -> str:
        """The text of a label or markdown tile."""
        return _text(self.configuration.get("text") or self.configuration.get("description"))

    @property
    def address(self) -> str:
        """The address of an image or link, where it is one that may be followed."""
        given = _text(self.configuration.get("sourceUrl") or self.configuration.get("image"))
        return (
            given
            if given.startswith(("https://", "data:image/png;base64,", "data:image/jpeg;base64,"))
            else ""
        )

    @property
    def command(self) -> str:
        """The command that the tile calls: `name` or `component.name`."""
        return _text(self.configuration.get("command"))


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _capability(value: JsonValue) -> Capability:
    if not isinstance(value, dict):
        return Capability("", Aggregate.AVERAGE)
    asked = _text(value.get("aggregateFunction"))
    return Capability(
        _text(value.get("capability")), Aggregate(asked) if asked in list(Aggregate) else Aggregate.AVERAGE
    )


def read_tiles(body: JsonObject) -> list[Tile]:
    """The tiles of a dashboard."""
    given = body.get("tiles")
    return (
        [_tile(n, item) for n, item in enumerate(given) if isinstance(item, dict)]
        if isinstance(given, list)
        else []
    )


def _tile(number: int, value: JsonObject) -> Tile:
    configuration = value.get("configuration")
    configuration = configuration if isinstance(configuration, dict) else {}
    x, y, width, height = (_cells(value.get(name)) for name in ("x", "y", "width", "height"))
    return Tile(
        number,
        _text(value.get("displayName")),
        _text(configuration.get("type")),
        x,
        y,
        max(1, width),
        max(1, height),
        configuration,
    )


def _cells(value: JsonValue) -> int:
    return max(0, min(100, int(value))) if isinstance(value, int | float) else 0


def columns_of(tiles: list[Tile]) -> int:
    """How many columns the grid has: those of ours, or what another client's tiles need."""
    return max([COLUMNS, *(tile.x + tile.width for tile in tiles)])


def layout(tiles: list[Tile]) -> str:
    """The stylesheet that puts each tile into its place; so that no element needs a style of its own."""
    rules = [f".dashboard {{ grid-template-columns: repeat({columns_of(tiles)}, minmax(0, 1fr)); }}"]
    rules += [
        f"#tile-{t.number} {{ grid-area: {t.y + 1} / {t.x + 1} / span {t.height} / span {t.width}; }}"
        for t in tiles
    ]
    return "\n".join(["@media (min-width: 48rem) {", *rules, "}"])


def tile_body(fields: dict[str, str], place: tuple[int, int, int, int]) -> JsonObject:
    """The tile that a form describes. InvalidError for a type that there is not, or nothing to show."""
    type = fields.get("type", "")
    if type not in TYPES:
        raise InvalidError("Choose a type of tile.", "type")
    x, y, width, height = place
    return {
        "displayName": fields.get("name", "").strip() or TYPES[type].title,
        "configuration": {"type": type, **_members(TYPES[type], fields)},
        "x": x,
        "y": y,
        "width": width,
        "height": height,
    }


def _members(type: TileType, fields: dict[str, str]) -> JsonObject:
    members: JsonObject = {}
    for field in type.fields:
        members.update(_MEMBERS[field](fields))
    return members


def _source(fields: dict[str, str]) -> JsonObject:
    devices: list[JsonValue] = [*_words(fields.get("devices", ""))[:MAXIMUM_DEVICES]]
    return {"group": fields.get("group", ""), "devices": devices}


def _named(fields: dict[str, str]) -> JsonObject:
    names = _words(fields.get("capabilities", ""))[:MAXIMUM_CAPABILITIES]
    if not names:
        raise InvalidError("Name what the tile shows, such as temperature.", "capabilities")
    aggregate = fields.get("aggregate", Aggregate.AVERAGE)
    return {"capabilities": [{"capability": name, "aggregateFunction": aggregate} for name in names]}


def _range(fields: dict[str, str]) -> JsonObject:
    duration = fields.get("duration", "PT1H")
    if duration not in DURATIONS:
        raise InvalidError(f"The time range is one of {', '.join(DURATIONS)}.", "duration")
    return {"queryRange": {"type": "time", "duration": duration}}


def _address(fields: dict[str, str]) -> JsonObject:
    address = fields.get("address", "").strip()
    if not address.startswith(("https://", "data:image/")):
        raise InvalidError(
            "An address begins with https://; pictures may also be data:image/ addresses.", "address"
        )
    return {"sourceUrl": address}


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


_MEMBERS: dict[Field, Callable[[dict[str, str]], JsonObject]] = {
    Field.SOURCE: _source,
    Field.CAPABILITIES: _named,
    Field.RANGE: _range,
    Field.TEXT: lambda fields: {"text": fields.get("text", "")[:10_000]},
    Field.ADDRESS: _address,
    Field.COMMAND: lambda fields: {"command": fields.get("command", "").strip()},
}
