"""Scores are kept beside the assets: they follow what sensors find, what people say, and open alerts."""

from dataclasses import dataclass, field

import pytest

from holdfast.alerts.store.reading import OpenParty
from holdfast.defender.network.filters import AssetFilter
from holdfast.defender.network.rating import Ratings
from holdfast.defender.network.risk import findings, zones
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.organizations import ROOT
from tests.defender.network.conftest import NORTH, SOUTH, Platform, heard
from tests.support.traffic.case import ENGINEER, HMI, PLC
from tests.support.traffic.cases.modbus import poll, umas_exchange

STOP = umas_exchange(0x33, 0x41)


@dataclass
class OpenOnes:
    """Alerts that are open, and how often somebody read them all."""

    parties: list[OpenParty] = field(default_factory=list)
    read: int = 0

    def open_state(self) -> tuple[object, ...]:
        return tuple(self.parties)

    def open_parties(self) -> list[OpenParty]:
        self.read += 1
        return list(self.parties)


def score(platform: Platform, address: str) -> float:
    asset = platform.network.asset_at([ROOT], address)
    assert asset is not None
    assert isinstance(asset["risk"], dict)
    return float(str(asset["risk"]["score"]))


def test_an_open_alert_lowers_the_score_of_both_sides_until_it_is_closed(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    before = score(platform, PLC), score(platform, HMI)
    alerts = OpenOnes([OpenParty("a", NORTH, PLC, 3), OpenParty("a", NORTH, HMI, 3)])
    ratings = Ratings(platform.database, alerts)
    assert ratings.step() == 2
    assert (score(platform, PLC), score(platform, HMI)) == (before[0] - 15, before[1] - 15)
    assert {node.alarm for node in platform.network.graph([ROOT]).nodes} == {3}
    alerts.parties[:] = [OpenParty("a", NORTH, PLC, 1), OpenParty("a", NORTH, HMI, 1)]
    assert ratings.step() == 2
    assert score(platform, PLC) == before[0] - 3
    alerts.parties.clear()
    ratings.step()
    assert (score(platform, PLC), score(platform, HMI)) == before


def test_nothing_is_read_while_no_alert_changes(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    alerts = OpenOnes([OpenParty("a", NORTH, PLC, 2)])
    ratings = Ratings(platform.database, alerts)
    assert [ratings.step(), ratings.step(), ratings.step()] == [1, 0, 0]
    assert alerts.read == 1
    assert Ratings(platform.database, alerts).step() == 0  # a restart finds everything as it left it


def test_an_alert_of_another_zone_does_not_count(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    platform.report(heard("s2", poll), at=SOUTH)
    Ratings(platform.database, OpenOnes([OpenParty("a", SOUTH, PLC, 3)])).step()
    alarms = {(node.organization, node.address): node.alarm for node in platform.network.graph([ROOT]).nodes}
    assert alarms[SOUTH, PLC] == 3
    assert alarms[NORTH, PLC] == 0


def test_an_asset_that_comes_after_its_alert_is_rated_with_it(platform: Platform) -> None:
    alerts = OpenOnes([OpenParty("a", NORTH, PLC, 3)])
    Ratings(platform.database, alerts).step()
    platform.report(heard("s1", poll))
    assert score(platform, PLC) == score(platform, HMI) - 15


def test_what_people_say_changes_the_score(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    plc = platform.network.asset_at([NORTH], PLC)
    assert plc is not None
    number, before = int(str(plc["id"])), score(platform, PLC)
    platform.said[number] = {"authorized": False}
    platform.intake.renew_asset(number)
    assert score(platform, PLC) < before


def test_the_worst_comes_first(platform: Platform) -> None:
    platform.report(heard("s1", poll, STOP))
    Ratings(
        platform.database, OpenOnes([OpenParty("a", NORTH, HMI, 3), OpenParty("b", NORTH, HMI, 3)])
    ).step()
    scores = [
        float(str(item["risk"]["score"]))
        for item in platform.network.assets([ROOT], order="risk").items
        if isinstance(item["risk"], dict)
    ]
    assert scores == sorted(scores)
    assert len(scores) == 3
    back = platform.network.assets([ROOT], order="-name").items
    assert [item["name"] for item in back] == sorted((str(i["name"]) for i in back), reverse=True)
    pages = [
        platform.network.assets([ROOT], limit=1, offset=n, order="risk").items[0]["id"] for n in range(3)
    ]
    assert len(set(pages)) == 3
    with pytest.raises(InvalidError):
        platform.network.assets([ROOT], order="score; drop table")


def test_assets_are_found_by_grade_zone_and_counted_by_facet(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    platform.report(heard("s2", poll), at=SOUTH)
    Ratings(platform.database, OpenOnes([OpenParty(n, NORTH, PLC, 3) for n in "abc"])).step()
    network = platform.network
    assert [
        item["address"] for item in network.assets([ROOT], AssetFilter(grade="needs improvement")).items
    ] == [PLC]
    assert network.assets([ROOT], AssetFilter(zone="south")).total == 2
    assert network.assets([ROOT], AssetFilter(zone="outh")).total == 0
    facets = network.asset_facets([ROOT])
    assert facets["zone"] == {"north": 2, "south": 2}
    assert sum(facets["type"].values()) == 4
    assert network.asset_facets([NORTH])["zone"] == {"north": 2}
    with pytest.raises(InvalidError):
        network.assets([ROOT], AssetFilter(grade="fine"))


def test_zones_and_sites_are_scored_within_reach(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    platform.report(heard("s2", poll), at=SOUTH)
    Ratings(platform.database, OpenOnes([OpenParty(n, SOUTH, PLC, 3) for n in "abc"])).step()
    both = zones(platform.network.zone_sums([ROOT]))
    assert both["assets"] == 4
    shown = both["zones"]
    assert isinstance(shown, list)
    assert [zone["organization"] for zone in shown if isinstance(zone, dict)] == [SOUTH, NORTH]
    north = zones(platform.network.zone_sums([NORTH]))
    assert north["assets"] == 2
    assert zones(platform.network.zone_sums([])) == {
        "zones": [],
        "sites": [],
        "overall": {"score": None, "grade": None},
        "assets": 0,
    }


def test_weak_points_name_their_assets(platform: Platform) -> None:
    platform.report(heard("s1", poll, STOP))
    found = findings(platform.network.weak([NORTH]))
    programming = next(each for each in found if each["id"] == "unauthenticated-programming")
    assert isinstance(programming["assets"], list)
    assert {each["address"] for each in programming["assets"] if isinstance(each, dict)} == {PLC}
    assert findings(platform.network.weak([SOUTH])) == []
    assert ENGINEER in {item["address"] for item in platform.network.assets([NORTH]).items}
