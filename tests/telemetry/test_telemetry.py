"""Last values and history over a real log."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from holdfast.kernel.clock import ManualClock, SystemClock, SystemRandomness
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonValue
from holdfast.keys.file import open_key_ring
from holdfast.log import walking
from holdfast.log.open import open_reader, open_writer
from holdfast.log.port import Entry, Record
from holdfast.telemetry.connections import connections
from holdfast.telemetry.decode import measurement
from holdfast.telemetry.history import Aggregate, HistoryQuery, Point, query_history, raw_messages
from holdfast.telemetry.last_values import LastValue, LastValues
from holdfast.telemetry.open import open_last_values

NOON = 1_800_000_000.0


class World:
    """A log that tests write to, and what reads it."""

    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        self.ring = open_key_ring(folder, ManualClock(), SystemRandomness())
        self.folder = folder
        self.writer = open_writer(folder, self.ring, clock)
        self.log = open_reader(folder, self.ring, clock)
        self.values: LastValues = open_last_values(folder, self.ring)
        self.values.prepare()

    def say(
        self, device: str, body: object, time: float = NOON, properties: str = "", kind: str = "telemetry"
    ) -> None:
        done = threading.Event()
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self.writer.append([Entry(device, "", kind, time, properties, raw)], lambda _error: done.set())
        assert done.wait(60)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.writer.close()
    world.log.close()


def test_the_last_value_of_each_name_is_kept(world: World) -> None:
    world.say("d", {"temperature": 20, "state": "on"})
    world.say("d", {"temperature": 21}, NOON + 1)
    assert world.values.consume(world.log) == 2
    assert world.values.get("d", "temperature") == LastValue("temperature", 21, NOON + 1)
    assert [v.name for v in world.values.all("d")] == ["state", "temperature"]


def test_what_was_measured_earlier_does_not_replace_what_was_measured_later(world: World) -> None:
    world.say("d", {"temperature": 21}, NOON)
    world.values.consume(world.log)
    world.say("d", {"temperature": 5}, NOON + 9, "iothub-creation-time-utc=2001-01-01T00%3A00%3A00Z")
    world.values.consume(world.log)
    assert world.values.get("d", "temperature") == LastValue("temperature", 21, NOON)


def test_components_keep_values_of_their_own(world: World) -> None:
    world.say("d", {"temperature": 1}, properties="%24.sub=thermostat1")
    world.say("d", {"temperature": 2})
    world.values.consume(world.log)
    found = world.values.get("d", "temperature", component="thermostat1")
    assert found is not None
    assert found.value == 1


def test_a_consumer_that_starts_again_goes_on_where_it_was(world: World) -> None:
    world.say("d", {"a": 1})
    world.values.consume(world.log)
    again = open_last_values(world.folder, world.ring)
    assert again.consume(world.log) == 0
    world.say("d", {"a": 2})
    assert again.consume(world.log) == 1


def test_a_deleted_device_is_forgotten(world: World) -> None:
    world.say("d", {"a": 1})
    world.values.consume(world.log)
    world.values.forget("d")
    assert world.values.all("d") == []


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[1]", b'"text"', b"{", b"[" * 5000, b'{"a": 1e999}'])
def test_a_body_that_is_no_object_has_no_values_and_breaks_nothing(world: World, body: bytes) -> None:
    world.say("d", body)
    assert world.values.consume(world.log) == 1


def test_a_creation_time_that_is_none_falls_back_to_the_time_of_receipt() -> None:
    record = Record("d", "", "telemetry", 7.0, "iothub-creation-time-utc=soon", b"{}")
    assert measurement(record).time == 7.0


def history(
    world: World, aggregate: Aggregate = Aggregate.AVERAGE, **rest: object
) -> dict[str, tuple[Point, ...]]:
    fields = {
        "devices": frozenset({"a", "b"}),
        "names": ("t",),
        "begins": NOON,
        "ends": NOON + 100,
        "bucket": 10.0,
        "aggregate": aggregate,
        **rest,
    }
    answer = query_history(world.log, HistoryQuery(**fields))  # type: ignore[arg-type]  # fields by name
    return {series.device: series.points for series in answer.series}


def test_values_fall_into_buckets_by_device(world: World) -> None:
    for offset, value in ((0, 1), (5, 3), (12, 7)):
        world.say("a", {"t": value}, NOON + offset)
    world.say("b", {"t": 100}, NOON + 1)
    world.say("c", {"t": 1000}, NOON + 1)
    assert history(world) == {"a": (Point(NOON, 2.0), Point(NOON + 10, 7.0)), "b": (Point(NOON, 100.0),)}


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        (Aggregate.AVERAGE, 2.5),
        (Aggregate.MINIMUM, 1),
        (Aggregate.MAXIMUM, 4),
        (Aggregate.SUM, 5),
        (Aggregate.COUNT, 2),
        (Aggregate.LAST, 1),
    ],
)
def test_each_aggregate_folds_a_bucket(world: World, aggregate: Aggregate, expected: float) -> None:
    world.say("a", {"t": 4})
    world.say("b", {"t": 1}, NOON + 1)
    assert history(world, aggregate, split_by_device=False) == {"": (Point(NOON, expected),)}


def test_what_lies_outside_the_range_or_is_no_number_is_left_out(world: World) -> None:
    for offset, value in ((-1, 1), (100, 1), (50, "warm"), (51, None)):
        world.say("a", {"t": value}, NOON + offset)
    assert history(world) == {}


@pytest.mark.parametrize(("ends", "bucket"), [(NOON, 10.0), (NOON + 100, 0.0), (NOON + 100_000, 1.0)])
def test_a_range_that_makes_no_sense_is_refused(world: World, ends: float, bucket: float) -> None:
    with pytest.raises(InvalidError):
        history(world, ends=ends, bucket=bucket)


def test_raw_messages_come_newest_first_and_bounded(world: World) -> None:
    for number in range(9):
        world.say("a", {"n": number}, NOON + number, "k=v")
    found, cut_at = raw_messages(world.log, ["a"], NOON, NOON + 8, limit=3)
    assert cut_at is None
    assert [message.values["n"] for message in found] == [7, 6, 5]
    assert found[0].properties == "k=v"


def test_a_search_that_read_too_much_says_where_another_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MAXIMUM_BYTES", 1)
    for number in range(40):
        world.say("a", {"n": number}, NOON + 600 * number)
    numbers: list[JsonValue] = []
    ends: float | None = NOON + 600 * 40
    for _ in range(40):
        if ends is not None:
            found, ends = raw_messages(world.log, ["a"], NOON, ends)
            numbers += [message.values["n"] for message in found]
    assert numbers == list(range(39, -1, -1))


def test_messages_are_counted_by_the_minute_and_once(world: World) -> None:
    world.say("pump", {"a": 1}, time=600.0)
    world.say("pump", {"a": 2}, time=659.0)
    world.say("fan", {"a": 3}, time=660.0)
    world.values.consume(world.log)
    world.values.consume(world.log)
    assert world.values.received(600.0, 719.0) == {10: 2, 11: 1}
    assert world.values.received(660.0, 719.0) == {11: 1}


def test_connections_come_newest_first_however_much_was_said_meanwhile(world: World) -> None:
    seen = {"address": "192.0.2.1", "transport": "mqtt", "authentication": "sas"}
    for minute in range(4):
        world.say("a", seen, NOON + 60 * minute, kind="connected")
        world.say("b", seen, NOON + 60 * minute, kind="connected")
        world.say("a", {"connected": 1}, NOON + 60 * minute + 1)
        world.say("a", {"address": "192.0.2.1"}, NOON + 60 * minute + 1, kind="disconnected")
    found = connections(world.log, "a", 3)
    assert [(one.time - NOON, one.came) for one in found] == [(181, False), (180, True), (121, False)]
    assert (found[1].how, found[0].how) == ("192.0.2.1, mqtt, sas", "192.0.2.1")
    assert connections(world.log, "nobody", 3) == []
