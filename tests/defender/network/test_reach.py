"""Whoever reads sees what lies in the organizations of their roles and below, all of it, and nothing else."""

import pytest

from holdfast.defender.network.filters import ConnectionFilter
from holdfast.defender.network.rating import Ratings
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath, contains
from tests.defender.network.conftest import Platform, heard
from tests.defender.network.test_rating import OpenOnes
from tests.support.traffic.cases.modbus import poll, umas_exchange

PLACES = [
    OrganizationPath(path)
    for path in ("/", "/plant/", "/plant/north/", "/plant/north/line-1/", "/plant/south/", "/plantation/")
]
"""The last one begins like another and lies beside it."""
REACHES = [(), *((place,) for place in PLACES), (PLACES[2], PLACES[4]), (PLACES[3], PLACES[5])]


def places(items: list[JsonObject]) -> set[str]:
    return {str(item["organization"]) for item in items}


def listed(value: object) -> list[JsonObject]:
    assert isinstance(value, list)
    return value


def test_everything_that_is_read_lies_within_reach(platform: Platform) -> None:
    for number, place in enumerate(PLACES):
        platform.report(heard(f"s{number}", poll, umas_exchange(0x33, 0x41)), at=place)
    Ratings(platform.database, OpenOnes()).step()
    network = platform.network
    numbers = {str(each["organization"]): int(str(each["id"])) for each in network.assets([ROOT]).items}
    alerts = {alert.organization: alert.id for alert in platform.alerts.values()}
    each_place = len(network.assets([PLACES[-1]]).items)
    for reach in REACHES:
        within = {place for place in PLACES if any(contains(node, place) for node in reach)}
        assert places(network.assets(reach, limit=1000).items) == within
        assert places(network.connections(reach, limit=1000).items) == within
        assert places(network.events(reach, limit=1000).items) == within
        assert places(list(network.sources(reach).values())) == within
        assert {node.organization for node in network.graph(reach).nodes} == within
        assert {zone.organization for zone in network.zone_sums(reach)} == within
        for wanted in (ConnectionFilter(), ConnectionFilter(since=0.0)):
            drawn = network.map(reach, wanted)
            assert places(listed(drawn["nodes"])) == within
            shown = {node["id"] for node in listed(drawn["nodes"])}
            assert {edge[end] for edge in listed(drawn["edges"]) for end in ("source", "target")} <= shown
        assert network.counts(reach)["assets"] == each_place * len(within)
        assert sum(network.asset_facets(reach)["type"].values()) == each_place * len(within)
        weak = {number for number, _address, _weak in network.weak(reach)}
        assert bool(weak) == bool(within)
        for place in PLACES:
            if place in within:
                assert network.asset(reach, numbers[place])["organization"] == place
                assert network.pcap(reach, alerts[place])
                continue
            with pytest.raises(NotFoundError):
                network.asset(reach, numbers[place])
            with pytest.raises(NotFoundError):
                network.pcap(reach, alerts[place])
