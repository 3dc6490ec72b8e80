"""An asset is the enrolled device that connects from its address, where exactly one does."""

from dataclasses import dataclass, field
from typing import Any

from holdfast.defender.network.linking import linked_device
from holdfast.defender.network.presence import Arrival, Presence
from holdfast.defender.uplink.documents import AssetDocument
from holdfast.devices.device import DEVICE
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources.model import Page, Resource
from holdfast.resources.query import Query
from tests.defender.network.conftest import NORTH, SOUTH, Platform, heard
from tests.support.traffic.case import HMI, PLC
from tests.support.traffic.cases.modbus import poll
from tests.support.traffic.wire import BEGIN


@dataclass
class Devices:
    """Enrolled devices, and those among them that say something of themselves."""

    places: dict[str, OrganizationPath]
    claiming: list[str] = field(default_factory=list)

    def get(self, kind: str, identity: str) -> Resource | None:
        place = self.places.get(identity) if kind == DEVICE else None
        return None if place is None else Resource(DEVICE, identity, place, {}, "e", BEGIN, BEGIN)

    def find(self, query: Query) -> Page:
        found = (self.get(query.kind, each) for each in self.claiming)
        return Page(tuple(each for each in found if each is not None), "")


def connects(platform: Platform, devices: Devices, **addresses: str) -> None:
    presence = Presence(platform.database)

    def linked(asset: AssetDocument, organization: str) -> str:
        reader: Any = devices  # the parts of a store that are used
        return linked_device(reader, asset, organization, presence.devices_at)

    arrived = {device: Arrival(address, BEGIN) for device, address in addresses.items()}
    presence.take(arrived, lambda number: platform.said.get(number, {}), linked)


def device_at(platform: Platform, address: str) -> object:
    asset = platform.network.asset_at([ROOT], address)
    assert asset is not None
    return asset["device"]


def test_the_device_that_connects_from_an_address_is_the_asset_there(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    connects(platform, Devices({"boiler": NORTH}), boiler=PLC)
    assert (device_at(platform, PLC), device_at(platform, HMI)) == ("boiler", "")


def test_several_devices_behind_one_address_are_none(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    devices = Devices({"boiler": NORTH, "pump": NORTH})
    connects(platform, devices, boiler=PLC)
    connects(platform, devices, pump=PLC)
    assert device_at(platform, PLC) == ""
    connects(platform, devices, pump="192.0.2.9")
    assert device_at(platform, PLC) == "boiler"


def test_a_device_that_moves_takes_its_link_along(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    devices = Devices({"boiler": NORTH})
    connects(platform, devices, boiler=PLC)
    connects(platform, devices, boiler=HMI)
    assert (device_at(platform, PLC), device_at(platform, HMI)) == ("", "boiler")


def test_what_devices_say_of_themselves_counts_more(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    connects(platform, Devices({"boiler": NORTH, "pump": NORTH}, claiming=["pump"]), boiler=PLC)
    assert device_at(platform, PLC) == "pump"


def test_a_device_of_another_plant_is_not_the_asset_with_its_address(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    connects(platform, Devices({"stranger": SOUTH}), stranger=PLC)
    assert device_at(platform, PLC) == ""
    connects(platform, Devices({"gone": NORTH}), unknown=HMI)
    assert device_at(platform, HMI) == ""


def test_what_a_person_says_wins(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    plc = platform.network.asset_at([ROOT], PLC)
    assert plc is not None
    platform.said[int(str(plc["id"]))] = {"device": ""}
    connects(platform, Devices({"boiler": NORTH}), boiler=PLC)
    assert device_at(platform, PLC) == ""
