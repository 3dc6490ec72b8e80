"""Open paths: values below them are searched for without being declared, in bodies and beside them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.resources.beside import ValuesBeside
from holdfast.resources.model import Action, IndexType, Kind
from holdfast.resources.query import Compare, Condition, In, Not, Operator, Order, Query, Scalar
from tests.support.world import World, open_world

PERMISSION = Permission.DEVICE_READ
THING = Kind(
    "thing",
    *(PERMISSION,) * 4,
    indexed={"name": IndexType.TEXT, "cloud.*": IndexType.ANY, "reported.*": IndexType.ANY},
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, [THING]) as opened:
        opened.put("thing", "a", {"name": "a", "cloud": {"owner": "ann", "motor": {"limit": 5}, "on": True}})
        opened.put("thing", "b", {"name": "b", "cloud": {"owner": 7, "motor": {"limit": 9}}})
        opened.put("thing", "c", {"name": "c"})
        yield opened


def ids(world: World, where: Condition) -> list[str]:
    return [found.id for found in world.store.find(Query("thing", (ROOT,), where)).items]


@pytest.mark.parametrize(
    ("path", "operator", "value", "found"),
    [
        ("cloud.owner", Operator.EQUAL, "ann", ["a"]),
        ("cloud.owner", Operator.EQUAL, 7, ["b"]),
        ("cloud.owner", Operator.STARTS_WITH, "A", ["a"]),
        ("cloud.owner", Operator.NOT_EQUAL, "ann", ["b", "c"]),
        ("cloud.owner", Operator.EQUAL, None, ["c"]),
        ("cloud.owner", Operator.NOT_EQUAL, None, ["a", "b"]),
        ("cloud.motor.limit", Operator.GREATER, 5, ["b"]),
        ("cloud.on", Operator.EQUAL, True, ["a"]),
        ("cloud.never", Operator.EQUAL, 1, []),
    ],
)
def test_values_are_found_by_their_own_type(
    world: World, path: str, operator: Operator, value: Scalar, found: list[str]
) -> None:
    assert ids(world, Compare(path, operator, value)) == found


def test_values_follow_the_body(world: World) -> None:
    world.put("thing", "a", {"name": "a", "cloud": {"owner": "bob"}})
    world.change(Action.DELETE, "thing", "b")
    assert ids(world, In("cloud.owner", ("ann", 7.0))) == []
    assert ids(world, Not(Compare("cloud.owner", Operator.EQUAL, None))) == ["a"]


def test_lists_are_not_sorted_by_them(world: World) -> None:
    with pytest.raises(InvalidError, match="cannot be sorted"):
        world.store.find(Query("thing", (ROOT,), order=Order("cloud.owner")))


def test_what_is_not_below_an_open_path_is_refused(world: World) -> None:
    for path in ("cloud", "clouds.owner", "other"):
        with pytest.raises(InvalidError):
            ids(world, Compare(path, Operator.EQUAL, 1))


def test_values_beside_the_body_come_and_go(world: World) -> None:
    beside = ValuesBeside(world.database, THING, "reported")
    beside.put({"a": {"temp": 20, "motor": {"speed": 3}}, "c": {"temp": 30}}, {})
    beside.put({"a": {"temp": 25}}, {"a": ["reported.motor.speed"]})
    assert ids(world, Compare("reported.temp", Operator.GREATER, 20)) == ["a", "c"]
    assert ids(world, Compare("reported.motor.speed", Operator.NOT_EQUAL, None)) == []
    world.put("thing", "a", {"name": "a"})
    assert ids(world, Compare("reported.temp", Operator.EQUAL, 25)) == ["a"]
    ValuesBeside(world.database, THING, "reported").forget(["a"])
    assert ids(world, Compare("reported.temp", Operator.NOT_EQUAL, None)) == ["c"]


def test_a_prefix_that_is_not_open_is_a_mistake_of_ours(world: World) -> None:
    with pytest.raises(ValueError, match="no open path"):
        ValuesBeside(world.database, THING, "name")


def test_declaring_another_path_indexes_again(tmp_path: Path) -> None:
    with open_world(tmp_path, [THING]) as world:
        world.put("thing", "a", {"name": "a", "extra": "x", "cloud": {"owner": "ann"}})
        ValuesBeside(world.database, THING, "reported").put({"a": {"temp": 1}}, {})
    wider = Kind("thing", *(PERMISSION,) * 4, indexed={**THING.indexed, "extra": IndexType.TEXT})
    with open_world(tmp_path, [wider]) as world:
        for path, value in (("extra", "x"), ("cloud.owner", "ann"), ("reported.temp", 1)):
            assert ids(world, Compare(path, Operator.EQUAL, value)) == ["a"]
