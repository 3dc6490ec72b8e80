"""What sensors say becomes what the platform knows: once, in order, merged, and within its zone."""

import msgspec
import pytest

from holdfast.alerts.exclusion import ExclusionRule, Window
from holdfast.defender.network.alerts import Unwanted
from holdfast.defender.network.filters import AssetFilter, ConnectionFilter, EventFilter
from holdfast.defender.network.intake import Arrived
from holdfast.defender.network.source import Source
from holdfast.defender.uplink.bulletins import Bulletins
from holdfast.defender.uplink.documents import EventDocument, PacketsDocument
from holdfast.defender.uplink.messages import Alerts, Assets, Events, Gone, Packets, pack, unpack
from holdfast.kernel.errors import NotFoundError, UnavailableError
from holdfast.kernel.organizations import ROOT, Move, OrganizationPath
from holdfast.log.port import Position
from tests.defender.network.conftest import NORTH, SOUTH, Platform, heard
from tests.support.traffic.case import ENGINEER, HMI, PLC
from tests.support.traffic.cases.modbus import identified, poll, umas_exchange
from tests.support.traffic.wire import BEGIN, Wire

STOP = umas_exchange(0x33, 0x41)
EVENT = EventDocument("2027-01-15T08:00:00.000Z", "NOTIFICATION", "INFO", "hello", [PLC], 0, 1)


def addresses(platform: Platform, *reach: OrganizationPath) -> set[object]:
    return {item["address"] for item in platform.network.assets(reach).items}


def test_assets_connections_alerts_packets_and_events_are_there(platform: Platform) -> None:
    platform.report(heard("s1", poll, STOP, identified("v1")))
    assert addresses(platform, NORTH) == {HMI, PLC, ENGINEER}
    plc = platform.network.asset_at([NORTH], PLC)
    assert plc is not None
    assert (plc["firmware"], plc["type"], plc["sensors"]) == ("v1", "PLC", ["s1"])
    talks = platform.network.connections([NORTH], ConnectionFilter(address=ENGINEER)).items
    assert {(talk["client"], talk["server"], talk["protocol"]) for talk in talks} >= {
        (ENGINEER, PLC, "modbus")
    }
    stopped = next(alert for alert in platform.alerts.values() if alert.type.id == "controller-stop")
    assert (stopped.organization, stopped.site, stopped.zone) == (NORTH, "plant", "north")
    assert platform.network.pcap([NORTH], stopped.id).startswith(b"M<\xb2\xa1")
    assert platform.network.events([NORTH], EventFilter(type="DEVICE_CREATE")).total == 3


def an_hour(wire: Wire) -> None:
    wire.wait(3600)


def test_what_a_sensor_knew_before_it_was_started_again_is_kept(platform: Platform) -> None:
    sensor = heard("s1", poll, identified("v1"))
    for asset in sensor.inventory:
        asset.authorized = False
    platform.report(sensor)
    (known,) = (each for each in platform.network.assets([NORTH]).items if each["address"] == PLC)
    platform.report(heard("s1", an_hour, poll))
    (now,) = (each for each in platform.network.assets([NORTH]).items if each["address"] == PLC)
    assert (now["firmware"], now["first_seen"], now["authorized"]) == ("v1", known["first_seen"], False)
    assert str(now["last_seen"]) > str(known["last_seen"])


def test_no_character_of_the_wire_stops_the_taking_in(platform: Platform) -> None:
    odd = msgspec.structs.replace(EVENT, title="a\0b\\u0000", devices=["\0"])
    platform.tell("s1", Events([odd]))
    (event,) = platform.network.events([NORTH]).items
    assert (event["title"], event["devices"]) == ("a\ufffdb\\u0000", ["\ufffd"])
    assets = (each for each in Bulletins(heard("s1", poll)).everything() if isinstance(each, Assets))
    named = [msgspec.structs.replace(item, name="x\0y") for item in next(assets).items]
    platform.tell("s1", Assets(named))
    assert {each["name"] for each in platform.network.assets([NORTH]).items} == {"x\ufffdy"}


def test_a_number_that_fits_nowhere_costs_its_message_alone(platform: Platform) -> None:
    platform.tell("s1", Events([msgspec.structs.replace(EVENT, count=1 << 61)]), Events([EVENT]))
    assert "hello" in {each["title"] for each in platform.network.events([NORTH]).items}


