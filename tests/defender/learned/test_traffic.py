import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.defender.learned import traffic as module
from holdfast.defender.learned.errors import LearnedError
from holdfast.defender.learned.file import dump, load, read_file, write_file
from holdfast.defender.learned.stages import Plan, ScenarioState, Stage, Stages
from holdfast.defender.learned.traffic import RANGE, Entry, LearnedTraffic

DAY = 86400.0


def learned(stage: Stage = Stage.LEARNING) -> LearnedTraffic:
    return LearnedTraffic(Stages(stage, Plan(stable=2 * DAY, device=7 * DAY)))


def test_while_learning_everything_is_normal_and_is_known_afterwards() -> None:
    traffic = learned()
    assert traffic.judge("modbus.function", "a", "b", (1, 3), 0.0)
    traffic.stages.enter(Stage.OPERATIONAL, 10.0)
    assert traffic.judge("modbus.function", "a", "b", (1, 3), 20.0)
    assert not traffic.judge("modbus.function", "a", "b", (1, 6), 20.0)
    assert not traffic.judge("modbus.function", "c", "b", (1, 3), 20.0)
    assert traffic.known("modbus.function", "a", "b") == [(1, 3)]


def test_a_violation_is_not_learned_by_repetition() -> None:
    traffic = learned(Stage.OPERATIONAL)
    assert not traffic.judge("s", "a", "b", (1,), 0.0)
    assert not traffic.judge("s", "a", "b", (1,), 1.0)


def test_a_scenario_becomes_operational_by_itself_when_it_saw_nothing_new_for_long() -> None:
    traffic = learned(Stage.DYNAMIC)
    assert traffic.judge("quiet", "a", "b", (1,), 0.0)
    assert traffic.judge("noisy", "a", "b", (1,), 0.0)
    assert traffic.judge("noisy", "a", "b", (2,), 1.5 * DAY)
    assert traffic.judge("noisy", "a", "b", (3,), 3.0 * DAY)
    assert not traffic.judge("quiet", "a", "b", (2,), 3.0 * DAY)
    assert traffic.stages.of("quiet") is Stage.OPERATIONAL
    assert traffic.stages.of("noisy") is Stage.DYNAMIC


def test_settling_tells_which_scenarios_became_operational() -> None:
    stages = Stages(Stage.DYNAMIC, Plan(stable=DAY))
    stages.scenarios = {
        "old": ScenarioState(Stage.DYNAMIC, 0.0),
        "new": ScenarioState(Stage.DYNAMIC, 5 * DAY),
    }
    assert stages.settle(5.5 * DAY) == ["old"]
    assert stages.settle(5.5 * DAY) == []


def test_an_authorized_device_learns_alone_for_its_time() -> None:
    traffic = learned(Stage.OPERATIONAL)
    traffic.stages.authorize("new", 10 * DAY)
    assert traffic.judge("s", "new", "b", (1,), 11 * DAY)
    assert traffic.judge("s", "b", "new", (1,), 11 * DAY)
    assert not traffic.judge("s", "a", "b", (1,), 11 * DAY)
    assert not traffic.judge("s", "new", "b", (2,), 17 * DAY)


def test_ranges_grow_while_learning_and_bound_afterwards() -> None:
    traffic = learned()
    assert traffic.judge_range("modbus.range", "a", "b", (1, "read"), (100, 109), 0.0)
    assert traffic.judge_range("modbus.range", "a", "b", (1, "read"), (50, 59), 0.0)
    traffic.stages.enter(Stage.OPERATIONAL, 1.0)
    assert traffic.span("modbus.range", "a", "b", (1, "read")) == (50, 109)
    assert traffic.judge_range("modbus.range", "a", "b", (1, "read"), (60, 109), 2.0)
    assert not traffic.judge_range("modbus.range", "a", "b", (1, "read"), (60, 110), 2.0)
    assert not traffic.judge_range("modbus.range", "a", "b", (2, "read"), (60, 70), 2.0)


@pytest.mark.parametrize("entry", [("s", "a", "b", 1, "x"), (RANGE, "r", "a", "b", 1, 10, 20)])
def test_learning_by_hand_allows_and_unlearning_takes_it_back(entry: Entry) -> None:
    traffic = learned(Stage.OPERATIONAL)

    def normal() -> bool:
        if entry[0] == RANGE:
            return traffic.judge_range("r", "a", "b", (1,), (10, 20), 0.0)
        return traffic.judge("s", "a", "b", (1, "x"), 0.0)

    assert not normal()
    traffic.learn(entry)
    assert normal()
    assert list(traffic) == [entry]
    traffic.unlearn(entry)
    assert not normal()
    assert (traffic.generation, traffic.size) == (2, 0)
    traffic.unlearn(entry)
    assert traffic.size == 0


