"""An organization moves with all that lies in it, its people's rights follow, and nobody gains by moving."""

from pathlib import Path

import pytest

from holdfast.access.errors import EscalationError
from holdfast.access.people.assignments import Assignment
from holdfast.access.people.organizations import KIND, move_in, put_organization
from holdfast.access.roles.builtin import ORGANIZATION_ADMINISTRATOR, ORGANIZATION_VIEWER
from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import Move, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Principal
from holdfast.resources.model import Action, Change
from tests.access.world import AccessWorld, open_access
from tests.resources.kinds import KINDS

VIEWER, BOSS = ORGANIZATION_VIEWER.id, ORGANIZATION_ADMINISTRATOR.id


@pytest.fixture
def tree(here: AccessWorld) -> AccessWorld:
    """/north/plant/line/ and /south/."""
    here.organization("north")
    here.organization("south")
    here.organization("plant", "north")
    here.organization("line", "plant")
    return here


def move(here: AccessWorld, id: str, parent: str, by: Principal = SYSTEM) -> None:
    stored = here.world.store.get(KIND, id)
    assert stored is not None
    body: JsonObject = {"displayName": stored.body["displayName"], "parent": parent}
    here.world.changes.apply(by, put_organization(here.world.store, id, body, None))


def place(here: AccessWorld, kind: str, id: str) -> str:
    stored = here.world.store.get(kind, id)
    assert stored is not None
    return stored.organization


def test_everything_at_and_below_it_moves_along_and_nothing_else(tree: AccessWorld) -> None:
    tree.user("ada", (VIEWER, "line"))
    tree.user("bob", (VIEWER, "north"))
    before = tree.world.store.get("user", "ada")
    move(tree, "plant", "south")
    assert place(tree, KIND, "plant") == "/south/plant/"
    assert place(tree, KIND, "line") == "/south/plant/line/"
    assert place(tree, KIND, "north") == "/north/"
    assert place(tree, "user", "ada") == "/south/plant/line/"
    assert place(tree, "user", "bob") == "/north/"
    after = tree.world.store.get("user", "ada")
    assert before is not None
    assert after is not None
    assert after.etag == before.etag
    move(tree, "plant", "")
    assert place(tree, KIND, "line") == "/plant/line/"


def test_rights_follow_at_the_next_request(tree: AccessWorld) -> None:
    tree.user("ada", (VIEWER, "line"))
    tree.user("bob", (VIEWER, "north"))
    tree.user("eve", (VIEWER, "south"))
    read, old = Permission.DEVICE_READ, OrganizationPath("/north/plant/line/")
    new = OrganizationPath("/south/plant/line/")
    assert tree.as_user("bob").allows(read, old)
    assert not tree.as_user("eve").allows(read, old)
    move(tree, "plant", "south")
    assert tree.as_user("ada").allows(read, new)
    assert not tree.as_user("ada").allows(read, old)
    assert tree.as_user("eve").allows(read, new)
    assert not tree.as_user("bob").allows(read, new)


def test_whoever_has_roles_in_and_beside_it_lives_above_all_of_them_again(tree: AccessWorld) -> None:
    tree.user("ada", (VIEWER, "line"), (VIEWER, "north"))
    tree.user("bob", (VIEWER, "line"), (VIEWER, "south"))
    assert place(tree, "user", "ada") == "/north/"
    assert place(tree, "user", "bob") == "/"
    move(tree, "plant", "south")
    assert place(tree, "user", "ada") == "/"
    assert place(tree, "user", "bob") == "/south/"


def test_the_audit_log_says_from_where_to_where(tree: AccessWorld) -> None:
    tree.user("ada", (VIEWER, "line"), (VIEWER, "north"))
    last = tree.world.feed.last()
    move(tree, "plant", "south")
    events = tree.world.feed.read(last, 10)
    assert [event.name for event in events] == ["organization.moved", "user.updated"]
    expected = Move(OrganizationPath("/north/plant/"), OrganizationPath("/south/plant/"))
    assert move_in(events[0]) == expected
    assert move_in(events[1]) is None


def test_it_is_not_put_below_itself(tree: AccessWorld) -> None:
    for parent in ("plant", "line"):
        with pytest.raises(InvalidError, match="below itself"):
            move(tree, "plant", parent)
    assert place(tree, KIND, "line") == "/north/plant/line/"


