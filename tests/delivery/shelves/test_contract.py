"""What the shelf promises, on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.delivery.model import Message, Urgency
from holdfast.delivery.outbox import Parcel
from holdfast.delivery.shelves import sql
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


@pytest.fixture
def shelf(opener: Open) -> SqlShelf:
    return opener()


def put(shelf: SqlShelf, destination: str, *identities: str, now: float = 10.0) -> None:
    shelf.take_in("source", 0, [(destination, message(identity)) for identity in identities], now)


def first(shelf: SqlShelf, destination: str) -> Parcel:
    parcel = shelf.first(destination)
    assert parcel is not None
    return parcel


def message(identity: str, **rest: object) -> Message:
    return Message(identity, 1.5, "alert", "Title", "Text.", **rest)  # type: ignore[arg-type]  # by name


def test_parcels_wait_in_order_for_each_destination(shelf: SqlShelf) -> None:
    put(shelf, "x", "a", "b", "c")
    put(shelf, "y", "a")
    assert sorted(shelf.destinations()) == ["x", "y"]
    assert [shelf.status(name).waiting for name in "xyz"] == [3, 1, 0]
    arrived = []
    while parcel := shelf.first("x"):
        arrived.append(parcel.message.id)
        shelf.delivered(parcel)
    assert arrived == ["a", "b", "c"]
    assert list(shelf.destinations()) == ["y"]


def test_a_message_waits_once_for_a_destination_and_may_come_again_later(shelf: SqlShelf) -> None:
    put(shelf, "x", "a", "a")
    put(shelf, "x", "a", now=11.0)
    assert shelf.status("x").waiting == 1
    shelf.delivered(first(shelf, "x"))
    put(shelf, "x", "a", now=12.0)
    assert first(shelf, "x").handed_in == 12.0


def test_a_failed_try_is_counted_and_stays_first(shelf: SqlShelf) -> None:
    put(shelf, "x", "a", "b")
    shelf.failed(first(shelf, "x"), "down")
    again = first(shelf, "x")
    assert (again.message.id, again.attempts, again.error, again.handed_in) == ("a", 1, "down", 10.0)


def test_what_is_buried_waits_no_longer(shelf: SqlShelf) -> None:
    put(shelf, "x", "a")
    shelf.bury(first(shelf, "x"), "refused", 20.0)
    assert shelf.first("x") is None


def test_the_whole_message_survives_the_process(opener: Open) -> None:
    whole = message(
        "a", urgency=Urgency.ALERT, score=9, fields={"src": "10.0.0.1"}, body={"x": ["ü", None, 1.5]}
    )
    before = opener()
    before.take_in("source", 1, [("x", whole)], 10.0)
    before.close()
    assert first(opener(), "x").message == whole


def test_a_source_is_taken_in_with_its_position_or_not_at_all(shelf: SqlShelf) -> None:
    assert shelf.position("alerts") is None
    shelf.take_in("alerts", 3, [("x", message("a")), ("y", message("a"))], 10.0)
    shelf.take_in("alerts", 4, [("x", message("a")), ("x", message("b"))], 11.0)
    broken = Message("c", 1.0, "alert", "t", "x", body={"x": object()})  # type: ignore[dict-item]  # on purpose
    with pytest.raises(TypeError):
        shelf.take_in("alerts", 5, [("x", message("d")), ("x", broken)], 12.0)
    assert shelf.position("alerts") == 4
    assert [shelf.status(name).waiting for name in "xy"] == [2, 1]


def test_a_full_destination_buries_what_is_new(shelf: SqlShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "MAXIMUM_PENDING", 2)
    put(shelf, "x", "a", "b", "c")
    assert shelf.status("x").waiting == 2
    assert [letter.message.id for letter in shelf.dead("x")] == ["c"]


def test_dead_letters_are_bounded_shown_and_may_wait_again(
    shelf: SqlShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "MAXIMUM_DEAD", 2)
    for identity in "abc":
        put(shelf, "x", identity)
        shelf.bury(first(shelf, "x"), f"refused {identity}", 20.0)
    assert [(each.message.id, each.error, each.time) for each in shelf.dead("x")] == [
        ("c", "refused c", 20.0),
        ("b", "refused b", 20.0),
    ]
    assert shelf.status("x") == Status(dead=2)
    assert shelf.revive("x", 30.0) == 2
    revived = first(shelf, "x")
    assert (revived.message.id, revived.attempts, revived.handed_in) == ("b", 0, 30.0)
    assert shelf.status("x") == Status(2, 30.0, "", 0)


def test_what_waits_for_a_destination_that_is_gone_is_forgotten(shelf: SqlShelf) -> None:
    put(shelf, "x", "a")
    put(shelf, "y", "a")
    shelf.drop("x")
    assert list(shelf.destinations()) == ["y"]
