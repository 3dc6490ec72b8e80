"""What the platform's alerts say when they leave."""

from holdfast.runtime.delivery import hardware_addresses
from tests.defender.network.conftest import NORTH, SOUTH, Platform, heard
from tests.defender.network.conftest import platform as platform  # a fixture
from tests.support.traffic.case import PLC
from tests.support.traffic.cases.modbus import poll


def test_hardware_addresses_come_from_the_inventory_of_the_same_place(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    mac_of = hardware_addresses(platform.network)
    assert len(mac_of(NORTH, PLC).split(":")) == 6
    assert mac_of(SOUTH, PLC) == ""
    assert mac_of(NORTH, "192.0.2.1") == ""
