"""Whoever reads sees what lies in the organizations of their roles and below, all of it, and nothing else.

The model knows parents and children, and nothing of paths or SQL.
"""

import itertools
import json
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from holdfast.alerts.store.reading import Numbered
from holdfast.defender.network.filters import ConnectionFilter
from holdfast.defender.network.rating import Ratings
from holdfast.defender.network.reading import Network
from holdfast.defender.service import reports
from holdfast.defender.service.devices import Places, Span, connections, placed_devices
from holdfast.defender.service.events import events
from holdfast.defender.service.seen import Seen
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from tests.defender.network.conftest import Platform, heard
from tests.defender.network.test_rating import OpenOnes
from tests.support.traffic.cases.modbus import poll, umas_exchange
from tests.support.traffic.wire import BEGIN

TRAFFIC = heard("any", poll, umas_exchange(0x33, 0x41))
NAMES = ("a", "ab", "b", "a-1", "aa", "z")
"""Some begin like others."""
_plants = itertools.count()


class Tree:
    """A plant of its own: nodes by number, the first one the plant itself."""

    def __init__(self, parents: Sequence[int], names: Sequence[str]) -> None:
        self.parents = [-1, *(parent % (number + 1) for number, parent in enumerate(parents))]
        self.paths = [OrganizationPath(f"/plant{next(_plants)}/")]
        for number, (parent, name) in enumerate(zip(self.parents[1:], names, strict=False)):
            self.paths.append(OrganizationPath(f"{self.paths[parent]}{name}{number}/"))

    def at_or_below(self, node: int, top: int) -> bool:
        return node == top or (node > 0 and self.at_or_below(self.parents[node], top))

    def within(self, tops: Iterable[int]) -> set[str]:
        return {
            path for node, path in enumerate(self.paths) if any(self.at_or_below(node, top) for top in tops)
        }


trees = st.builds(
    Tree,
    st.lists(st.integers(0, 5), min_size=1, max_size=4),
    st.lists(st.sampled_from(NAMES), min_size=4, max_size=4),
)


def places(items: list[JsonObject]) -> set[str]:
    return {str(item["organization"]) for item in items}


def listed(value: object) -> list[JsonObject]:
    assert isinstance(value, list)
    return value


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(trees, st.lists(st.sets(st.integers(0, 4), max_size=3), min_size=2, max_size=4))
def test_everything_that_is_read_lies_within_reach(
    platform: Platform, tree: Tree, readers: list[set[int]]
) -> None:
    for number, place in enumerate(tree.paths):
        sensor = heard(f"{place[1:-1].replace('/', '-')}.{number}", poll, umas_exchange(0x33, 0x41))
        platform.report(sensor, at=place)
    Ratings(platform.database, OpenOnes()).step()
    for reader in readers:
        tops = [node for node in reader if node < len(tree.paths)]
        check(platform, [tree.paths[node] for node in tops], tree.within(tops))


def check(platform: Platform, reach: Sequence[OrganizationPath], within: set[str]) -> None:
    """Every way to read gives exactly what is in these places."""
    network = platform.network
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
    known = len(TRAFFIC.inventory) * len(within)
    assert network.counts(reach)["assets"] == known
    assert sum(network.asset_facets(reach)["type"].values()) == known
    numbers = {int(str(each["id"])) for each in network.assets(reach, limit=1000).items}
    assert {number for number, _address, _weak in network.weak(reach)} <= numbers
    check_single_things(platform, network, reach, within)
    check_documented_api(platform, reach, within)


def check_single_things(
    platform: Platform, network: Network, reach: Sequence[OrganizationPath], within: set[str]
) -> None:
    """What is asked for by its id."""
    for asset in network.assets([ROOT], limit=1000).items:
        number, place = int(str(asset["id"])), asset["organization"]
        if place in within:
            assert network.asset(reach, number)["organization"] == place
            continue
        with pytest.raises(NotFoundError):
            network.asset(reach, number)
    for alert in platform.alerts.values():
        if alert.organization in within:
            assert network.pcap(reach, alert.id)
            continue
        with pytest.raises(NotFoundError):
            network.pcap(reach, alert.id)


def check_documented_api(platform: Platform, reach: Sequence[OrganizationPath], within: set[str]) -> None:
    """The sensor's API, and its reports."""
    mine = [alert for alert in platform.alerts.values() if alert.organization in within]
    seen = Seen(platform.network, reach, [Numbered(number, alert) for number, alert in enumerate(mine)])
    devices = listed(placed_devices(seen, None, Places()))
    assert len(devices) == len(TRAFFIC.inventory) * len(within)
    ids = {each["id"] for each in devices}
    for pair in listed(connections(seen, BEGIN, Span())):
        assert {pair["firstDeviceId"], pair["secondDeviceId"]} <= ids
    assert bool(events(seen, BEGIN)) == bool(within)
    assert len(reports.device_report(seen)) <= len(devices)
    if not within:
        assert json.dumps(reports.operational_report(seen)).count("10.1.0.") == 0