def test_nothing_is_seen_outside_its_zone(platform: Platform) -> None:
    platform.report(heard("s1", poll, STOP))
    assert addresses(platform, SOUTH) == set()
    assert addresses(platform, OrganizationPath("/plant/")) == {HMI, PLC, ENGINEER}
    assert addresses(platform, ROOT) == {HMI, PLC, ENGINEER}
    assert addresses(platform) == set()
    number = platform.network.assets([NORTH]).items[0]["id"]
    assert isinstance(number, int)
    with pytest.raises(NotFoundError):
        platform.network.asset([SOUTH], number)
    with pytest.raises(NotFoundError):
        platform.network.pcap([SOUTH], next(iter(platform.alerts)))
    assert platform.network.map([SOUTH])["nodes"] == []


def test_what_was_seen_in_an_organization_moves_with_it(platform: Platform) -> None:
    """Also where its sensors told something at the new place before, and a second time."""
    platform.report(heard("s1", poll))
    platform.report(heard("s1", STOP), at=SOUTH)
    move = Move(OrganizationPath("/plant/north/"), SOUTH)
    for _ in range(2):
        platform.intake.relocate(move)
        assert addresses(platform, NORTH) == set()
        assert addresses(platform, SOUTH) == {HMI, PLC, ENGINEER}
    platform.report(heard("s1", poll, STOP), at=SOUTH)
    assert addresses(platform, SOUTH) == {HMI, PLC, ENGINEER}


