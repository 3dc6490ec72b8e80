"""Who looks for what is there: scans of addresses, ports and controllers."""

from collections.abc import Iterable

from holdfast.alerts.model import Report
from holdfast.defender.engines.model import ACTIONS, FLOW, Watch, on
from holdfast.defender.engines.places import Place
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.windows import DistinctValues
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.record import SECOND, Record

PAIRS = "pair"
"""Scenario under which pairs of devices that talk are known (`detectors.assets` learns it)."""

INDUSTRIAL_PORTS = frozenset({
    102, 502, 789, 1089, 1090, 1091, 1911, 1962, 2222, 2404, 4840, 4911, 5006, 5007, 5094, 9600, 11740,
    18245, 20000, 20547, 34962, 34963, 34964, 44818, 47808, 48898,
})  # fmt: skip
"""TCP and UDP ports of controllers and field devices (IANA's registry and the vendors' documents)."""


class Scans:
    """Counts the different targets of each device. Targets that it is known to talk to do not count."""

    def __init__(
        self, reporter: Reporter, learned: LearnedTraffic, scanners: frozenset[str] = frozenset()
    ) -> None:
        self._reporter = reporter
        self._learned = learned
        self._scanners = scanners
        self._networks = [
            self._counter(name) for name in ("address-scan-detected", "long-duration-address-scan-detected")
        ]
        self._ports = self._counter("port-scan-detected")
        self._controllers = self._counter("plc-scan-detected")
        self._neighbours = self._counter("arp-address-scan-detected")

    def _counter(self, alert: str) -> tuple[str, DistinctValues]:
        threshold = self._reporter.threshold(alert)
        return alert, DistinctValues(threshold.count, int(threshold.seconds * SECOND))

    def watches(self) -> Iterable[Watch]:
        """See `Detector.watches`."""
        for transport in ("tcp", "udp"):
            yield Watch(transport, on(FLOW, "opened"), self._attempt)
            yield Watch(transport, on(FLOW, "recognized"), self._harmless)
        yield Watch("arp", on(ACTIONS), self._neighbour)
        yield Watch("icmp", on(ACTIONS), self._echo)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _attempt(self, record: Record) -> None:
        if not record.direction.to_server or not record.fields.get("attempt", True):
            return
        source, destination = record.direction.source, record.direction.destination
        if source.ip in self._scanners or self._known(source.ip, destination.ip):
            return
        self._address(record)
        if record.protocol == "tcp":
            alert, ports = self._ports
            if ports.add((source.ip, destination.ip), destination.port, record.time):
                self._say(alert, record, destination.ip, f"{ports.count} ports of {destination.ip} tried")
        if destination.port in INDUSTRIAL_PORTS:
            alert, controllers = self._controllers
            if controllers.add(source.ip, (destination.ip, destination.port), record.time):
                self._say(alert, record, "", f"{controllers.count} industrial services tried")

    def _address(self, record: Record) -> None:
        source, destination = record.direction.source.ip, record.direction.destination.ip
        if self._reporter.places.of(destination) is Place.GROUP:
            return
        network = _class_b(destination)
        for alert, networks in self._networks:
            if networks.add((source, network), destination, record.time):
                self._say(alert, record, "", f"{networks.count} addresses of {network} tried")

    def _harmless(self, record: Record) -> None:
        """The two really talk in a protocol: no blind attempt."""
        flow = record.direction.flow
        source, destination = flow.client.source, flow.server.source
        if destination.port in INDUSTRIAL_PORTS:
            return  # a scanner of controllers speaks their protocol
        for _alert, networks in self._networks:
            networks.discard((source.ip, _class_b(destination.ip)), destination.ip)
        self._ports[1].discard((source.ip, destination.ip), destination.port)

    def _echo(self, record: Record) -> None:
        source, destination = record.direction.source.ip, record.direction.destination.ip
        if (
            record.kind == "ECHO_REQUEST"
            and source not in self._scanners
            and not self._known(source, destination)
        ):
            self._address(record)

    def _neighbour(self, record: Record) -> None:
        fields = record.fields
        sender, target = fields.get("sender_ip"), fields.get("target_ip")
        if record.kind != "REQUEST" or not sender or sender == target or sender in self._scanners:
            return
        alert, neighbours = self._neighbours
        if neighbours.add(sender, target, record.time):
            report = Report(
                alert,
                record.time / SECOND,
                str(sender),
                "",
                "arp",
                f"{neighbours.count} addresses asked for",
                "requests for a few neighbours",
                record.frame,
            )
            self._reporter.about(report, record)

    def _known(self, source: str, destination: str) -> bool:
        return (PAIRS, source, destination) in self._learned.entries

    def _say(self, alert: str, record: Record, destination: str, observed: str) -> None:
        threshold = self._reporter.threshold(alert)
        report = Report(
            alert,
            record.time / SECOND,
            record.direction.source.address,
            destination,
            record.protocol,
            f"{observed} within {threshold.seconds / 60:g} min",
            "connections to known parties",
            record.frame,
        )
        self._reporter.about(report, record)


def _class_b(address: str) -> str:
    """The /16 network of an IPv4 address, the /64 of an IPv6 one, as a label."""
    if ":" in address:
        return ":".join(address.split(":")[:4]) + "::/64"
    return ".".join(address.split(".")[:2]) + ".0.0/16"
