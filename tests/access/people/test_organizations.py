"""The organization tree: bounded, without look-alikes, and deleted only when empty."""

import pytest

from holdfast.access.people.organizations import KIND, put_organization
from holdfast.access.roles.builtin import ORGANIZATION_ADMINISTRATOR, ORGANIZATION_VIEWER
from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action, Change
from tests.access.world import AccessWorld


def put(here: AccessWorld, id: str, name: str = "North", parent: str = "") -> None:
    body: JsonObject = {"displayName": name, "parent": parent}
    here.world.changes.apply(SYSTEM, put_organization(here.world.store, id, body, None))


def limits(here: AccessWorld, **more: int) -> None:
    here.world.put("accessSettings", "application", {"organizations": {**more}})


def test_an_organization_lives_at_its_own_path(here: AccessWorld) -> None:
    here.organization("north")
    assert here.organization("plant", "north").organization == "/north/plant/"


@pytest.mark.parametrize("id", ["North", "-a", "a-", "a_b", "", "x" * 49, "ä", "a/b"])
def test_ids_follow_the_published_pattern(here: AccessWorld, id: str) -> None:
    with pytest.raises(InvalidError):
        put(here, id)


def test_depth_and_count_are_bounded_by_settings_and_by_nothing_else(here: AccessWorld) -> None:
    parent = ""
    for level in range(5):
        here.organization(f"level-{level}", parent)
        parent = f"level-{level}"
    with pytest.raises(ConflictError, match="level 6"):
        here.organization("level-5", parent)
    limits(here, maximumDepth=6)
    here.organization("level-5", parent)
    limits(here, maximumDepth=6, maximumCount=6)
    with pytest.raises(ConflictError, match="6 organizations"):
        here.organization("one-more")


@pytest.mark.parametrize("name", ["NORTH", "Nоrth", "North ", "Ｎorth"])
def test_siblings_that_look_the_same_are_refused_and_cousins_are_not(here: AccessWorld, name: str) -> None:
    here.organization("north")
    here.organization("east")
    with pytest.raises((ConflictError, InvalidError)):
        put(here, "other", name)
    put(here, "cousin", "North", "east")


def test_an_organization_can_be_renamed(here: AccessWorld) -> None:
    here.organization("north")
    put(here, "north", "Norden")
    stored = here.world.store.get(KIND, "north")
    assert stored is not None
    assert stored.body["displayName"] == "Norden"


def test_an_organization_goes_only_when_nothing_is_left_in_it(here: AccessWorld) -> None:
    here.organization("north")
    here.organization("south")
    here.organization("plant", "north")
    viewer = ORGANIZATION_VIEWER.id
    here.user("ada", (viewer, "plant"), (viewer, "south"))
    here.user("bob", (viewer, "plant"))
    with pytest.raises(ConflictError, match=r"1 of kind organization.*1 of kind user"):
        here.world.change(Action.DELETE, KIND, "north")
    here.world.change(Action.DELETE, "user", "bob")
    with pytest.raises(ConflictError, match="1 of kind organization"):
        here.world.change(Action.DELETE, KIND, "north")
    with pytest.raises(ConflictError, match="user with a role there"):
        here.world.change(Action.DELETE, KIND, "plant")
    here.user("ada", (viewer, "south"))
    here.world.change(Action.DELETE, KIND, "plant")
    here.world.change(Action.DELETE, KIND, "north")
    assert here.world.store.count(KIND, (ROOT,)) == 1


def test_ones_own_organization_is_made_and_removed_from_above_only(here: AccessWorld) -> None:
    here.organization("north")
    here.user("boss", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    boss = here.as_user("boss")
    here.organization("plant", "north", boss)
    here.world.changes.apply(boss, Change(Action.DELETE, KIND, "plant"))
    with pytest.raises(ForbiddenError):
        here.organization("south", "", boss)
    here.user("boss")
    with pytest.raises(ForbiddenError, match="from above"):
        here.world.changes.apply(boss, Change(Action.DELETE, KIND, "north"))


def test_a_place_that_contradicts_the_parent_is_refused(here: AccessWorld) -> None:
    here.organization("north")
    with pytest.raises(InvalidError, match="lives at /x/"):
        here.world.put(KIND, "x", {"displayName": "X"}, organization="/north/x/")
    with pytest.raises(InvalidError, match="no organization"):
        put(here, "y", "Y", "nowhere")
