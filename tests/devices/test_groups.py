"""Device groups: what they find, and for whom."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.devices.device import DEVICE_KIND
from holdfast.devices.groups import DEVICE_GROUP, members
from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources.beside import ValuesBeside
from tests.devices.fleet import Fleet, open_fleet
from tests.devices.templates.samples import TEMPLATE_ID

NORTH = OrganizationPath("/north/")


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with open_fleet(tmp_path) as fleet:
        fleet.template()
        fleet.world.put("organization", "north", {"displayName": "North"}, organization=NORTH)
        fleet.device("p1", cloud={"owner": "ann"}, simulated=True)
        fleet.device("p2", cloud={"owner": "bob"})
        fleet.device("loose", template="")
        fleet.world.put(
            "device", "n1", {"template": TEMPLATE_ID, "cloud": {"owner": "ann"}}, organization=NORTH
        )
        beside = ValuesBeside(fleet.world.database, DEVICE_KIND, "reported")
        beside.put({"p1": {"target": 20, "motor": {"limit": 5}}, "p2": {"target": 30}}, {})
        yield fleet


def found(
    fleet: Fleet, where: str, *, home: OrganizationPath = ROOT, reach: tuple[OrganizationPath, ...] = (ROOT,)
) -> list[str]:
    body = {"displayName": "Group", "filter": f"SELECT * FROM devices WHERE {where}"}
    group = fleet.world.put(DEVICE_GROUP, "group", body, organization=home)  # type: ignore[arg-type]  # JSON by hand
    return [device.id for device in members(fleet.world.store, group, reach)]


@pytest.mark.parametrize(
    ("where", "devices"),
    [
        (f'$template = "{TEMPLATE_ID}"', ["n1", "p1", "p2"]),
        ("$simulated = true", ["p1"]),
        ('owner = "ann"', ["n1", "p1"]),
        ('owner = "ann" AND NOT $simulated = true', ["n1"]),
        ("target > 20", ["p2"]),
        ('target >= 20 OR owner = "ann"', ["n1", "p1", "p2"]),
        ("motor.limit = 5", ["p1"]),
        ('owner IN ("bob", "eve")', ["p2"]),
        ("owner IS NULL", ["loose"]),
        ('$organizations = "north"', ["n1"]),
    ],
)
def test_a_group_finds_devices_by_fields_and_properties(fleet: Fleet, where: str, devices: list[str]) -> None:
    assert found(fleet, where) == devices


def test_a_group_shows_what_lies_in_its_organization_and_the_viewers(fleet: Fleet) -> None:
    everything = f'$template = "{TEMPLATE_ID}"'
    assert found(fleet, everything, home=NORTH) == ["n1"]
    assert found(fleet, everything, reach=(NORTH,)) == ["n1"]
    assert found(fleet, everything, home=NORTH, reach=(OrganizationPath("/south/"),)) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"filter": "SELECT * FROM devices WHERE nobody = 1"}, "/filter"),
        ({"filter": "DROP TABLE devices"}, "/filter"),
        ({"displayName": ""}, "/displayName"),
        ({"colour": "red"}, "/"),
        ({"description": "a" * 2000}, "/description"),
    ],
)
def test_bad_groups_are_refused(fleet: Fleet, change: dict[str, str], field: str) -> None:
    body = {"displayName": "Group", "filter": "SELECT * FROM devices", **change}
    with pytest.raises(InvalidError) as caught:
        fleet.world.put(DEVICE_GROUP, "group", body)  # type: ignore[arg-type]  # JSON by hand
    assert caught.value.field == field


def test_relationships_make_gateways(fleet: Fleet) -> None:
    from holdfast.devices.relationships import RELATIONSHIP, connect, disconnect
    from holdfast.kernel.principal import SYSTEM

    world = fleet.world
    for leaf in ("p2", "n1"):
        world.changes.apply_all(SYSTEM, connect(world.store, "p1", f"to-{leaf}", {"target": leaf}, None))
    assert fleet.subject("p1").device.body["gateway"] is True
    for source, target in (("p2", "p1"), ("p1", "p1")):
        with pytest.raises((ConflictError, InvalidError)):
            world.changes.apply_all(SYSTEM, connect(world.store, source, "again", {"target": target}, None))
    with pytest.raises(ConflictError, match="has a gateway already"):
        world.changes.apply_all(SYSTEM, connect(world.store, "loose", "x", {"target": "p2"}, None))
    for leaf in ("p2", "n1"):
        resource = world.store.get(RELATIONSHIP, f"p1/to-{leaf}")
        assert resource is not None
        world.changes.apply_all(SYSTEM, disconnect(world.store, resource, None))
    assert fleet.subject("p1").device.body["gateway"] is False


def test_a_device_has_a_value_wherever_searches_rely_on_one(fleet: Fleet) -> None:
    fleet.world.put("device", "bare", {})
    device = fleet.world.store.get("device", "bare")
    assert device is not None
    assert {path for path in DEVICE_KIND.filled if device.body.get(path) is None} == set()
    assert found(fleet, "NOT $simulated = true AND NOT $template = " + f'"{TEMPLATE_ID}"') == [
        "bare",
        "loose",
    ]
