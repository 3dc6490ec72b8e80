"""The change path: what one change does, what it refuses, and what is recorded either way."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from holdfast.kernel.errors import (
    ConflictError,
    ForbiddenError,
    HoldfastError,
    InvalidError,
    NotFoundError,
    PreconditionFailedError,
    UnavailableError,
)
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action, Change
from tests.resources.kinds import NORTH, SOUTH, principal
from tests.support.world import World


def test_a_created_resource_is_stored_whole_with_its_event(world: World) -> None:
    applied = world.change(Action.CREATE, "thing", "a", {"name": "pump", "keys": {"primary": "s3cret"}})
    stored = world.store.get("thing", "a")
    assert stored == applied.resource
    assert stored is not None
    assert stored.body == {"state": "new", "name": "pump", "keys": {"primary": "s3cret"}}
    assert stored.organization == ROOT
    (event,) = world.feed.read(0)
    assert (event.sequence, event.name, event.resource, event.outcome) == (1, "thing.created", "a", "ok")
    assert event.data == {"state": "new", "name": "pump", "keys": {}}
    assert event.before_digest == ""
    assert event.after_digest != ""


def test_each_action_has_its_verb_and_digests_link_the_events(world: World) -> None:
    world.put("thing", "a", {"name": "one"})
    world.change(Action.MERGE, "thing", "a", {"name": "two"})
    world.put("thing", "a", {"name": "three"})
    world.change(Action.DELETE, "thing", "a")
    events = world.feed.read(0)
    assert [event.name for event in events] == [
        "thing.created", "thing.updated", "thing.updated", "thing.deleted",
    ]  # fmt: skip
    assert [event.after_digest for event in events[:-1]] == [event.before_digest for event in events[1:]]
    assert events[-1].after_digest == ""


def test_a_merge_patch_removes_members_with_null(world: World) -> None:
    world.put("thing", "a", {"name": "pump", "size": 4, "place": {"city": "Oslo", "street": "x"}})
    world.change(Action.MERGE, "thing", "a", {"size": None, "place": {"street": None}})
    stored = world.store.get("thing", "a")
    assert stored is not None
    assert stored.body == {"name": "pump", "place": {"city": "Oslo"}, "state": "new"}


def test_an_etag_changes_with_every_change_and_guards_the_next(world: World) -> None:
    first = world.put("thing", "a", {"name": "one"})
    second = world.put("thing", "a", {"name": "two"}, if_match=first.etag)
    assert second.etag != first.etag
    with pytest.raises(PreconditionFailedError):
        world.put("thing", "a", {"name": "three"}, if_match=first.etag)
    world.put("thing", "a", {"name": "four"}, if_match="*")
    with pytest.raises(PreconditionFailedError):
        world.put("thing", "b", {"name": "new"}, if_match="*")


@pytest.mark.parametrize(
    ("action", "id", "error"),
    [
        (Action.CREATE, "a", ConflictError),
        (Action.MERGE, "b", NotFoundError),
        (Action.DELETE, "b", NotFoundError),
    ],
)
def test_an_action_needs_the_right_state(
    world: World, action: Action, id: str, error: type[HoldfastError]
) -> None:
    world.put("thing", "a", {"name": "one"})
    with pytest.raises(error):
        world.change(action, "thing", id)
    assert len(world.feed.read(0)) == 1


@pytest.mark.parametrize(
    ("kind", "id", "body"),
    [
        ("nothing", "a", {}),
        ("thing", "", {}),
        ("thing", "x" * 300, {}),
        ("thing", "nul\0", {}),
        ("thing", "a", {"name": 7}),
        ("thing", "a", {"name": "\ud800"}),
        ("thing", "half\ud800", {}),
        ("thing", "a", {"size": float("nan")}),
        ("thing", "a", {"name": "x" * (5 << 20)}),
    ],
    ids=["kind", "no id", "long id", "nul", "validator", "surrogate", "surrogate id", "not a number", "size"],
)
def test_nonsense_is_refused_and_changes_nothing(world: World, kind: str, id: str, body: JsonObject) -> None:
    with pytest.raises(InvalidError):
        world.change(Action.PUT, kind, id, body)
    assert world.feed.last() == 0
    assert world.store.count("thing", (ROOT,)) == 0


def test_what_may_not_be_deleted_stays(world: World) -> None:
    world.put("fixed", "f", {})
    with pytest.raises(ConflictError):
        world.change(Action.DELETE, "fixed", "f")
    assert world.store.get("fixed", "f") is not None


def test_an_emitted_event_touches_no_row(world: World) -> None:
    made = world.put("thing", "a", {"name": "one"})
    applied = world.change(
        Action.EMIT, "thing", "a", {"do": "ring", "keys": {"x": "s3cret"}},
        verb="rang", permission=Permission.DEVICE_COMMAND,
    )  # fmt: skip
    assert applied.resource == made == world.store.get("thing", "a")
    event = world.feed.read(1)[0]
    assert (event.name, event.data) == ("thing.rang", {"do": "ring", "keys": {}})


def test_an_emitted_event_must_name_its_permission(world: World) -> None:
    with pytest.raises(InvalidError, match="permission"):
        world.change(Action.EMIT, "thing", "a", verb="rang")


def test_permissions_are_asked_where_the_resource_is_and_where_it_goes(world: World) -> None:
    world.put("thing", "a", {}, organization=NORTH)
    northerner = principal(NORTH, Permission.DEVICE_READ, Permission.DEVICE_UPDATE)
    world.change(Action.MERGE, "thing", "a", {"name": "x"}, northerner)
    with pytest.raises(ForbiddenError, match="/south/"):
        world.change(Action.MERGE, "thing", "a", {}, northerner, organization=SOUTH)
    with pytest.raises(ForbiddenError, match="organization:device:delete"):
        world.change(Action.DELETE, "thing", "a", principal=northerner)


def test_a_resource_out_of_reach_looks_absent(world: World) -> None:
    world.put("thing", "a", {}, organization=NORTH)
    stranger = principal(SOUTH, Permission.DEVICE_READ, Permission.DEVICE_UPDATE)
    with pytest.raises(NotFoundError) as hidden:
        world.change(Action.MERGE, "thing", "a", {}, stranger)
    with pytest.raises(NotFoundError) as absent:
        world.change(Action.MERGE, "thing", "b", {}, stranger)
    assert str(hidden.value).replace("“a”", "“b”") == str(absent.value)


def test_refusals_are_counted_by_source_and_second(world: World) -> None:
    nobody = principal(NORTH, address="198.51.100.7")
    for number in range(20):
        with pytest.raises(ForbiddenError):
            world.put("thing", f"x{number}", {}, nobody)
    world.changes.record(nobody, "session.refused", outcome="refused", detail="wrong password")
    world.clock.advance(2)
    world.changes.close()
    events = {event.name: event for event in world.feed.read(0)}
    assert set(events) == {"thing.refused", "session.refused"}
    refused = events["thing.refused"]
    assert (refused.outcome, refused.address, refused.actor) == ("refused", "198.51.100.7", "ann")
    assert refused.data == {"code": "Forbidden", "count": 20}


def test_a_record_that_is_no_change_is_durable_when_it_returns(world: World) -> None:
    world.changes.record(SYSTEM, "session.opened", resource="s1", data={"method": "pwd"})
    (event,) = world.feed.read(0)
    assert (event.kind, event.name, event.resource, event.data) == (
        "session", "session.opened", "s1", {"method": "pwd"},
    )  # fmt: skip


@pytest.mark.parametrize("text", ["nul\0byte", "lone \ud800 surrogate"])
def test_texts_of_strangers_cannot_break_the_log(world: World, text: str) -> None:
    for name, outcome in (("session.refused", "refused"), ("session.opened", "ok")):
        data: JsonObject = {"x": text}
        world.changes.record(SYSTEM, name, resource=text, outcome=outcome, detail=text, data=data)
    world.clock.advance(2)
    world.put("thing", "a", {})
    world.changes.close()
    names = {event.name for event in world.feed.read(0)}
    assert names == {"session.refused", "session.opened", "thing.created"}


def test_all_or_none_of_several_changes(world: World) -> None:
    changes = [
        Change(Action.CREATE, "thing", "parent", {"name": "p"}),
        Change(Action.CREATE, "thing", "child", {"parent": "parent"}),
    ]
    applied = world.changes.apply_all(SYSTEM, changes)
    assert [a.sequence for a in applied] == [1, 2]
    with pytest.raises(ConflictError):
        world.changes.apply_all(SYSTEM, [Change(Action.CREATE, "thing", "third"), changes[0]])
    assert world.store.get("thing", "third") is None
    assert world.feed.last() == 2


def test_the_guard_sees_changes_of_the_same_group(world: World) -> None:
    """Two changes at the same moment cannot both take the last serial number."""
    barrier = threading.Barrier(8)

    def take(number: int) -> bool:
        barrier.wait()
        try:
            world.put("thing", f"t{number}", {"serial": 7.0})
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1
    assert world.store.count("thing", (ROOT,)) == 1


def test_many_threads_lose_no_update_under_etags(world: World) -> None:
    world.put("thing", "counter", {"size": 0})

    def increase(_number: int) -> None:
        while True:
            current = world.store.get("thing", "counter")
            assert current is not None
            size = current.body["size"]
            assert isinstance(size, int)
            try:
                world.put("thing", "counter", {"size": size + 1}, if_match=current.etag)
            except PreconditionFailedError:
                continue
            return

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(increase, range(60)))
    final = world.store.get("thing", "counter")
    assert final is not None
    assert final.body["size"] == 60
    assert [event.sequence for event in world.feed.read(0)] == list(range(1, 62))


def test_one_failed_change_of_a_group_leaves_no_gap_in_the_sequence(world: World) -> None:
    def put(number: int) -> None:
        body: JsonObject = {"name": "x"} if number % 2 else {"parent": "nowhere"}
        try:
            world.put("thing", f"t{number}", body)
        except ConflictError:
            assert number % 2 == 0

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(40)))
    events = world.feed.read(0)
    assert [event.sequence for event in events] == list(range(1, 21))


def test_a_closed_change_path_says_so(world: World) -> None:
    world.changes.close()
    with pytest.raises(UnavailableError):
        world.put("thing", "a", {})


def test_observers_hear_of_a_change_before_its_caller(world: World) -> None:
    heard: list[tuple[str, str]] = []
    world.changes.observe(lambda kind, id: heard.append((kind, id)))
    world.put("thing", "a", {})
    assert heard == [("thing", "a")]
