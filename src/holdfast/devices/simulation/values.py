"""Values that a device of a template might have: every one fits its schema, and is in a sensible range.

They are drawn from a digest of (device, capability, moment): the same each time, so that a test can say what
comes, and different for every device. Numbers move in a wave, so that charts have something to show.
"""

import base64
import hashlib
import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from holdfast.devices.dtdl.model import Element, Model
from holdfast.devices.templates.capabilities import Capability
from holdfast.devices.templates.template import Template
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonValue

PERIOD = 60.0
"""Draws after which a wave begins anew."""
MAXIMUM_DEPTH = 8
"""Of nested schemas; DTDL allows five."""

Range = tuple[float, float]

_BY_UNIT: Mapping[str, Range] = {
    "degreeCelsius": (18, 27),
    "degreeFahrenheit": (64, 81),
    "kelvin": (291, 300),
    "percent": (20, 80),
    "unity": (0.2, 0.8),
    "pascal": (99_000, 102_500),
    "hectopascal": (990, 1025),
    "kilopascal": (99, 102.5),
    "millibar": (990, 1025),
    "bar": (0.99, 1.025),
    "inchesOfMercury": (29.2, 30.3),
    "millimetresOfMercury": (742, 769),
    "poundPerSquareInch": (14.3, 14.9),
    "gForce": (-1, 1),
    "metrePerSecondSquared": (-9.8, 9.8),
    "volt": (220, 240),
    "millivolt": (3100, 4200),
    "ampere": (0.5, 12),
    "milliampere": (20, 400),
    "watt": (50, 2500),
    "kilowatt": (1, 40),
    "kilowattHour": (10, 500),
    "hertz": (49.9, 50.1),
    "lux": (100, 900),
    "decibel": (30, 75),
    "revolutionPerMinute": (600, 3000),
    "kilometrePerHour": (0, 110),
    "milePerHour": (0, 70),
    "metrePerSecond": (0, 30),
    "degreeOfArc": (0, 90),
    "partsPerMillion": (400, 1200),
    "litrePerSecond": (0, 5),
    "litrePerMinute": (0, 300),
}
"""Unit → where such a measurement is on a quiet day, indoors or in a plant."""
_BY_TYPE: Mapping[str, Range] = {
    "Latitude": (47.0, 48.0),
    "Longitude": (8.0, 9.0),
}
"""Semantic type → range, where the type says more than the unit."""
_BY_FIELD: Mapping[str, Range] = {"lat": (47.0, 48.0), "lon": (8.0, 9.0), "alt": (380, 620)}
"""Of a geopoint."""
_DEFAULT: Range = (0, 100)

_INTEGERS = {
    "Byte": 2**7 - 1,
    "Short": 2**15 - 1,
    "Integer": 2**31 - 1,
    "Long": 2**53 - 1,
    "UnsignedByte": 2**8 - 1,
    "UnsignedShort": 2**16 - 1,
    "UnsignedInteger": 2**32 - 1,
    "UnsignedLong": 2**53 - 1,
}
"""Class → its greatest value, as far as JSON numbers are exact."""


class Draw(NamedTuple):
    """Where chance comes from for one value."""

    device: str
    path: str
    turn: int
    now: float

    def of(self, more: str) -> "Draw":
        """The same for a part of the value."""
        return self._replace(path=f"{self.path}.{more}")

    @property
    def chance(self) -> float:
        """Between 0 and 1, anew each turn."""
        return self._fraction(f"{self.device}/{self.path}/{self.turn}")

    @property
    def wave(self) -> float:
        """Between 0 and 1, moving slowly; each device and capability has a phase of its own."""
        phase = self._fraction(f"{self.device}/{self.path}")
        slow = 0.5 + 0.45 * math.sin(2 * math.pi * (self.turn / PERIOD + phase))
        return min(1.0, max(0.0, slow + 0.05 * (2 * self.chance - 1)))

    @staticmethod
    def _fraction(text: str) -> float:
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48


def value_of(template: Template, capability: Capability, draw: Draw) -> JsonValue:
    """A value of a telemetry or property."""
    if not capability.schema:
        return None
    limits = _limits(template, capability)
    value = _value(template.model, template.model.get(capability.schema), draw, limits, MAXIMUM_DEPTH)
    return _within_bounds(capability, value)


def response_of(template: Template, capability: Capability, draw: Draw) -> JsonValue:
    """What the command's response might be; None where it has none."""
    if not capability.response:
        return None
    schema = template.model.get(capability.response)
    return _value(template.model, schema, draw, _DEFAULT, MAXIMUM_DEPTH)


def _limits(template: Template, capability: Capability) -> Range:
    bounds = capability.annotation.values
    low, high = _by_meaning(template, capability)
    least, most = bounds.get("minValue"), bounds.get("maxValue")
    if isinstance(least, int | float) and isinstance(most, int | float):
        return (max(low, least), min(high, most)) if low < most and high > least else (least, most)
    if isinstance(least, int | float):
        return max(low, least), max(high, least + (high - low))
    if isinstance(most, int | float):
        return min(low, most - (high - low)), min(high, most)
    return low, high


