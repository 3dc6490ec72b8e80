"""What every shelf promises, in memory and on both databases; and what the platform's does beyond."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.delivery.model import Message, Urgency
from holdfast.delivery.outbox import Shelf
from holdfast.delivery.shelves import sql
from holdfast.delivery.shelves.memory import MemoryShelf
from holdfast.delivery.shelves.sql import SqlShelf, Status, open_shelf
from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.keys.file import open_key_ring

Open = Callable[[], SqlShelf]


@pytest.fixture
def opener(tmp_path: Path, database_url: str) -> Iterator[Open]:
    """Opens the same shelf again and again, as processes do that follow one another."""
    ring = open_key_ring(tmp_path, ManualClock(), SystemRandomness())
    opened: list[SqlShelf] = []

    def open_it() -> SqlShelf:
        shelf = open_shelf(tmp_path, ring, database_url)
        shelf.prepare()
        opened.append(shelf)
        return shelf

    yield open_it
    for shelf in opened:
        shelf.close()


@pytest.fixture(params=["memory", "sql"])
def shelf(request: pytest.FixtureRequest, opener: Open) -> Shelf:
    return MemoryShelf() if request.param == "memory" else opener()


def message(identity: str, **rest: object) -> Message:
    return Message(identity, 1.5, "alert", "Title", "Text.", **rest)  # type: ignore[arg-type]  # by name


def test_parcels_wait_in_order_for_each_destination(shelf: Shelf) -> None:
    for identity in "abc":
        assert shelf.add("x", message(identity), 10.0) is not None
    shelf.add("y", message("a"), 11.0)
    assert sorted(shelf.destinations()) == ["x", "y"]
    assert (shelf.pending("x"), shelf.pending("y"), shelf.pending("z")) == (3, 1, 0)
    arrived = []
    while parcel := shelf.first("x"):
        arrived.append(parcel.message.id)
        shelf.delivered(parcel)
    assert arrived == ["a", "b", "c"]
    assert list(shelf.destinations()) == ["y"]


def test_a_message_waits_once_for_a_destination_and_may_come_again_later(shelf: Shelf) -> None:
    parcel = shelf.add("x", message("a"), 10.0)
    assert parcel is not None
    assert shelf.add("x", message("a"), 11.0) is None
    shelf.delivered(parcel)
    assert shelf.add("x", message("a"), 12.0) is not None


def test_a_failed_try_is_counted_and_stays_first(shelf: Shelf) -> None:
    for identity in "ab":
        shelf.add("x", message(identity), 10.0)
    parcel = shelf.first("x")
    assert parcel is not None
    shelf.failed(parcel, "down")
    again = shelf.first("x")
    assert again is not None
    assert (again.message.id, again.attempts, again.error, again.handed_in) == ("a", 1, "down", 10.0)


def test_what_is_buried_waits_no_longer(shelf: Shelf) -> None:
    parcel = shelf.add("x", message("a"), 10.0)
    assert parcel is not None
    shelf.bury(parcel, "refused", 20.0)
    assert shelf.first("x") is None


def test_the_whole_message_survives_the_process(opener: Open) -> None:
    whole = message(
        "a", urgency=Urgency.ALERT, score=9, fields={"src": "10.0.0.1"}, body={"x": ["ü", None, 1.5]}
    )
    first = opener()
    first.add("x", whole, 10.0)
    first.close()
    parcel = opener().first("x")
    assert parcel is not None
    assert parcel.message == whole


def test_a_source_is_taken_in_with_its_position_or_not_at_all(opener: Open) -> None:
    shelf = opener()
    assert shelf.position("alerts") is None
    shelf.take_in("alerts", 3, [("x", message("a")), ("y", message("a"))], 10.0)
    shelf.take_in("alerts", 4, [("x", message("a")), ("x", message("b"))], 11.0)
    broken = Message("c", 1.0, "alert", "t", "x", body={"x": object()})  # type: ignore[dict-item]  # on purpose
    with pytest.raises(TypeError):
        shelf.take_in("alerts", 5, [("x", message("d")), ("x", broken)], 12.0)
    assert (shelf.position("alerts"), shelf.pending("x"), shelf.pending("y")) == (4, 2, 1)


def test_a_full_destination_buries_what_is_new(opener: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "MAXIMUM_PENDING", 2)
    shelf = opener()
    shelf.take_in("alerts", 1, [("x", message(identity)) for identity in "abc"], 10.0)
    assert shelf.pending("x") == 2
    assert [letter.message.id for letter in shelf.dead("x")] == ["c"]


def test_dead_letters_are_bounded_shown_and_may_wait_again(
    opener: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "MAXIMUM_DEAD", 2)
    shelf = opener()
    for identity in "abc":
        parcel = shelf.add("x", message(identity), 10.0)
        assert parcel is not None
        shelf.bury(parcel, f"refused {identity}", 20.0)
    assert [(each.message.id, each.error, each.time) for each in shelf.dead("x")] == [
        ("c", "refused c", 20.0),
        ("b", "refused b", 20.0),
    ]
    assert shelf.status("x") == Status(dead=2)
    assert shelf.revive("x", 30.0) == 2
    first = shelf.first("x")
    assert first is not None
    assert (first.message.id, first.attempts, first.handed_in) == ("b", 0, 30.0)
    assert shelf.status("x") == Status(2, 30.0, "", 0)


def test_what_waits_for_a_destination_that_is_gone_is_forgotten(opener: Open) -> None:
    shelf = opener()
    shelf.add("x", message("a"), 10.0)
    shelf.add("y", message("a"), 10.0)
    shelf.drop("x")
    assert list(shelf.destinations()) == ["y"]
