"""Who looks for what is there: scans of addresses, ports and controllers.

Targets are counted when they are tried and taken back when a real conversation follows, so whether there was
a scan is decided at the next tick.
"""

from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Final

from holdfast.alerts.model import Report
from holdfast.defender.engines.model import ACTIONS, FLOW, Bind, Watch, on
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.talks import Handler
from holdfast.defender.engines.windows import DistinctValues
from holdfast.defender.learned.stages import Stage
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.record import SECOND, Record, seconds

PAIRS: Final = "pair"
"""Scenario under which pairs of devices that talk are known (`detectors.assets` learns it)."""

INDUSTRIAL_PORTS: Final = frozenset({
    102, 502, 789, 1089, 1090, 1091, 1911, 1962, 2222, 2404, 4840, 4911, 5006, 5007, 5094, 9600, 11740,
    18245, 20000, 20547, 34962, 34963, 34964, 44818, 47808, 48898,
})  # fmt: skip
"""TCP and UDP ports of controllers and field devices (IANA's registry and the vendors' documents)."""

_LEARNING: Final = Stage.LEARNING
_SHORT: Final = 12
"""Packets of a client below which a conversation with a controller was only a look."""


_Who = tuple[str, str]
"""A device, and the device or network where it tries something; empty for everywhere."""


class _Scan:
    """One kind of scan: who tried how many different targets."""

    def __init__(self, alert: str, reporter: Reporter, text: str) -> None:
        self._alert = alert
        self._reporter = reporter
        self._text = text
        self._threshold = reporter.threshold(alert)
        self._targets = DistinctValues(self._threshold.count, int(self._threshold.seconds * SECOND))
        self._pending: dict[_Who, Record] = {}

    def tried(self, who: _Who, target: object, record: Record) -> None:
        """`target` was tried."""
        if self._targets.add(who, target, record.time):
            self._pending[who] = record

    def talks(self, who: _Who, target: object) -> None:
        """A real conversation followed."""
        self._targets.discard(who, target)

    def decide(self) -> None:
        """Report those of whom enough targets are left."""
        for (source, scope), record in self._pending.items():
            if self._targets.size((source, scope)) >= self._threshold.count:
                self._say(source, scope, record)
        self._pending.clear()

    def _say(self, source: str, scope: str, record: Record) -> None:
        window = f"{self._threshold.seconds / 60:g} min"
        report = Report(
            self._alert,
            seconds(record.time),
            source,
            scope if self._alert == "port-scan-detected" else "",
            record.protocol,
            self._text.format(count=self._threshold.count, scope=scope) + f" within {window}",
            "conversations with known parties",
            record.frame,
        )
        self._reporter.about(report, record)


class Scans:
    """Counts the different targets of each device; known parties count for scans of ports alone."""

    def __init__(
        self, reporter: Reporter, learned: LearnedTraffic, scanners: frozenset[str] = frozenset()
    ) -> None:
        self._places = reporter.places
        self._learned = learned
        self._scanners = scanners
        addresses = "{count} addresses of {scope} tried"
        self._networks = (
            _Scan("address-scan-detected", reporter, addresses),
            _Scan("long-duration-address-scan-detected", reporter, addresses),
        )
        self._ports = _Scan("port-scan-detected", reporter, "{count} ports of {scope} tried")
        self._controllers = _Scan("plc-scan-detected", reporter, "{count} industrial services tried")
        self._neighbours = _Scan("arp-address-scan-detected", reporter, "{count} addresses asked for")

    def watches(self) -> Iterable[Watch | Bind]:
        """See `Detector.watches`."""
        for transport in ("tcp", "udp"):
            yield Bind(transport, on(FLOW, "opened"), self._attempts)
            yield Watch(transport, on(FLOW, "recognized"), self._talk)
        yield Watch("tcp", on(FLOW, "closed", "reset"), self._look)
        yield Watch("arp", on(ACTIONS), self._neighbour)
        yield Watch("icmp", on(ACTIONS), self._echo)

    def tick(self, now: int) -> None:
        """Decide whether what was counted is a scan."""
        for scan in (*self._networks, self._ports, self._controllers, self._neighbours):
            scan.decide()

    def _attempts(self, record: Record) -> Handler | None:
        """What counts the conversations that a device opens with another."""
        direction = record.direction
        source, device = direction.source.ip, direction.destination.ip
        if not direction.to_server or source in self._scanners:
            return None
        between, anywhere, network = (source, device), (source, ""), (source, _class_b(device))
        return partial(self._attempt, between, anywhere, network)

    def _attempt(self, between: _Who, anywhere: _Who, network: _Who, record: Record) -> None:
        source, device = between
        destination = record.direction.destination
        port = destination.port
        if record.protocol == "tcp":
            self._ports.tried(between, port, record)
        if self._familiar(source, device):
            return
        if not self._places.is_group(destination):
            self._address(network, device, record)
        if port in INDUSTRIAL_PORTS:
            self._controllers.tried(anywhere, (device, port), record)

    def _address(self, network: _Who, device: str, record: Record) -> None:
        for scan in self._networks:
            scan.tried(network, device, record)

    def _talk(self, record: Record) -> None:
        """The two talk in a protocol: no blind attempt."""
        flow = record.direction.flow
        source, destination = flow.client.source.ip, flow.server.source
        network = (source, _class_b(destination.ip))
        for scan in self._networks:
            scan.talks(network, destination.ip)
        self._ports.talks((source, destination.ip), destination.port)
        self._controllers.talks((source, ""), (destination.ip, destination.port))

    def _look(self, record: Record) -> None:
        """A conversation with a controller that ends after a few messages was a look at what is there."""
        flow = record.direction.flow
        source, destination = flow.client.source.ip, flow.server.source
        short = flow.client.frames <= _SHORT
        if short and destination.port in INDUSTRIAL_PORTS and not self._expected(source, destination.ip):
            self._controllers.tried((source, ""), (destination.ip, destination.port), record)

    def _echo(self, record: Record) -> None:
        source, destination = record.direction.source.ip, record.direction.destination
        expected = record.kind != "echo request" or self._expected(source, destination.ip)
        if not expected and not self._places.is_group(destination):
            self._address((source, _class_b(destination.ip)), destination.ip, record)

    def _neighbour(self, record: Record) -> None:
        fields = record.fields
        sender, target = fields.get("src_ip"), fields.get("dest_ip")
        if record.kind == "request" and sender not in self._scanners:
            self._neighbours.tried((str(sender), ""), target, record)

    def _expected(self, source: str, destination: str) -> bool:
        return source in self._scanners or self._familiar(source, destination)

    def _familiar(self, source: str, destination: str) -> bool:
        """Whether the two are known to talk. While everything is learned, a scan would make itself known."""
        learned = self._learned
        return learned.stages.of(PAIRS) is not _LEARNING and learned.has(PAIRS, source, destination)


@lru_cache(maxsize=65_536)
def _class_b(address: str) -> str:
    """The /16 network of an IPv4 address, the /64 of an IPv6 one, as a label."""
    if ":" in address:
        return ":".join(address.split(":")[:4]) + "::/64"
    return ".".join(address.split(".")[:2]) + ".0.0/16"
