"""The sums behind the map say what the connections say, however the connections came."""

from collections import defaultdict

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from holdfast.defender.network.filters import ConnectionFilter
from holdfast.defender.uplink.bulletins import Bulletins
from holdfast.defender.uplink.documents import ConnectionDocument
from holdfast.defender.uplink.messages import Connections
from holdfast.kernel.organizations import ROOT
from tests.defender.network.conftest import NORTH, SOUTH, Platform, heard
from tests.support.traffic.case import HMI, PLC
from tests.support.traffic.cases.modbus import poll

ENDS = [HMI, PLC]
KNOWN = list(Bulletins(heard("s0", poll)).network())


def talk(client: str, server: str, port: int, octets: int, second: int) -> ConnectionDocument:
    moment = f"2027-01-15T08:00:{second:02}.000Z"
    commands = [f"command {port}"]
    return ConnectionDocument(
        client,
        server,
        "tcp",
        port,
        "modbus" if port == 502 else "",
        1,
        0,
        1,
        octets,
        1,
        1,
        [],
        commands,
        moment,
        moment,
    )


talks = st.builds(
    talk,
    st.sampled_from(ENDS),
    st.sampled_from(ENDS),
    st.sampled_from([502, 22, 23]),
    st.integers(0, 1000),
    st.integers(0, 59),
)


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.tuples(st.sampled_from(["s1", "s2"]), st.lists(talks, min_size=1, max_size=6)), max_size=5)
)
def test_the_map_is_what_its_connections_add_up_to(
    platform: Platform, told: list[tuple[str, list[ConnectionDocument]]]
) -> None:
    for sensor in ("s1", "s2"):
        platform.intake.forget_sensor(sensor)
    platform.tell("s0", *KNOWN)
    for sensor, documents in told:
        platform.tell(sensor, Connections(documents))
    sums: dict[tuple[object, object], int] = defaultdict(int)
    for each in platform.network.connections([ROOT], limit=1000).items:
        sums[each["client"], each["server"]] += int(str(each["client_octets"])) + int(
            str(each["server_octets"])
        )
    drawn = platform.network.map([ROOT])
    edges = drawn["edges"]
    assert isinstance(edges, list)
    addresses = {n["id"]: n["address"] for n in platform.network.assets([ROOT]).items}
    shown = {
        (addresses[e["source"]], addresses[e["target"]]): e["octets"] for e in edges if isinstance(e, dict)
    }
    assert shown == sums
    links = {
        (addresses[each.source], addresses[each.target]): each.octets
        for each in platform.network.graph([ROOT]).links
    }
    assert links == sums
    filtered = platform.network.map([ROOT], ConnectionFilter(since=0.0))["edges"]
    assert isinstance(filtered, list)
    assert {e["octets"] for e in filtered if isinstance(e, dict)} == set(sums.values())


def test_a_map_shows_its_zone_alone(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    platform.report(heard("s2", poll), at=SOUTH)
    both, north = platform.network.graph([ROOT]), platform.network.graph([NORTH])
    assert (len(both.nodes), len(both.links)) == (4, 2)
    assert (len(north.nodes), len(north.links)) == (2, 1)
    assert platform.network.graph([]).nodes == []


def test_links_go_with_their_sensor_and_with_time(platform: Platform) -> None:
    platform.report(heard("s1", poll))
    platform.report(heard("s2", poll))
    twice = platform.network.graph([ROOT]).links[0].octets
    platform.intake.forget_sensor("s2")
    assert platform.network.graph([ROOT]).links[0].octets * 2 == twice
    platform.clock.advance(1000 * 86_400)
    platform.tending.run()
    assert platform.network.graph([ROOT]).links == []
