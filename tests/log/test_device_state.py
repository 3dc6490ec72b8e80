"""Twins, sessions and message queues, on both databases."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.clock import SystemRandomness
from holdfast.kernel.errors import HoldfastError, InvalidError, NotFoundError, UnavailableError
from holdfast.kernel.json import JsonObject, merge_patch
from holdfast.log import operations
from holdfast.log.open import open_state
from holdfast.log.port import EMPTY_TWIN, QueuedMessage, Session, Twin
from holdfast.log.view import StateView
from tests.log.world import LogWorld, entry

NOW = 1_800_000_000.0


def message(id: str, device: str = "a", *, expires: float = NOW + 3600) -> QueuedMessage:
    return QueuedMessage(id, device, "", b"do it", "%24.mid=1", NOW, expires, 0)


def taken(log: LogWorld, count: int = 10, now: float = NOW, until: float | None = None) -> dict[str, str]:
    """Lock tokens by message id."""
    locked = log.state.lock("a", "", count, until or now + 60, now)
    return {queued.id: token for token, queued in locked}


def test_an_unknown_device_has_an_empty_twin(log: LogWorld) -> None:
    assert log.state.twin("nobody") == EMPTY_TWIN


def test_a_reported_patch_merges_and_is_in_the_log(log: LogWorld) -> None:
    log.state.patch_reported("a", "", {"t": 1, "c": {"x": 1, "y": 2}}, NOW)
    twin = log.state.patch_reported("a", "", {"t": None, "c": {"x": 3}}, NOW + 1)
    assert twin == log.state.twin("a")
    assert (twin.reported, twin.reported_version, twin.desired_version) == ({"c": {"x": 3, "y": 2}}, 3, 1)
    records = [json.loads(text) for text in log.texts("a")]
    assert records == [
        {"t": 1, "c": {"x": 1, "y": 2}, "$version": 2},
        {"t": None, "c": {"x": 3}, "$version": 3},
    ]
    assert {record.kind for record in log.everything()} == {"reported"}


def test_a_reported_record_keeps_its_place_among_the_messages(log: LogWorld) -> None:
    log.append(entry("a", "before"))
    log.state.patch_reported("a", "", {"t": 1}, NOW)
    log.append(entry("a", "after"))
    assert log.texts("a") == ["before", '{"t":1,"$version":2}', "after"]


def test_a_desired_patch_counts_once_for_each_event(log: LogWorld) -> None:
    log.state.patch_desired("a", "", {"rate": 5}, "event-1", NOW)
    log.state.patch_desired("a", "", {"rate": 6}, "event-2", NOW)
    again = log.state.patch_desired("a", "", {"rate": 5}, "event-1", NOW)
    assert (again.desired, again.desired_version) == ({"rate": 6}, 3)
    log.reopen()
    assert log.state.patch_desired("a", "", {"rate": 5}, "event-2", NOW).desired == {"rate": 6}


def test_remembered_events_are_forgotten_in_the_end(log: LogWorld) -> None:
    log.state.patch_desired("a", "", {"n": 1}, "event-1", NOW)
    later = NOW + operations.REMEMBERED_SECONDS + 1
    log.state.patch_desired("a", "", {"n": 2}, "event-2", later)
    assert log.state.patch_desired("a", "", {"n": 3}, "event-1", later).desired == {"n": 3}


def test_modules_have_twins_of_their_own(log: LogWorld) -> None:
    log.state.patch_reported("a", "mod", {"t": 1}, NOW)
    assert log.state.twin("a").reported == {}
    assert log.state.twin("a", "mod").reported == {"t": 1}


def test_times_are_kept_by_property_and_by_component_property(log: LogWorld) -> None:
    log.state.patch_reported("a", "", {"t": 1, "c": {"__t": "c", "x": 1, "y": 1}}, NOW)
    twin = log.state.patch_reported("a", "", {"c": {"__t": "c", "x": 2, "y": None}}, NOW + 60)
    first, second = "2027-01-15T08:00:00.000Z", "2027-01-15T08:01:00.000Z"
    assert twin.reported_times == {"t": first, "c.x": second}
    assert log.state.patch_reported("a", "", {"c": None}, NOW).reported_times == {"t": first}


def test_the_announced_model_stays(log: LogWorld) -> None:
    log.state.announce_model("a", "", "dtmi:example:pump;1")
    log.state.patch_reported("a", "", {"t": 1}, NOW)
    assert log.state.twin("a").model == "dtmi:example:pump;1"


def test_a_twin_that_is_too_large_is_refused(log: LogWorld) -> None:
    with pytest.raises(InvalidError, match="twin"):
        log.state.patch_reported("a", "", {"x": "y" * operations.MAXIMUM_TWIN_BYTES}, NOW)
    assert log.state.twin("a") == EMPTY_TWIN
    assert log.everything() == []


def test_sessions_are_kept_until_dropped(log: LogWorld) -> None:
    session = Session("a", {"devices/a/messages/devicebound/#": 1}, "dtmi:x;1", NOW)
    log.state.save_session(session)
    log.reopen()
    assert log.state.session("a") == session
    log.state.drop_session("a")
    assert log.state.session("a") is None


def test_messages_are_delivered_in_order_and_settled(log: LogWorld) -> None:
    for number in range(3):
        assert log.state.enqueue(message(f"m{number}"))
    first = log.state.lock("a", "", 2, NOW + 60, NOW)
    assert [(queued.id, queued.deliveries) for _, queued in first] == [("m0", 1), ("m1", 1)]
    assert list(taken(log)) == ["m2"]
    assert log.state.settle("a", first[0][0], "complete")
    assert log.state.settle("a", first[1][0], "abandon")
    assert not log.state.settle("a", first[0][0], "complete")
    assert list(taken(log)) == ["m1"]


def test_a_lapsed_lock_settles_nothing_and_the_message_comes_again(log: LogWorld) -> None:
    log.state.enqueue(message("m"))
    token = taken(log, until=NOW + 60)["m"]
    log.clock.advance(61)
    assert not log.state.settle("a", token, "complete")
    assert list(taken(log, now=NOW + 61)) == ["m"]


def test_a_message_is_dropped_when_it_expires_or_was_delivered_too_often(log: LogWorld) -> None:
    log.state.enqueue(message("short", expires=NOW + 10))
    log.state.enqueue(message("stubborn"))
    for _ in range(operations.MAXIMUM_DELIVERIES):
        tokens = taken(log, now=NOW + 11)
        assert list(tokens) == ["stubborn"]
        assert log.state.settle("a", tokens["stubborn"], "abandon")
    assert taken(log, now=NOW + 11) == {}
    assert log.state.purge("a") == 0


def test_the_queue_has_a_length_and_ids_count_once(log: LogWorld) -> None:
    assert log.state.enqueue(message("m0"), limit=2)
    assert log.state.enqueue(message("m0"), limit=2)
    assert log.state.enqueue(message("m1"), limit=2)
    assert not log.state.enqueue(message("m2"), limit=2)
    assert log.state.enqueue(message("m1"), limit=2)
    assert list(taken(log)) == ["m0", "m1"]


def test_a_settled_message_does_not_come_back_when_it_is_queued_again(log: LogWorld) -> None:
    log.state.enqueue(message("m"))
    assert log.state.settle("a", taken(log)["m"], "complete")
    assert log.state.enqueue(message("m"))
    assert taken(log) == {}


def test_an_unknown_outcome_is_refused(log: LogWorld) -> None:
    with pytest.raises(InvalidError):
        log.state.settle("a", "x", "eat")


def test_a_deleted_device_leaves_nothing_and_its_neighbours_everything(log: LogWorld) -> None:
    for device in ("a", "ab", "a-b"):
        log.state.patch_reported(device, "", {"t": 1}, NOW)
        log.state.patch_desired(device, "mod", {"t": 1}, "e", NOW)
        log.state.save_session(Session(device, {}, "", NOW))
        log.state.save_session(Session(f"{device}/mod", {}, "", NOW))
        log.state.enqueue(message("m", device))
    log.state.delete("a")
    assert log.state.session("a/mod") is None
    assert log.state.twin("a") == log.state.twin("a", "mod") == EMPTY_TWIN
    assert log.state.session("a") is None
    assert log.state.purge("a") == 0
    for device in ("ab", "a-b"):
        assert log.state.twin(device).reported == log.state.twin(device, "mod").desired == {"t": 1}
        assert log.state.session(device) is not None
        assert log.state.purge(device) == 1


def test_sessions_of_a_deleted_device_go_however_its_name_is_spelled(log: LogWorld) -> None:
    log.state.save_session(Session("pump/mod", {}, "", NOW))
    log.state.delete("Pump")
    assert log.state.session("pump/mod") is None


def test_a_session_from_before_the_deletion_writes_nothing_and_one_from_after_it_does(log: LogWorld) -> None:
    changed: JsonObject = {"t": 1}

    def patch(since: float) -> Twin:
        return log.writer.submit(
            operations.unless_deleted, "a", since, operations.patch_reported, "a", "", changed, NOW
        ).result()

    log.state.delete("a")
    deleted = log.clock.now()
    with pytest.raises(NotFoundError):
        patch(deleted)
    assert log.state.twin("a") == EMPTY_TWIN
    assert patch(deleted + 0.001).reported == {"t": 1}


def test_deletions_are_forgotten_when_nobody_can_ask_any_more(log: LogWorld) -> None:
    log.state.delete("a")
    log.clock.advance(operations.GONE_SECONDS)
    log.state.delete("b")
    log.clock.advance(1)
    log.writer.submit(operations.forget_deletions, log.clock.now()).result()
    assert [device for device, _ in log.state.read(lambda state: state.scan(operations.GONE, ""))] == ["b"]


def test_other_processes_read_and_may_not_write(log: LogWorld) -> None:
    reading = open_state(log.folder, log.ring, log.clock, SystemRandomness(), url=log.url)
    log.state.patch_reported("a", "", {"t": 1}, NOW)
    assert reading.twin("a").reported == {"t": 1}
    log.state.patch_reported("a", "", {"t": 2}, NOW)
    assert reading.twin("a").reported == {"t": 2}
    with pytest.raises(UnavailableError, match="gateway"):
        reading.purge("a")


def test_operations_of_one_group_see_each_other(log: LogWorld) -> None:
    futures = [log.writer.submit(operations.patch_reported, "a", "", {"n": n}, NOW) for n in range(50)]
    assert [future.result(60).reported_version for future in futures] == list(range(2, 52))


def test_a_failed_operation_leaves_no_trace_in_its_group(log: LogWorld) -> None:
    def fail(view: StateView) -> None:
        view.put("twin", "a/", b"half done")
        view.append(entry("a", "half done"))
        raise ZeroDivisionError

    first = log.writer.submit(operations.patch_reported, "a", "", {"n": 1}, NOW)
    failing = log.writer.submit(fail)
    last = log.writer.submit(operations.patch_reported, "a", "", {"n": 2}, NOW)
    assert [first.exception(60), last.exception(60)] == [None, None]
    assert isinstance(failing.exception(60), HoldfastError)
    assert log.state.twin("a").reported_version == 3
    assert len(log.texts("a")) == 2


class Empty:
    """A state that holds nothing."""

    def get(self, space: str, key: str) -> bytes | None:
        return None

    def scan(self, space: str, prefix: str) -> list[tuple[str, bytes]]:
        return []


PATCHES = st.recursive(
    st.none() | st.integers(0, 9),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "__t"]), inner, max_size=3),
).filter(lambda value: isinstance(value, dict))


@given(patches=st.lists(PATCHES, max_size=8))
def test_any_patches_come_to_their_merge_and_times_follow_the_properties(patches: list[JsonObject]) -> None:
    view = StateView(Empty())
    expected: JsonObject = {}
    twin = EMPTY_TWIN
    for patch in patches:
        twin = operations.patch_reported(view, "a", "", patch, NOW)
        merged = merge_patch(expected, patch)
        assert isinstance(merged, dict)
        expected = merged
    assert twin.reported == expected
    assert {path.split(".")[0] for path in twin.reported_times} <= set(expected)
