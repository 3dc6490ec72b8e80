"""The event feed: in order, complete, and awake when something comes."""

import threading

from holdfast.kernel.principal import SYSTEM
from tests.resources.kinds import NORTH, principal
from tests.support.world import World


def fill(world: World, count: int) -> None:
    for number in range(count):
        world.put("thing", f"t{number}", {})


def test_events_come_in_order_and_in_pieces(world: World) -> None:
    fill(world, 12)
    read = []
    after = 0
    while events := world.feed.read(after, 5):
        assert len(events) <= 5
        read += events
        after = events[-1].sequence
    assert [event.sequence for event in read] == list(range(1, 13))
    assert len({event.id for event in read}) == 12
    assert world.feed.last() == 12


def test_a_poller_beside_many_writers_misses_nothing(world: World) -> None:
    threads = [threading.Thread(target=fill, args=(world, 25)) for _ in range(4)]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while any(thread.is_alive() for thread in threads):
        seen += [event.sequence for event in world.feed.read(seen[-1] if seen else 0, 7)]
    while events := world.feed.read(seen[-1] if seen else 0, 7):
        seen += [event.sequence for event in events]
    assert seen == list(range(1, 101))


def test_waiting_ends_with_the_next_event_or_the_time(world: World) -> None:
    assert not world.feed.wait(0, 0.0)
    thread = threading.Thread(target=fill, args=(world, 1))
    thread.start()
    assert world.feed.wait(0, 60.0)
    thread.join()
    assert not world.feed.wait(1, 0.0)


def test_searches_give_the_newest_first(world: World) -> None:
    fill(world, 5)
    world.changes.record(SYSTEM, "session.opened", resource="s")
    world.put("fixed", "f", {})
    found = world.feed.search(limit=2)
    assert [event.sequence for event in found] == [7, 6]
    assert [event.sequence for event in world.feed.search(before=6, limit=2)] == [5, 4]
    assert [event.resource for event in world.feed.search(kind="thing", resource="t3")] == ["t3"]
    assert world.feed.search(actor="nobody") == []
    assert len(world.feed.search(actor="system", outcome="ok")) == 7


def test_the_actor_is_named_whole(world: World) -> None:
    actor = principal(NORTH, address="203.0.113.9")
    world.changes.record(actor, "session.opened")
    (event,) = world.feed.read(0)
    assert (event.actor, event.actor_kind, event.actor_name, event.address) == (
        "ann", "user", "ann@example.com", "203.0.113.9",
    )  # fmt: skip