def test_the_same_address_in_two_zones_is_two_assets(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    platform.report(heard("s2", poll), at=SOUTH)
    assert platform.network.assets([ROOT]).total == 4


def test_two_sensors_of_a_zone_see_one_asset_together(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    platform.report(heard("s2", poll, identified("v2"), STOP))
    plc = platform.network.asset_at([NORTH], PLC)
    assert plc is not None
    assert (plc["sensors"], plc["firmware"]) == (["s1", "s2"], "v2")
    assert platform.network.assets([NORTH]).total == 3
    platform.intake.forget_sensor("s2")
    plc = platform.network.asset_at([NORTH], PLC)
    assert plc is not None
    assert (plc["sensors"], plc["firmware"]) == (["s1"], "")
    assert addresses(platform, NORTH) == {HMI, PLC}


def test_two_sensors_that_raise_the_same_make_one_alert(platform: Platform) -> None:
    platform.report(heard("s1", STOP))
    platform.report(heard("s2", STOP))
    stops = [alert for alert in platform.alerts.values() if alert.type.id == "controller-stop"]
    assert [alert.sensors for alert in stops] == [["s1", "s2"]]
    assert stops[0].count == 1
    platform.report(heard("s3", STOP), at=SOUTH)
    assert len([a for a in platform.alerts.values() if a.type.id == "controller-stop"]) == 2


def test_a_message_counts_once_and_older_ones_not_at_all(platform: Platform) -> None:
    source, data = Source("s1", NORTH), pack(Events([EVENT]))
    for number in (1, 2, 2, 1, 3):
        platform.intake.take([Arrived(source, "a", number, data, BEGIN)])
    assert platform.network.events([NORTH]).total == 3
    platform.intake.take([Arrived(source, "b", 1, data, BEGIN)])  # a sensor with a new disk
    assert platform.network.events([NORTH]).total == 4


def test_a_broken_message_is_counted_and_the_next_one_taken(platform: Platform) -> None:
    source = Source("s1", NORTH)
    broken = Events([EventDocument("yesterday", "x", "y", "z", [], 0, 1), EVENT])
    arrived = [
        Arrived(source, "a", 1, b"nonsense", BEGIN),
        Arrived(source, "a", 2, pack(broken), BEGIN),
        Arrived(source, "a", 3, pack(Events([EVENT])), BEGIN),
    ]
    platform.intake.take(arrived, {5: Position(5, 7)})
    assert platform.network.sources([NORTH])["s1"]["refused_messages"] == 2
    assert platform.network.events([NORTH]).total == 1
    assert platform.intake.positions() == {5: Position(5, 7)}


def test_what_cannot_be_handed_on_is_taken_again(platform: Platform) -> None:
    messages = list(Bulletins(heard("s1", STOP)).everything())
    arrived = [
        Arrived(Source("s1", NORTH), "a", number, pack(message), BEGIN)
        for number, message in enumerate(messages, 1)
    ]
    platform.unavailable.append("no control role")
    with pytest.raises(UnavailableError):
        platform.intake.take(arrived, {1: Position(1, 9)})
    assert platform.network.assets([NORTH]).total == 0
    assert platform.intake.positions() == {}
    platform.unavailable.clear()
    platform.intake.take(arrived, {1: Position(1, 9)})
    assert platform.network.assets([NORTH]).total == 2
    assert platform.alerts


def test_no_sensor_speaks_for_another(platform: Platform) -> None:
    platform.report(heard("s1", STOP))
    stopped = next(alert for alert in platform.alerts.values() if alert.type.id == "controller-stop")
    before = platform.network.pcap([NORTH], stopped.id)
    documents = [m for m in Bulletins(heard("s1", STOP)).everything() if isinstance(m, Alerts)]
    platform.alerts.clear()
    platform.tell("s2", *documents, Packets([PacketsDocument(stopped.id, 0, 1, b"forged")]))
    assert platform.alerts == {}
    assert platform.network.pcap([NORTH], stopped.id) == before


def test_an_excluded_alert_is_not_shown(platform: Platform) -> None:
    rule = ExclusionRule("ours", devices=frozenset({ENGINEER}))
    platform.unwanted[0] = Unwanted([(NORTH, rule)])
    platform.report(heard("s1", STOP))
    assert not platform.alerts
    platform.report(heard("s2", STOP), at=SOUTH)
    assert [alert.sensors for alert in platform.alerts.values()] == [["s2"]]


def test_a_maintenance_window_hides_alerts_while_it_is_open(platform: Platform) -> None:
    window = Window("T1", BEGIN - 60, BEGIN + 3600)
    platform.unwanted[0] = Unwanted(windows=[(ROOT, window)])
    platform.report(heard("s1", STOP))
    assert not platform.alerts
    platform.unwanted[0] = Unwanted(windows=[(ROOT, Window("T1", BEGIN - 120, BEGIN - 60))])
    platform.report(heard("s2", STOP))
    assert platform.alerts


def test_what_people_say_of_an_asset_wins(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    plc = platform.network.asset_at([NORTH], PLC)
    assert plc is not None
    assert isinstance(plc["id"], int)
    platform.said[plc["id"]] = {"name": "Boiler", "important": True, "device": "boiler-1"}
    platform.intake.renew_asset(plc["id"])
    found = platform.network.assets([NORTH], AssetFilter(important=True)).items
    assert [(each["name"], each["device"]) for each in found] == [("Boiler", "boiler-1")]
    platform.report(heard("s2", poll))
    assert platform.network.asset([NORTH], plc["id"])["name"] == "Boiler"


def test_an_asset_whose_addresses_turn_out_to_be_anothers_joins_it(platform: Platform) -> None:
    documents = [m for m in Bulletins(heard("s1", poll)).everything() if isinstance(m, Assets)]
    platform.tell("s1", *documents)
    both = [item for message in documents for item in message.items]
    joined = unpack(pack(Assets([both[0]])))
    assert isinstance(joined, Assets)
    one = joined.items[0]
    one.ip_addresses[:] = [HMI, PLC]
    platform.tell("s1", joined, Gone([PLC if one.address == HMI else HMI]))
    assert platform.network.assets([NORTH]).total == 1


def test_old_things_are_forgotten(platform: Platform) -> None:
    platform.report(heard("s1", poll, STOP))
    platform.tell("s1", Events([EVENT]))
    alert = next(alert for alert in platform.alerts if platform.network.has_packets([alert]))
    platform.clock.advance(1000 * 86_400)
    platform.tending.run()
    assert platform.network.counts([NORTH]) == {"assets": 0, "unauthorized": 0, "connections": 0}
    assert platform.network.events([NORTH]).total == 0
    with pytest.raises(NotFoundError):
        platform.network.pcap([NORTH], alert)


def test_the_oldest_packets_make_room(platform: Platform) -> None:
    platform.report(heard("s1", STOP))
    alert = next(iter(platform.alerts))
    platform.tell("s1", Packets([PacketsDocument(alert, 0, 1, b"x" * 100_001)]))
    assert len(platform.network.pcap([NORTH], alert)) == 100_001
    platform.tending.run()
    with pytest.raises(NotFoundError):
        platform.network.pcap([NORTH], alert)
