"""The directory's cache: it never hides a change, whenever that comes, and forgets no more than it must."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.devices.attestation import with_keys
from holdfast.devices.device import DEVICE
from holdfast.devices.enrollment_group import ENROLLMENT_GROUP
from holdfast.devices.registry import Registry
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.runtime.kinds import KINDS
from tests.support.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, KINDS.values()) as world:
        put_group(world, enabled=True)
        world.put(DEVICE, "Dev-1", {"provisioned": True, "group": "keys"})
        yield world


def put_group(world: World, *, enabled: bool) -> None:
    attestation = with_keys({"type": "symmetricKey"}, world.randomness)
    body: JsonObject = {"displayName": "keys", "type": "iot", "attestation": attestation, "enabled": enabled}
    world.put(ENROLLMENT_GROUP, "keys", body)


def while_it_reads(world: World, happens: Callable[[Registry], None]) -> Registry:
    """A registry to which something happens in the middle of its first look-up."""
    happening = [happens]

    def allowed(_organization: str) -> bool:
        if happening:
            happening.pop()(registry)
        return True

    registry = Registry(world.store, sas_allowed=allowed)
    return registry


def test_a_device_is_found_in_any_spelling(world: World) -> None:
    registry = Registry(world.store)
    for spelling in ("Dev-1", "dev-1", "DEV-1"):
        found = registry.credentials(spelling)
        assert found is not None
        assert found.device == "Dev-1"
        registry.forget("dev-1")
    assert registry.credentials("dev-2") is None


def test_a_device_that_changes_while_it_is_read_is_read_again(world: World) -> None:
    def block(registry: Registry) -> None:
        world.put(DEVICE, "Dev-1", {"provisioned": True, "group": "keys", "enabled": False})
        registry.invalidate(DEVICE, "Dev-1")

    registry = while_it_reads(world, block)
    registry.credentials("Dev-1")
    found = registry.credentials("Dev-1")
    assert found is not None
    assert not found.enabled


def test_a_group_that_changes_while_a_device_is_read_is_read_again(world: World) -> None:
    def disable(registry: Registry) -> None:
        put_group(world, enabled=False)
        registry.invalidate(ENROLLMENT_GROUP, "keys")

    registry = while_it_reads(world, disable)
    registry.credentials("Dev-1")
    found = registry.credentials("Dev-1")
    assert found is not None
    assert not found.enabled


def test_a_change_of_another_device_takes_nothing_away(world: World) -> None:
    registry = while_it_reads(world, lambda registry: registry.invalidate(DEVICE, "dev-2"))
    registry.credentials("Dev-1")
    assert registry.cached("dev-1") is not None


def test_a_look_up_that_failed_is_tried_again(world: World) -> None:
    def fail(_registry: Registry) -> None:
        raise UnavailableError("the database is away")

    registry = while_it_reads(world, fail)
    with pytest.raises(UnavailableError):
        registry.credentials("Dev-1")
    assert registry.credentials("Dev-1") is not None


def test_nothing_at_hand_counts_while_news_may_be_missing(world: World) -> None:
    trusted = [True]
    registry = Registry(world.store, trusted=lambda: trusted[0])
    assert registry.credentials("Dev-1") is not None
    world.put(DEVICE, "Dev-1", {"provisioned": True, "group": "keys", "enabled": False})
    trusted[0] = False
    assert registry.cached("Dev-1") is None
    found = registry.credentials("Dev-1")
    assert found is not None
    assert not found.enabled