def test_a_device_can_be_forgotten_as_a_whole() -> None:
    traffic = learned()
    traffic.judge("s", "a", "b", (1,), 0.0)
    traffic.judge("s", "b", "c", (1,), 0.0)
    traffic.judge_range("r", "c", "a", (), (1, 2), 0.0)
    traffic.set_level(("rate", "a", "b"), 2.0)
    assert traffic.forget("a") == 2
    assert list(traffic) == [("s", "b", "c", 1)]
    assert traffic.levels == {}


def test_a_full_store_learns_no_more_and_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAXIMUM_ENTRIES", 2)
    traffic = learned()
    for number in range(5):
        traffic.judge("s", "a", "b", (number,), 0.0)
    assert (traffic.size, traffic.refused) == (2, 3)


def test_mixed_entries_are_listed_in_order() -> None:
    traffic = learned()
    for what in (("b", 2), (3, "x"), ("a", 1), (3, 1)):
        traffic.judge("s", "a", "b", what, 0.0)
    assert traffic.known("s", "a", "b") == [(3, 1), (3, "x"), ("a", 1), ("b", 2)]


parts = st.one_of(st.text(max_size=8), st.integers(-(2**40), 2**40))
whats = st.lists(parts, max_size=3).map(tuple)


@given(
    st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), whats)),
    st.lists(st.tuples(st.text(max_size=5), whats, st.integers(0, 9), st.integers(10, 99))),
    st.dictionaries(st.text(max_size=5), st.floats(0, 1e9), max_size=3),
)
def test_a_file_holds_everything(
    entries: list[tuple[str, str, Entry]],
    ranges: list[tuple[str, Entry, int, int]],
    levels: dict[str, float],
) -> None:
    traffic = learned(Stage.DYNAMIC)
    for source, destination, what in entries:
        traffic.judge("s", source, destination, what, 5.0)
    for source, what, low, high in ranges:
        traffic.judge_range("r", source, "", what, (low, high), 6.0)
    for name, value in levels.items():
        traffic.set_level(("rate", name, ""), value)
    traffic.stages.authorize("10.0.0.1", 7.0)
    again = load(dump(traffic))
    assert sorted(map(str, again)) == sorted(map(str, traffic))
    assert again.stages.scenarios.keys() >= traffic.stages.scenarios.keys()
    assert (again.stages.stage, again.stages.authorized) == (Stage.DYNAMIC, {"10.0.0.1": 7.0})
    assert again.levels == traffic.levels
    assert again.size == traffic.size


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"format": "other", "version": 1, "stage": "learning", "scenarios": {}}',
        b'{"format": "holdfast learned traffic", "version": 2, "stage": "learning", "scenarios": {}}',
        b'{"format": "holdfast learned traffic", "version": 1, "stage": "asleep", "scenarios": {}}',
    ],
)
def test_what_is_no_such_file_is_refused(content: bytes) -> None:
    with pytest.raises(LearnedError):
        load(content)


@pytest.mark.parametrize(
    "broken",
    [
        {"entries": [["a"]]},
        {"entries": [[1, 2, 3]]},
        {"ranges": [["a", "b", 1]]},
        {"ranges": [["a", "b", "x", "y"]]},
        {"levels": [["a", "b", "fast"]]},
    ],
)
def test_broken_rows_are_refused_by_name_of_the_scenario(broken: dict[str, object]) -> None:
    document = json.loads(dump(learned()))
    document["scenarios"]["modbus.function"] = {"stage": "learning", "last_new": 0.0} | broken
    with pytest.raises(LearnedError, match=r"modbus\.function"):
        load(json.dumps(document).encode())


def test_reading_and_writing_files(tmp_path: Path) -> None:
    path = tmp_path / "learned.json"
    assert read_file(path) is None
    traffic = learned()
    traffic.judge("s", "a", "b", (1,), 0.0)
    write_file(path, traffic)
    again = read_file(path)
    assert again is not None
    assert list(again) == list(traffic)
    assert [entry.name for entry in tmp_path.iterdir()] == ["learned.json"]
    with pytest.raises(LearnedError, match="cannot be written"):
        write_file(tmp_path / "missing" / "learned.json", traffic)
    with pytest.raises(LearnedError, match="cannot be read"):
        read_file(tmp_path)
