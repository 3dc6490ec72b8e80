"""The elevations that give somebody a role now."""

from typing import NamedTuple

from holdfast.access.elevation.requests import KIND, Elevation, read_elevation, still_eligible
from holdfast.access.reading import everything
from holdfast.access.timeboxed import State
from holdfast.resources.model import Reader, Resource
from holdfast.resources.query import All, Compare, Operator


class Held(NamedTuple):
    """An elevation that holds."""

    id: str
    elevation: Elevation


def held_elevations(reader: Reader, user: Resource, now: float) -> list[Held]:
    """What the user is elevated to at `now` (Unix seconds)."""
    where = All(
        (
            Compare("user", Operator.EQUAL, user.id),
            Compare("state", Operator.EQUAL, State.ACTIVE.value),
            Compare("ends", Operator.GREATER, now),
        )
    )
    found = (Held(stored.id, read_elevation(stored)) for stored in everything(reader, KIND, where))
    return [
        held
        for held in found
        if held.elevation.holds(now)
        and held.elevation.user_since == user.created
        and still_eligible(reader, held.elevation, now)
    ]