def _by_meaning(template: Template, capability: Capability) -> Range:
    names = [_name(identifier) for identifier in capability.types]
    for name in names:
        if name in _BY_TYPE:
            return _BY_TYPE[name]
    element = template.model.get(capability.element)
    unit = _name(element.reference("unit")) if element else ""
    return _BY_UNIT.get(unit, _DEFAULT)


def _name(identifier: str) -> str:
    """`Temperature` of `dtmi:standard:class:Temperature;2`."""
    return identifier.partition(";")[0].rpartition(":")[2]


def _within_bounds(capability: Capability, value: JsonValue) -> JsonValue:
    bounds = capability.annotation.values
    if isinstance(value, float) and isinstance(places := bounds.get("decimalPlaces"), int):
        return round(value, max(0, min(places, 12)))
    if isinstance(value, str):
        least, most = bounds.get("minLength"), bounds.get("maxLength")
        if isinstance(least, int) and len(value) < least:
            value = value.ljust(min(least, 1000), "x")
        if isinstance(most, int) and len(value) > most:
            value = value[: max(0, most)]
    return value


# ---- by schema


def _value(model: Model, schema: Element | None, draw: Draw, limits: Range, depth: int) -> JsonValue:
    if schema is None or depth == 0:
        return None
    kind = schema.kind
    if kind in _INTEGERS:
        low, high = math.ceil(limits[0]), math.floor(limits[1])
        least = 0 if kind.startswith("Unsigned") else -_INTEGERS[kind] - 1
        return max(least, min(_INTEGERS[kind], low + round(draw.wave * max(0, high - low))))
    if kind in _TEXTS:
        return _TEXTS[kind](draw)
    return _COMPLEX[kind](model, schema, draw, limits, depth - 1) if kind in _COMPLEX else None


def _uuid(draw: Draw) -> str:
    digits = hashlib.blake2b(f"{draw.device}/{draw.path}/{draw.turn}".encode(), digest_size=16).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


_TEXTS: Mapping[str, Callable[[Draw], JsonValue]] = {
    "String": lambda draw: f"simulated {round(draw.chance * 1000)}",
    "Date": lambda draw: isoformat(draw.now)[:10],
    "Time": lambda draw: isoformat(draw.now)[11:],
    "DateTime": lambda draw: isoformat(draw.now),
    "Duration": lambda draw: f"PT{1 + round(draw.chance * 59)}M",
    "Decimal": lambda draw: f"{draw.wave * 100:.2f}",
    "Bytes": lambda draw: base64.b64encode(str(draw.chance).encode()).decode(),
    "Uuid": _uuid,
    "Boolean": lambda draw: draw.chance < 0.5,
}


def _floating(_model: Model, _schema: Element, draw: Draw, limits: Range, _depth: int) -> JsonValue:
    low, high = limits
    return round(low + draw.wave * (high - low), 6)


def _array(model: Model, schema: Element, draw: Draw, limits: Range, depth: int) -> JsonValue:
    member = model.get(schema.reference("elementSchema"))
    items = [_value(model, member, draw.of(str(place)), limits, depth) for place in range(2)]
    return [item for item in items if item is not None]


def _object(model: Model, schema: Element, draw: Draw, _limits: Range, depth: int) -> JsonValue:
    found: dict[str, JsonValue] = {}
    for identifier in schema.references.get("fields", ()):
        field = model.get(identifier)
        if field is not None:
            limits = _BY_FIELD.get(field.name, _DEFAULT) if _is_geopoint(schema) else _DEFAULT
            value = _value(model, model.get(field.reference("schema")), draw.of(field.name), limits, depth)
            if value is not None:
                found[field.name] = value
    return found


def _is_geopoint(schema: Element) -> bool:
    return _name(schema.id) == "geopoint"


def _map(model: Model, schema: Element, draw: Draw, limits: Range, depth: int) -> JsonValue:
    entry = model.get(schema.reference("mapValue"))
    value = _value(model, model.get(entry.reference("schema")) if entry else None, draw, limits, depth)
    return {} if value is None else {"one": value}


def _enum(model: Model, schema: Element, draw: Draw, _limits: Range, _depth: int) -> JsonValue:
    members = [member for member in map(model.get, schema.references.get("enumValues", ())) if member]
    return members[int(draw.chance * len(members))].values.get("enumValue") if members else None


_COMPLEX: Mapping[str, Callable[[Model, Element, Draw, Range, int], JsonValue]] = {
    "Double": _floating,
    "Float": _floating,
    "Array": _array,
    "Object": _object,
    "Map": _map,
    "Enum": _enum,
}
