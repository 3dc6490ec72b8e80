"""Properties: read as one object, written to where they belong."""

from collections.abc import Iterator

import pytest

from holdfast.devices import properties
from holdfast.devices.properties import Write
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from tests.devices.fleet import Fleet, open_fleet


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with open_fleet(tmp_path_factory.mktemp("fleet")) as fleet:
        fleet.template()
        fleet.device("p1", cloud={"owner": "ann"})
        fleet.report("p1", {"serial": "A1", "colour": "red", "motor": {"__t": "c", "limit": 4}})
        fleet.state.patch_desired("p1", "", {"target": 12, "motor": {"__t": "c", "limit": 5}}, "e1", 0.0)
        fleet.report("p1", {"target": {"value": 12, "ac": 200, "av": 2, "ad": "done"}})
        yield fleet


def test_reading_puts_reported_desired_and_cloud_properties_together(fleet: Fleet) -> None:
    shown = properties.shown(fleet.subject("p1"), unmodeled=False)
    metadata = shown.pop("$metadata")
    motor = shown.pop("motor")
    assert shown == {"owner": "ann", "serial": "A1", "target": 12}
    assert isinstance(metadata, dict)
    target = metadata["target"]
    assert isinstance(target, dict)
    assert target.pop("lastUpdateTime")
    assert target == {
        "ackCode": 200,
        "ackVersion": 2,
        "ackDescription": "done",
        "desiredValue": 12,
        "desiredVersion": 2,
    }
    assert isinstance(motor, dict)
    assert motor["limit"] == 4
    assert motor["$metadata"]["limit"]["desiredValue"] == 5  # type: ignore[index, call-overload]  # any JSON


def test_unmodelled_properties_are_shown_when_asked_for(fleet: Fleet) -> None:
    assert "colour" not in properties.shown(fleet.subject("p1"), unmodeled=False)
    assert properties.shown(fleet.subject("p1"), unmodeled=True)["colour"] == "red"


def test_one_component_is_shown_alone(fleet: Fleet) -> None:
    assert properties.shown(fleet.subject("p1"), unmodeled=False, component="motor")["limit"] == 4
    assert properties.shown(fleet.subject("p1"), unmodeled=False, component="none") == {}


@pytest.mark.parametrize(
    ("given", "replace", "component", "write"),
    [
        ({"owner": "bob"}, False, None, Write({"owner": "bob"}, {})),
        ({"target": 3, "$metadata": {}}, False, None, Write({}, {"target": 3})),
        ({"motor": {"limit": 1}}, False, None, Write({}, {"motor": {"__t": "c", "limit": 1}})),
        ({"limit": 1}, False, "motor", Write({}, {"motor": {"__t": "c", "limit": 1}})),
        ({"target": None}, False, None, Write({}, {"target": None})),
        (
            {"target": 3},
            True,
            None,
            Write({"owner": None}, {"target": 3, "motor": {"__t": "c", "limit": None}}),
        ),
        ({}, True, "motor", Write({}, {"motor": {"__t": "c", "limit": None}})),
    ],
)
def test_writing_takes_the_properties_apart(
    fleet: Fleet, given: JsonObject, replace: bool, component: str | None, write: Write
) -> None:
    planned = properties.plan(
        fleet.subject("p1"), given, replace=replace, unmodeled=False, component=component
    )
    assert planned == write


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"serial": "B"}, "/serial"),
        ({"target": "much"}, "/target"),
        ({"owner": "much too long"}, "/owner"),
        ({"colour": "blue"}, "/colour"),
        ({"pressure": 3}, "/pressure"),
        ({"motor": {"limit": 1.5}}, "/motor/limit"),
        ({"flush": 3}, "/flush"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_name(fleet: Fleet, given: JsonObject, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        properties.plan(fleet.subject("p1"), given, replace=False, unmodeled=False)
    assert caught.value.field == field


def test_unmodelled_properties_can_be_written_on_purpose(fleet: Fleet) -> None:
    write = properties.plan(fleet.subject("p1"), {"colour": "blue"}, replace=False, unmodeled=True)
    assert write == Write({}, {"colour": "blue"})
    with pytest.raises(InvalidError, match="name is empty"):
        properties.plan(fleet.subject("p1"), {"a.b": 1}, replace=False, unmodeled=True)


def test_an_object_is_asked_for_whole(fleet: Fleet) -> None:
    fleet.state.patch_desired("p1", "", {"extra": {"a": 1, "b": {"c": 2}}}, "e2", 0.0)
    write = properties.plan(fleet.subject("p1"), {"extra": {"b": {"d": 3}}}, replace=False, unmodeled=True)
    assert write.desired == {"extra": {"a": None, "b": {"c": None, "d": 3}}}


def test_the_answer_to_a_write_says_what_is_asked_for() -> None:
    answer = properties.accepted(Write({"owner": "bob"}, {"target": 3, "motor": {"__t": "c", "limit": 1}}))
    assert answer == {
        "owner": "bob",
        "motor": {"$metadata": {"limit": {"desiredValue": 1}}},
        "$metadata": {"target": {"desiredValue": 3}},
    }
