import pytest

from holdfast.defender.inventory import inventory as module
from holdfast.defender.inventory.inventory import Inventory
from holdfast.defender.inventory.model import Asset, AssetType, Confidence, Fact, Name
from holdfast.defender.inventory.vendors import vendor_of

MAC, OTHER = "00:1d:9c:00:00:01", "00:0e:8c:00:00:02"


def seen(inventory: Inventory, mac: str, ip: str, time: float = 1.0) -> Asset:
    asset = inventory.see(mac, ip, (7,), 1, time)
    assert asset is not None
    return asset


def test_the_same_ip_address_is_the_same_asset() -> None:
    inventory = Inventory()
    first = seen(inventory, MAC, "10.0.0.1", 5.0)
    assert seen(inventory, MAC, "10.0.0.1", 9.0) is first
    assert (first.first, first.last, first.vlans) == (5.0, 9.0, {7})
    assert first.value(Name.VENDOR) == "Rockwell Automation"


def test_the_same_hardware_with_other_ip_addresses_is_another_asset() -> None:
    inventory = Inventory()
    assert seen(inventory, MAC, "10.0.0.1") is not seen(inventory, MAC, "10.0.0.2")


def test_link_local_addresses_belong_to_the_device_that_has_the_hardware_address() -> None:
    inventory = Inventory()
    assert seen(inventory, MAC, "10.0.0.1") is seen(inventory, MAC, "fe80::1")
    assert seen(inventory, OTHER, "fe80::2") is seen(inventory, OTHER, "10.0.0.2")


def test_a_device_that_was_seen_below_ip_gets_its_address_later() -> None:
    inventory = Inventory()
    below = seen(inventory, MAC, "")
    assert seen(inventory, MAC, "10.0.0.1") is below
    assert len(inventory) == 1


def test_what_a_device_announces_merges_what_was_seen_apart() -> None:
    merged: list[str] = []
    inventory = Inventory(on_merged=lambda _asset, other: merged.append(other))
    above = seen(inventory, OTHER, "10.0.0.1")
    below = seen(inventory, MAC, "", 0.5)
    inventory.learn(below, Fact(Name.NETWORK_NAME, "io-1"), "pn_dcp", 3, 1.0)
    assert inventory.bind(MAC, "10.0.0.1", 4, 2.0) is above
    assert merged == [below.id]
    assert (above.value(Name.NETWORK_NAME), above.first, next(iter(above.macs))) == ("io-1", 0.5, MAC)
    assert inventory.find(MAC) is above


def test_many_addresses_behind_one_hardware_address_make_it_a_routers() -> None:
    inventory = Inventory()
    assets = [seen(inventory, MAC, f"192.168.{number}.1") for number in range(6)]
    assert inventory.is_router(MAC)
    assert all(MAC not in asset.macs for asset in assets)
    router = inventory.find(MAC)
    assert router is not None
    assert router.type is AssetType.ROUTER


@pytest.mark.parametrize("mac", ["", "00:00:00:00:00:00"])
def test_packets_without_a_hardware_address_tell_nothing_but_their_ip_address(mac: str) -> None:
    inventory = Inventory()
    assets = [seen(inventory, mac, f"10.0.0.{number}") for number in range(8)]
    assets.append(seen(inventory, mac, "fe80::1"))
    assert len(inventory) == len({asset.id for asset in assets}) == 9
    assert not any(asset.macs or asset.value(Name.VENDOR) for asset in assets)
    assert inventory.see(mac, "", (), 1, 1.0) is None
    assert inventory.bind("00:00:00:00:00:00", "10.0.0.1", 1, 1.0) is assets[1]


def test_the_most_confident_value_counts_and_the_newest_among_equals() -> None:
    inventory = Inventory()
    asset = seen(inventory, MAC, "10.0.0.1")
    for value, confidence, protocol, time in (
        ("banner", Confidence.TEXT, "http", 1.0),
        ("nameplate", Confidence.IDENTITY, "cip", 2.0),
        ("other nameplate", Confidence.IDENTITY, "modbus", 3.0),
        ("guess", Confidence.GUESS, "ethernet", 4.0),
    ):
        inventory.learn(asset, Fact(Name.MODEL, value, confidence), protocol, 9, time)
    assert asset.value(Name.MODEL) == "other nameplate"
    assert [each.value for each in asset.attributes[Name.MODEL]][1:] == ["nameplate", "banner", "guess"]


def test_listeners_hear_of_new_and_changed_values_only() -> None:
    heard: list[tuple[str, str]] = []
    inventory = Inventory(on_learned=lambda _a, fact, before, *_rest: heard.append((before, fact.value)))
    asset = seen(inventory, "", "10.0.0.1")
    for value in ("1.0", "1.0", "2.0"):
        inventory.learn(asset, Fact(Name.FIRMWARE, value), "cip", 1, 1.0)
    assert heard == [("", "1.0"), ("1.0", "2.0")]


def test_modules_keep_facts_of_their_own() -> None:
    inventory = Inventory()
    asset = seen(inventory, MAC, "10.0.0.1")
    inventory.learn(asset, Fact(Name.MODEL, "CPU", module=(0, 2)), "s7comm", 1, 1.0)
    assert asset.modules[0, 2][Name.MODEL].value == "CPU"
    assert asset.value(Name.MODEL) == ""


def test_hostile_values_are_bounded_and_on_one_line() -> None:
    inventory = Inventory()
    asset = seen(inventory, MAC, "10.0.0.1")
    inventory.learn(asset, Fact(Name.DESCRIPTION, "a\n\n b" + "x" * 1000), "snmp", 1, 1.0)
    assert asset.value(Name.DESCRIPTION).startswith("a bx")
    assert len(asset.value(Name.DESCRIPTION)) == 256


def test_a_full_inventory_counts_what_it_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAXIMUM_ASSETS", 1)
    inventory = Inventory()
    seen(inventory, MAC, "10.0.0.1")
    assert inventory.see(OTHER, "10.0.0.2", (), 1, 1.0) is None
    assert inventory.dropped == 1


def test_retention_forgets_silent_assets() -> None:
    inventory = Inventory()
    seen(inventory, MAC, "10.0.0.1", 10.0)
    seen(inventory, OTHER, "10.0.0.2", 90.0)
    assert inventory.remove_before(50.0) == 1
    assert inventory.find("10.0.0.1") is None
    assert inventory.find("10.0.0.2") is not None


@pytest.mark.parametrize(
    ("mac", "vendor"), [("00:1d:9c:c7:b0:70", "Rockwell Automation"), ("02:00:00:00:00:01", ""), ("junk", "")]
)
def test_vendors_come_from_the_registry(mac: str, vendor: str) -> None:
    assert vendor_of(mac) == vendor
