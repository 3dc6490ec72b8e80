"""Traffic that crosses the border of the network."""

from collections.abc import Iterable
from typing import Final

from holdfast.defender.engines.model import FLOW, NOTICES, SPOKEN, Bind, Watch, on
from holdfast.defender.engines.places import Place
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.talks import Handler
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.record import Record, seconds

OUT: Final = "internet.out"
IN: Final = "internet.in"
WITHIN: Final = "internet.within"
_INTERNET: Final = Place.INTERNET
_INSIDE: Final = frozenset({Place.LOCAL, Place.OFFICE})
_MAXIMUM_NEIGHBOURS: Final = 10_000


class Internet:
    """Judges conversations with addresses on the internet."""

    def __init__(self, reporter: Reporter, learned: LearnedTraffic) -> None:
        self._reporter = reporter
        self._learned = learned
        self._neighbours: set[str] = set()
        """Public addresses that answer ARP: they are within the network."""

    def watches(self) -> Iterable[Watch | Bind]:
        """See `Detector.watches`."""
        for transport in ("tcp", "udp"):
            yield Bind(transport, on(FLOW, "opened"), self._opened)
        yield Watch("tcp", on(FLOW, "established"), self._inwards)
        yield Watch("udp", on(FLOW, "answered"), self._inwards)
        yield Watch("arp", on(SPOKEN | NOTICES), self._neighbour)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _neighbour(self, record: Record) -> None:
        sender = record.fields.get("src_ip")
        if not isinstance(sender, str) or len(self._neighbours) >= _MAXIMUM_NEIGHBOURS:
            return
        if self._reporter.places.of(sender) is Place.INTERNET:
            self._neighbours.add(sender)

    def _opened(self, record: Record) -> Handler | None:
        server = record.direction.flow.server.source.ip
        return self._outwards if self._reporter.places.of(server) is _INTERNET else None

    def _outwards(self, record: Record) -> None:
        """A conversation with a public address."""
        flow = record.direction.flow
        client, server = flow.client.source.ip, flow.server.source.ip
        places = self._reporter.places
        if server in self._neighbours:
            return
        if client in self._neighbours:
            self._judge(
                WITHIN, "external-address-within-the-network-communicated-with-internet", client, record
            )
        elif places.of(client) in _INSIDE:
            self._judge(OUT, "internet-access-detected", client, record)

    def _inwards(self, record: Record) -> None:
        flow = record.direction.flow
        client, server = flow.client.source.ip, flow.server.source.ip
        places = self._reporter.places
        if client in self._neighbours or places.of(client) is not _INTERNET:
            return
        if places.of(server) in _INSIDE:
            self._judge(IN, "unauthorized-internet-connectivity-detected", server, record)

    def _judge(self, scenario: str, alert: str, device: str, record: Record) -> None:
        if self._learned.judge(scenario, device, "", (), seconds(record.time)):
            return
        server = record.direction.flow.server.source
        self._reporter.record(
            alert,
            record,
            f"a connection from {record.direction.flow.client.source.ip} to {server.ip} port {server.port}",
            f"{device} has no conversations with the internet",
            learn=(scenario, device, ""),
        )
