"""Small drawings made on the server, as shapes that a template turns into SVG: pies, bands, heat, places."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

COLOURS = 8
"""Classes `c0` to `c7` of the stylesheet."""
MAXIMUM_SLICES = 8


class Slice(NamedTuple):
    """A part of a pie."""

    label: str
    value: float
    percent: float
    path: str
    """Path data within a circle of radius 100 around the origin."""
    colour: int


def pie(values: Mapping[str, float]) -> list[Slice]:
    """The slices of a pie, the largest first; what is too small to tell apart becomes one."""
    ordered = sorted(((k, v) for k, v in values.items() if v > 0), key=lambda item: (-item[1], item[0]))
    if len(ordered) > MAXIMUM_SLICES:
        rest = sum(value for _, value in ordered[MAXIMUM_SLICES - 1 :])
        ordered = [*ordered[: MAXIMUM_SLICES - 1], ("others", rest)]
    total = sum(value for _, value in ordered)
    slices: list[Slice] = []
    turn = 0.0
    for number, (label, value) in enumerate(ordered):
        share = value / total
        slices.append(Slice(label, value, share * 100, _wedge(turn, turn + share), number % COLOURS))
        turn += share
    return slices


def _wedge(begin: float, end: float) -> str:
    if end - begin > 0.9999:
        return "M 0 -100 A 100 100 0 1 1 0 100 A 100 100 0 1 1 0 -100 Z"
    x1, y1 = _on_circle(begin)
    x2, y2 = _on_circle(end)
    large = 1 if end - begin > 0.5 else 0
    return f"M 0 0 L {x1:.2f} {y1:.2f} A 100 100 0 {large} 1 {x2:.2f} {y2:.2f} Z"


def _on_circle(turn: float) -> tuple[float, float]:
    angle = turn * 2 * math.pi - math.pi / 2
    return 100 * math.cos(angle), 100 * math.sin(angle)


class Band(NamedTuple):
    """A time in which something had one state."""

    label: str
    x: float
    width: float
    """Both in percent of the time range."""
    colour: int


def bands(changes: Sequence[tuple[float, str]], begins: float, ends: float) -> list[Band]:
    """States over time: each holds until the next is said."""
    states = sorted({state for _, state in changes})
    found: list[Band] = []
    for number, (time, state) in enumerate(changes):
        until = changes[number + 1][0] if number + 1 < len(changes) else ends
        if found and found[-1].label == state:
            found[-1] = found[-1]._replace(width=(until - begins) / (ends - begins) * 100 - found[-1].x)
            continue
        x = max(0.0, (time - begins) / (ends - begins) * 100)
        width = max(0.0, (until - begins) / (ends - begins) * 100 - x)
        found.append(Band(state, x, width, states.index(state) % COLOURS))
    return found


class Heat(NamedTuple):
    """One cell of a heat map."""

    row: int
    column: int
    value: float
    warmth: float
    """0 to 1 between the least and the most."""


def heat(rows: Sequence[Sequence[float | None]]) -> list[Heat]:
    """The cells of a heat map; where there is no value there is no cell."""
    values = [value for row in rows for value in row if value is not None]
    if not values:
        return []
    low, high = min(values), max(values)
    span = high - low or 1.0
    return [
        Heat(r, c, value, round(0.12 + 0.88 * (value - low) / span, 3))
        for r, row in enumerate(rows)
        for c, value in enumerate(row)
        if value is not None
    ]


class Place(NamedTuple):
    """A device on a map."""

    label: str
    latitude: float
    longitude: float


class Window(NamedTuple):
    """The part of the world that a map shows, in degrees; north is up, so y is minus the latitude."""

    x: float
    y: float
    width: float
    height: float


def window(places: Sequence[Place]) -> Window:
    """The part of the world that has all places, with some room around them."""
    if not places:
        return Window(-180, -90, 360, 180)
    west, east = min(p.longitude for p in places), max(p.longitude for p in places)
    south, north = min(p.latitude for p in places), max(p.latitude for p in places)
    width = max((east - west) * 1.3, (north - south) * 2.6, 0.02)
    height = width / 2
    middle_x, middle_y = (west + east) / 2, -(south + north) / 2
    return Window(middle_x - width / 2, middle_y - height / 2, width, height)


def graticule(view: Window) -> tuple[list[float], list[float]]:
    """Meridians and parallels at round degrees: (x of the former, y of the latter)."""
    step = 10 ** math.floor(math.log10(view.width / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if view.width / (step * factor) <= 8)
    return _multiples(view.x, view.width, step), _multiples(view.y, view.height, step)


def _multiples(begin: float, length: float, step: float) -> list[float]:
    first = math.ceil(begin / step)
    return [number * step for number in range(first, math.floor((begin + length) / step) + 1)]
