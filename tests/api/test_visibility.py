"""Every read of a device over the API, by anybody anywhere in the tree, compared with a model of the tree.

The model knows parents and children, and nothing of paths, reach or SQL.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.access.people.assignments import Assignment, grants_of
from holdfast.access.people.organizations import put_organization
from holdfast.access.roles.builtin import (
    BUILT_IN,
    OPERATOR,
    ORGANIZATION_ADMINISTRATOR,
    ORGANIZATION_VIEWER,
    SENSOR_READER,
)
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Principal, PrincipalKind
from holdfast.resources.model import Resource
from tests.api.in_memory import EVERYTHING, InMemory, open_api

VERSION = "api-version=2022-10-31-preview"
PARENTS = {"a": "", "ab": "a", "abc": "ab", "b": "", "ba": "b"}
"""Ids of which one begins with another must not be mistaken for each other."""
PLACES = ("", *PARENTS)
ROLES = (OPERATOR, ORGANIZATION_ADMINISTRATOR, ORGANIZATION_VIEWER, SENSOR_READER)
READS = {
    "/api/devices/{}": Permission.DEVICE_READ,
    "/api/devices/{}/properties": Permission.DEVICE_READ,
    "/api/devices/{}/telemetry/v": Permission.DEVICE_READ,
    "/api/devices/{}/modules": Permission.DEVICE_READ,
    "/api/devices/{}/relationships": Permission.DEVICE_READ,
    "/api/devices/{}/credentials": Permission.DEVICE_CREDENTIALS,
    "/api/fleet/devices/{}/rawData": Permission.DEVICE_RAW_DATA,
}
"""An operation on one device → what it takes where the device is."""
LISTS: dict[str, tuple[Permission, JsonObject]] = {
    "/api/deviceGroups": (Permission.DEVICE_GROUP_READ, {"filter": "SELECT * FROM devices"}),
    "/api/dashboards": (Permission.DASHBOARD_READ, {"tiles": []}),
    "/api/defender/queries": (Permission.ASSET_READ, {"subject": "assets"}),
    "/api/defender/exclusions": (Permission.ALERT_READ, {"subnets": ["192.0.2.0/24"]}),
}
"""A collection → what it takes to see one of its things, and what such a thing holds beside its name."""


def is_below(node: str, other: str) -> bool:
    """Whether `node` is `other` or lies below it."""
    return node == other or (node != "" and is_below(PARENTS[node], other))


def allowed(held: list[tuple[str, str]], permission: Permission, node: str) -> bool:
    return any(permission in BUILT_IN[role].permissions and is_below(node, at) for role, at in held)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InMemory]:
    """A device in every organization, each of which said something."""
    with open_api(tmp_path_factory.mktemp("visibility")) as here:
        for id, parent in PARENTS.items():
            body: JsonObject = {"displayName": id, **({"parent": parent} if parent else {})}
            here.world.changes.apply(SYSTEM, put_organization(here.world.store, id, body, None))
        for place in PLACES:
            device: JsonObject = {"displayName": place, **({"organizations": [place]} if place else {})}
            assert here.client.put(f"/api/devices/d-{place}?{VERSION}", json=device).status_code == 200
            here.say(f"d-{place}", b'{"v": 1}')
            for path, (_, body) in LISTS.items():
                at: JsonObject = {"organization": place} if "defender" in path else device
                made = {**at, **body, "displayName": f"x{place}"}
                assert here.client.put(f"{path}/x{place}?{VERSION}", json=made).status_code < 300, path
        here.telemetry()
        yield here


@st.composite
def holdings(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Roles with the nodes at which they are held."""
    found = []
    for role in draw(st.lists(st.sampled_from(ROLES), max_size=3)):
        at = "" if role is OPERATOR else draw(st.sampled_from(PLACES[1:]))
        found.append((role.id, at))
    return found


def speaker(here: InMemory, held: list[tuple[str, str]]) -> Principal:
    nodes = {o.id: o.organization for o in _organizations(here)} | {"": ROOT}
    assigned = [Assignment(role, at) for role, at in held]
    grants = grants_of(assigned, BUILT_IN.get, nodes.get)
    return Principal("p", PrincipalKind.USER, "p", grants, address="127.0.0.1")


def _organizations(here: InMemory) -> list[Resource]:
    found = [here.world.store.get("organization", id) for id in PARENTS]
    return [organization for organization in found if organization is not None]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(holdings())
def test_everybody_reads_what_the_model_says(here: InMemory, held: list[tuple[str, str]]) -> None:
    here.speaking.append(speaker(here, held))
    try:
        for path, permission in READS.items():
            for place in PLACES:
                status = here.client.get(f"{path.format(f'd-{place}')}?{VERSION}").status_code
                if allowed(held, permission, place):
                    assert status == 200, (path, place)
                    said = here.client.get(f"/api/devices/d-{place}/telemetry/v?{VERSION}")
                    assert said.json()["value"] == 1
                else:
                    assert status in (403, 404), (path, place)
        seen = {f"d-{place}" for place in PLACES if allowed(held, Permission.DEVICE_READ, place)}
        listed = here.client.get(f"/api/devices?{VERSION}")
        if any(Permission.DEVICE_READ in BUILT_IN[role].permissions for role, _ in held):
            assert {device["id"] for device in listed.json()["value"]} == seen
            export = here.client.get("/api/fleet/devices.csv").text
            assert {f"d-{place}" for place in PLACES if f"d-{place}," in export} == seen
        else:
            assert listed.status_code == 403
        for path, (permission, _) in LISTS.items():
            items = here.client.get(f"{path}?{VERSION}").json().get("value", [])
            visible = {f"x{place}" for place in PLACES if allowed(held, permission, place)}
            assert {item["id"] for item in items} == visible, path
    finally:
        here.speaking[:] = [EVERYTHING]
