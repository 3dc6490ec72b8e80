"""The elevations that give somebody a role now."""

from typing import NamedTuple

from holdfast.access.elevation.requests import KIND, Elevation, eligible_until, read_elevation
from holdfast.access.reading import everything
from holdfast.access.timeboxed import State
from holdfast.resources.model import Reader, Resource
from holdfast.resources.query import All, Compare, Operator


class Held(NamedTuple):
    """An elevation that holds."""

    id: str
    elevation: Elevation
    ends: float
    """Unix seconds: by its own time, or with the eligibility behind it."""


def held_elevations(reader: Reader, user: Resource, now: float) -> list[Held]:
    """What the user is elevated to at `now` (Unix seconds)."""
    where = All(
        (
            Compare("user", Operator.EQUAL, user.id),
            Compare("state", Operator.EQUAL, State.ACTIVE.value),
            Compare("ends", Operator.GREATER, now),
        )
    )
    found = ((stored.id, read_elevation(stored)) for stored in everything(reader, KIND, where))
    held = (Held(id_, given, min(given.ends, eligible_until(reader, given))) for id_, given in found)
    return [
        one
        for one in held
        if one.elevation.starts <= now < one.ends and one.elevation.user_since == user.created
    ]
