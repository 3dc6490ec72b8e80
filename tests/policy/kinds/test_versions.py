"""Several versions of one definition, and which of them an assignment means."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import SYSTEM
from holdfast.policy.azure.resources import PolicyResources
from holdfast.policy.azure.versions import PolicyVersions
from holdfast.policy.engine.active import Loader
from holdfast.policy.kinds.lookup import find_policy
from holdfast.policy.kinds.names import ASSIGNMENT, DEFINITION, INITIATIVE, full_id
from holdfast.resources.model import Action
from tests.policy.engine.samples import DEVICES, Guarded, open_guarded

_ID = full_id(DEFINITION, "own")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Guarded]:
    with open_guarded(tmp_path) as opened:
        yield opened


def document(version: str, effect: str = "audit") -> JsonObject:
    rule: JsonObject = {"if": {"field": "type", "equals": DEVICES}, "then": {"effect": effect}}
    return {"properties": {"displayName": f"Own {version}", "version": version, "policyRule": rule}}


def resources(world: Guarded) -> PolicyResources:
    return PolicyResources(world.store, world.changes)


def put(world: Guarded, *versions: str) -> PolicyVersions:
    """Store the definition in these versions, one after the other."""
    for version in versions:
        resources(world).put(SYSTEM, DEFINITION, "own", document(version))
    return PolicyVersions(resources(world))


def test_what_a_newer_version_replaces_stays_as_a_version(world: Guarded) -> None:
    versions = put(world, "1.0.0", "1.1.0", "2.0.0", "2.0.0")
    found = versions.every(SYSTEM, DEFINITION, "Own")
    assert [each["name"] for each in found] == ["2.0.0", "1.0.0", "1.1.0"]
    assert found[1]["id"] == f"{_ID}/versions/1.0.0"
    one = versions.get(SYSTEM, DEFINITION, "own", "1.1.0")
    assert isinstance(one["properties"], dict)
    assert one["properties"]["displayName"] == "Own 1.1.0"


@pytest.mark.parametrize(
    ("wanted", "title", "misfit"),
    [
        ("", "Own 2.1.0", ""),
        ("2.*.*", "Own 2.1.0", ""),
        ("1.*.*", "Own 1.2.0", ""),
        ("1.0.*", "Own 1.0.0", ""),
        ("2.*.*-preview", "Own 2.2.0-preview", ""),
        ("3.*.*", "Own 2.1.0", "3.*.*"),
    ],
)
def test_the_newest_version_in_the_range_is_meant(
    world: Guarded, wanted: str, title: str, misfit: str
) -> None:
    put(world, "1.0.0", "1.2.0", "2.2.0-preview", "2.1.0")
    found = find_policy(world.store, _ID, wanted)
    assert found is not None
    properties = found.document["properties"]
    assert isinstance(properties, dict)
    assert (properties["displayName"], found.misfit) == (title, misfit)


def test_assignments_of_different_versions_are_in_force_side_by_side(world: Guarded) -> None:
    put(world, "1.0.0", "2.0.0")
    world.assign(_ID, "old", definitionVersion="1.*.*")
    world.assign(_ID, "new", definitionVersion="2.*.*")
    loader = Loader(world.store)
    assert {each.assignment.name: each.title for each in loader.load().policies} == {
        "old": "Own 1.0.0",
        "new": "Own 2.0.0",
    }
    before = loader.load().versions()
    PolicyVersions(resources(world)).put(SYSTEM, DEFINITION, "own", "1.5.0", document("1.5.0"))
    active = loader.load()
    assert {each.assignment.name: each.title for each in active.policies}["old"] == "Own 1.5.0"
    changed = {key for key, version in active.versions().items() if version != before[key]}
    assert changed == {("old", "")}


def test_the_members_of_an_initiative_name_ranges_too(world: Guarded) -> None:
    put(world, "1.0.0", "2.0.0")
    members: list[JsonObject] = [
        {
            "policyDefinitionId": _ID,
            "policyDefinitionReferenceId": wanted,
            "definitionVersion": f"{wanted}.*.*",
        }
        for wanted in ("1", "2", "7")
    ]
    world.put(INITIATIVE, "set", {"displayName": "Set", "policyDefinitions": [*members]})
    world.assign(full_id(INITIATIVE, "set"), "set")
    active = Loader(world.store).load()
    assert [each.title for each in active.policies] == ["Own 1.0.0", "Own 2.0.0", "Own 2.0.0"]
    assert active.problems == ("“set” asks for “own” 7.*.*; another version is used.",)


def test_a_version_is_checked_like_a_definition_and_needs_one(world: Guarded) -> None:
    versions = PolicyVersions(resources(world))
    with pytest.raises(NotFoundError):
        versions.put(SYSTEM, DEFINITION, "own", "1.0.0", document("1.0.0"))
    put(world, "1.0.0")
    with pytest.raises(InvalidError) as caught:
        versions.put(SYSTEM, DEFINITION, "own", "latest", document("latest"))
    assert caught.value.field == "/version"
    with pytest.raises(InvalidError) as caught:
        versions.put(SYSTEM, DEFINITION, "own", "1.1.0", document("1.1.0", "obliterate"))
    assert caught.value.field == "/policyRule/then/effect"


def test_versions_go_before_their_definition(world: Guarded) -> None:
    versions = put(world, "1.0.0", "2.0.0")
    with pytest.raises(ConflictError, match="other versions"):
        world.change(Action.DELETE, DEFINITION, "own")
    versions.delete(SYSTEM, DEFINITION, "own", "1.0.0")
    world.change(Action.DELETE, DEFINITION, "own")
    assert world.store.get(ASSIGNMENT, "own") is None
    with pytest.raises(NotFoundError):
        versions.every(SYSTEM, DEFINITION, "own")
