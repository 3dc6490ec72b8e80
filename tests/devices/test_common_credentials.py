"""What devices have in common: read once, and never older than the last change that was told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.access.settings import KIND as SETTINGS
from holdfast.devices.attestation import with_keys
from holdfast.devices.common_credentials import CommonCredentials
from holdfast.devices.device import DEVICE
from holdfast.devices.enrollment_group import ENROLLMENT_GROUP
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.runtime.kinds import KINDS
from tests.support.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, KINDS.values()) as world:
        yield world


def put_group(world: World, name: str, **fields: bool) -> None:
    attestation = with_keys({"type": "symmetricKey"}, world.randomness)
    world.put(
        ENROLLMENT_GROUP, name, {"displayName": name, "type": "iot", "attestation": attestation, **fields}
    )


def names(common: CommonCredentials) -> list[str]:
    return [group.id for group in common.groups("symmetricKey")]


def test_a_group_that_was_put_is_there_and_one_that_was_disabled_is_disabled(world: World) -> None:
    common = CommonCredentials(world.store)
    world.changes.observe(common.changed)
    assert (names(common), common.group("a")) == ([], None)
    for name in ("b", "a"):
        put_group(world, name)
    assert names(common) == ["a", "b"]
    assert common.groups("x509") == ()
    put_group(world, "a", enabled=False)
    found = common.group("a")
    assert found is not None
    assert not found[0].enabled
    assert [group.enabled for group in common.groups("symmetricKey")] == [False, True]


def test_a_change_of_a_device_takes_nothing_away_and_one_of_the_settings_does(world: World) -> None:
    asked: list[OrganizationPath] = []

    def rule(organization: OrganizationPath) -> bool:
        asked.append(organization)
        return True

    common = CommonCredentials(world.store, sas_allowed=rule)
    for kind in (DEVICE, SETTINGS, DEVICE):
        common.sas_allowed(ROOT)
        common.changed(kind, "any")
    common.sas_allowed(ROOT)
    assert asked == [ROOT, ROOT]


def test_while_news_may_be_missing_all_is_read_each_time(world: World) -> None:
    trusted = [True]
    common = CommonCredentials(world.store, trusted=lambda: trusted[0])
    assert names(common) == []
    put_group(world, "a")
    assert names(common) == []
    trusted[0] = False
    assert names(common) == ["a"]
