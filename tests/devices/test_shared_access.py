"""Shared access policies: what one is, whom it signs for, and where it counts for nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.devices.attestation import new_key
from holdfast.devices.device import DEVICE
from holdfast.devices.registry import Registry
from holdfast.devices.shared_access import SHARED_ACCESS_POLICY
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.protocol.sas import decode_key
from holdfast.runtime.kinds import KINDS
from tests.support.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, KINDS.values()) as world:
        yield world


def policy(world: World, **fields: JsonValue) -> JsonObject:
    """The body of a policy with keys, and fields beside them."""
    keys: JsonObject = {
        "primaryKey": new_key(world.randomness),
        "secondaryKey": new_key(world.randomness),
    }
    return keys | fields


def test_an_enabled_policy_signs_for_each_device_with_both_keys(world: World) -> None:
    body = policy(world)
    world.put(DEVICE, "dev-1", {})
    registry = Registry(world.store)
    before = registry.credentials("dev-1")
    assert before is not None
    assert before.policies == {}
    world.put(SHARED_ACCESS_POLICY, "pool", body)
    world.put(SHARED_ACCESS_POLICY, "off", policy(world, enabled=False))
    registry.invalidate(SHARED_ACCESS_POLICY, "pool")
    found = registry.credentials("dev-1")
    assert found is not None
    assert found.policies == {
        "pool": (decode_key(str(body["primaryKey"])), decode_key(str(body["secondaryKey"])))
    }
    assert found.epoch != before.epoch, "live sessions are judged again"


def test_it_counts_for_nothing_where_symmetric_keys_are_switched_off(world: World) -> None:
    world.put(DEVICE, "dev-1", {})
    world.put(SHARED_ACCESS_POLICY, "pool", policy(world))
    found = Registry(world.store, sas_allowed=lambda _organization: False).credentials("dev-1")
    assert found is not None
    assert found.policies == {}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("registration", {}),
        ("a/b", {}),
        ("pool", {"primaryKey": "short"}),
        ("pool", {"enabled": "yes"}),
        ("pool", {"rights": ["DeviceConnect"]}),
    ],
)
def test_what_is_no_policy_is_refused(world: World, name: str, fields: JsonObject) -> None:
    with pytest.raises(InvalidError):
        world.put(SHARED_ACCESS_POLICY, name, policy(world, **fields))


def test_its_keys_are_in_no_event(world: World) -> None:
    world.put(SHARED_ACCESS_POLICY, "pool", policy(world))
    (event,) = world.feed.read(0)
    assert event.data == {"enabled": True}
