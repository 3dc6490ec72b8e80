"""What reading a large network costs: 12,000 assets, each of which talks to one of 40 servers.

CPU of one process a request, from the database to the bytes of the answer, medians; the database is encrypted
and its pages lie in memory. There is no peer that answers the same questions.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from tests.defender.network.conftest import heard
from tests.support.traffic.cases.modbus import poll

from holdfast.defender.network.alerts import Unwanted
from holdfast.defender.network.filters import AssetFilter
from holdfast.defender.network.intake import Arrived, Intake, Surroundings
from holdfast.defender.network.open import open_network, open_packets, prepare
from holdfast.defender.network.packets import PacketStore
from holdfast.defender.network.reading import Network
from holdfast.defender.network.risk import zones
from holdfast.defender.network.source import Source
from holdfast.defender.service.devices import devices
from holdfast.defender.service.seen import Seen
from holdfast.defender.uplink.bulletins import Bulletins
from holdfast.defender.uplink.documents import AssetDocument, ConnectionDocument
from holdfast.defender.uplink.messages import Assets, Connections, pack
from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.keys.file import open_key_ring

ASSETS, SERVERS, A_MESSAGE = 12_000, 40, 500
TYPES = ("PLC", "HMI", "Workstation", "Server", "Unknown")
TIMES = 9
REACH = (ROOT,)


@contextmanager
def _plant(folder: Path) -> Iterator[tuple[Network, float]]:
    """The network in a database, and the CPU seconds that taking it in cost."""
    clock, randomness = ManualClock(1_790_000_000.0), SystemRandomness()
    ring = open_key_ring(folder, clock, randomness)
    database = open_network(folder, ring, "")
    prepare(database)
    blobs = open_packets(folder, ring, randomness)
    nobody = Surroundings(lambda _: None, lambda _: {}, lambda _asset, _place: "", Unwanted)
    intake = Intake(database, PacketStore(blobs, randomness), nobody)
    began = time.process_time()
    for number, message in enumerate(_messages(), 1):
        zone = OrganizationPath("/plant/north/")
        intake.take([Arrived(Source("s1", zone), "spool", number, message, clock.now())])
    yield Network(database, blobs), time.process_time() - began
    database.close()


def _messages() -> Iterator[bytes]:
    asset, connection = _samples()
    for start in range(0, ASSETS, A_MESSAGE):
        numbers = range(start, start + A_MESSAGE)
        yield pack(
            Assets(
                [
                    msgspec.structs.replace(
                        asset, name=f"asset {n}", type=TYPES[n % 5], ip_addresses=[_ip(n)], mac_addresses=[]
                    )
                    for n in numbers
                ]
            )
        )
        talks = [msgspec.structs.replace(connection, client=_ip(n), server=_ip(n % SERVERS)) for n in numbers]
        yield pack(Connections(talks))


def _samples() -> tuple[AssetDocument, ConnectionDocument]:
    told = list(Bulletins(heard("s1", poll)).network())
    asset = next(each.items[0] for each in told if isinstance(each, Assets))
    return asset, next(each.items[0] for each in told if isinstance(each, Connections))


def _ip(number: int) -> str:
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder, _plant(Path(folder)) as (network, taken):
        print(
            f"{ASSETS:,} assets and as many connections: taken in at {taken * 1e6 / ASSETS:.0f} us an asset"
        )
        gc.collect()
        gc.freeze()  # as every role does after its start
        asked: tuple[tuple[str, Callable[[], object]], ...] = (
            ("a page of 100 assets by risk", lambda: network.assets(REACH, order="risk").items),
            ("a page of 100 that match", lambda: network.assets(REACH, AssetFilter(search="asset 77")).items),
            ("scores of all zones", lambda: zones(network.zone_sums(REACH))),
            ("the map as JSON, unclustered", lambda: network.map(REACH)),
            ("every device, documented API", lambda: devices(Seen(network, REACH, ()))),
            ("what the map's page draws", lambda: network.graph(REACH)),
        )
        for name, ask in asked:
            print(f"  {name:<34} {_milliseconds(ask):7.1f} ms")
        gc.unfreeze()


def _milliseconds(ask: Callable[[], object]) -> float:
    spent = []
    for _ in range(TIMES):
        began = time.process_time()
        msgspec.json.encode(ask())
        spent.append(time.process_time() - began)
    return statistics.median(spent) * 1000
