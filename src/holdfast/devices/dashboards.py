"""The kind `dashboard`: tiles that people arranged, of an organization."""

import re
from typing import Annotated, Any

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader
from holdfast.resources.query import In

DASHBOARD = "dashboard"
MAXIMUM_TILES = 100
"""As published."""
_ID = re.compile(r"[a-zA-Z0-9_:;-]{1,128}")
"""The hosted service's own are DTMIs: `dtmi:kkfvwa2xi:p7pyt5x38`."""

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
    tiles: Annotated[list[dict[str, Any]], Meta(max_length=MAXIMUM_TILES)] = field(default_factory=list)
    """JSON objects; msgspec knows no recursive types, so `Any`. Checked one by one as `Tile`."""
    favorites: list[str] = field(default_factory=list)
    """Ids of the people who marked it."""
    owner: str = ""
    """Whose it is alone: the id of a person; empty for a dashboard of the organization."""


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if _ID.fullmatch(draft.change.id) is None:
        raise InvalidError("A dashboard's id has 1 to 128 letters, digits and -_:;.", "/id")
    asked = read_body(draft.body, Dashboard)
    owner = str(draft.before.body.get("owner", "")) if draft.before else asked.owner
    for index, tile in enumerate(asked.tiles):
        try:
            read_body(tile, Tile)
        except InvalidError as error:
            raise InvalidError(f"/tiles/{index}: {error}", f"/tiles/{index}{error.field}") from None
    return to_body(replace(asked, owner=owner))


def _guard(draft: Draft, _reader: Reader) -> None:
    """A personal dashboard is its owner's alone: nobody else changes it, or makes one in another's name."""
    body = draft.before.body if draft.before else draft.body
    if body.get("owner", "") not in ("", draft.principal.id):
        raise NotFoundError(f"There is no dashboard {draft.change.id}, or it is not yours.")


def of_person(person: str) -> In:
    """The dashboards of the organizations, and those that are the person's own."""
    return In("owner", ("", person))


DASHBOARD_KIND = Kind(
    name=DASHBOARD,
    read=Permission.DASHBOARD_READ,
    create=Permission.DASHBOARD_MANAGE,
    update=Permission.DASHBOARD_MANAGE,
    delete=Permission.DASHBOARD_MANAGE,
    validate=_validate,
    guard=_guard,
    indexed={"displayName": IndexType.TEXT, "owner": IndexType.TEXT},
    policy_type="Holdfast.Application/dashboards",
)
