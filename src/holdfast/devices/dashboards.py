"""The kind `dashboard`: tiles that people arranged, of an organization."""

import re
from typing import Annotated

from msgspec import Meta, Struct, field

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader

DASHBOARD = "dashboard"
MAXIMUM_TILES = 100
"""As published."""
_ID = re.compile(r"[a-zA-Z0-9_-]{1,48}")

_Text = Annotated[str, Meta(max_length=255)]
_Cells = Annotated[float, Meta(ge=0, le=1000)]


class Configuration(Struct, frozen=True):
    """What a tile shows. Each type has members of its own, which belong to whoever draws it."""

    type: _Text


class Tile(Struct, frozen=True, rename="camel"):
    """A rectangle of the grid; members beyond these are kept."""

    display_name: _Text
    configuration: Configuration
    x: _Cells
    y: _Cells
    width: _Cells
    height: _Cells


class Dashboard(Body, frozen=True):
    """The body."""

    display_name: Annotated[str, Meta(min_length=1, max_length=255)]
    tiles: Annotated[list[JsonObject], Meta(max_length=MAXIMUM_TILES)] = field(default_factory=list)
    favorites: list[str] = field(default_factory=list)
    """Ids of the people who marked it."""


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if _ID.fullmatch(draft.change.id) is None:
        raise InvalidError("A dashboard's id has 1 to 48 letters, digits, - and _.", "/id")
    asked = read_body(draft.body, Dashboard)
    for index, tile in enumerate(asked.tiles):
        try:
            read_body(tile, Tile)
        except InvalidError as error:
            raise InvalidError(f"/tiles/{index}: {error}", f"/tiles/{index}{error.field}") from None
    return to_body(asked)


DASHBOARD_KIND = Kind(
    name=DASHBOARD,
    read=Permission.DASHBOARD_READ,
    create=Permission.DASHBOARD_MANAGE,
    update=Permission.DASHBOARD_MANAGE,
    delete=Permission.DASHBOARD_MANAGE,
    validate=_validate,
    indexed={"displayName": IndexType.TEXT},
    policy_type="Holdfast.Application/dashboards",
)