def test_the_lowest_that_moves_along_counts_for_the_depth(tree: AccessWorld) -> None:
    tree.world.put("accessSettings", "application", {"organizations": {"maximumDepth": 3}})
    tree.organization("east", "south")
    with pytest.raises(ConflictError, match="level 4"):
        move(tree, "plant", "east")
    move(tree, "plant", "south")


def test_a_sibling_of_the_same_look_at_the_new_place_is_refused(tree: AccessWorld) -> None:
    put = put_organization(tree.world.store, "other", {"displayName": "PLANT", "parent": "south"}, None)
    tree.world.changes.apply(SYSTEM, put)
    with pytest.raises(ConflictError, match="looks the same"):
        move(tree, "plant", "south")


def test_it_takes_the_permission_above_both_places(tree: AccessWorld) -> None:
    for ones, roles in {"n": ["north"], "s": ["south"], "p": ["plant", "south"]}.items():
        tree.user(ones, *((BOSS, role) for role in roles))
        with pytest.raises((ForbiddenError, ConflictError)):  # who cannot see it hears that the id is taken
            move(tree, "plant", "south", tree.as_user(ones))
    tree.user("both", (BOSS, "north"), (BOSS, "south"))
    move(tree, "plant", "south", tree.as_user("both"))
    assert place(tree, KIND, "line") == "/south/plant/line/"


def test_nobody_hands_out_by_moving_what_they_do_not_have(tree: AccessWorld) -> None:
    tree.world.put(
        "role",
        "mover",
        {"displayName": "Mover", "scope": "organization", "permissions": [Permission.ORGANIZATION_MANAGE]},
    )
    tree.user("mover", ("mover", "north"), ("mover", "south"))
    mover = tree.as_user("mover")
    move(tree, "plant", "south", mover)
    move(tree, "plant", "north", mover)
    tree.user("boss", (BOSS, "south"))
    with pytest.raises(EscalationError, match="below the user “boss”"):
        move(tree, "plant", "south", mover)


def test_a_change_that_was_judged_before_the_move_is_judged_again(tree: AccessWorld) -> None:
    """Both wait for one commit: the second may not put the user back where it was."""
    tree.user("ada", (VIEWER, "line"))
    body: JsonObject = {"displayName": "Plant", "parent": "south"}
    changes = [
        put_organization(tree.world.store, "plant", body, None),
        Change(Action.MERGE, "user", "ada", {"displayName": "Ada"}),
    ]
    tree.world.changes.apply_all(SYSTEM, changes)
    assert place(tree, "user", "ada") == "/south/plant/line/"


def test_tokens_and_sessions_that_live_follow_at_once(tree: AccessWorld) -> None:
    tree.user("ada", (BOSS, "line"))
    cookie = tree.cookie("ada")
    roles = [Assignment(VIEWER, "line"), Assignment(VIEWER, "south")]
    _, text = tree.access.tokens.issue(SYSTEM, "ci", roles)
    old, new = OrganizationPath("/north/plant/line/"), OrganizationPath("/south/plant/line/")
    assert tree.who(authorization=text).allows(Permission.DEVICE_READ, old)
    assert tree.who(cookie=cookie).allows(Permission.DEVICE_READ, old)
    move(tree, "plant", "south")
    assert place(tree, "apiToken", "ci") == "/south/"
    for who in (tree.who(authorization=text), tree.who(cookie=cookie)):
        assert who.allows(Permission.DEVICE_READ, new)
        assert not who.allows(Permission.DEVICE_READ, old)


def test_nothing_comes_to_where_the_organization_was(tmp_path: Path) -> None:
    """Whoever looked its place up before the move tries again."""
    with open_access(tmp_path, *KINDS) as here:
        here.organization("north")
        here.organization("plant", "north")
        here.world.put("thing", "early", {}, organization="/north/plant/")
        move(here, "plant", "")
        with pytest.raises(ConflictError, match="moved or removed meanwhile"):
            here.world.put("thing", "late", {}, organization="/north/plant/")
        here.world.put("thing", "late", {}, organization="/plant/")
        assert {place(here, "thing", id) for id in ("early", "late")} == {"/plant/"}
