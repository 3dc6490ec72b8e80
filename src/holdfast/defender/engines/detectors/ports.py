"""Conversations whose content is not of the protocol that their port stands for."""

from collections.abc import Iterable, Mapping

from holdfast.defender.dissect.session import Dissector
from holdfast.defender.engines.model import FLOW, Watch, on
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.record import Record

_ENCRYPTED = frozenset({"tls"})
"""Protects every protocol, on its own port or on another's."""


class StandardPorts:
    """Compares what was recognized with what belongs to the server's port."""

    def __init__(self, reporter: Reporter, dissectors: Iterable[Dissector]) -> None:
        self._reporter = reporter
        self._expected: dict[str, Mapping[int, set[str]]] = {"tcp": {}, "udp": {}}
        known = tuple(dissectors)
        for transport in ("tcp", "udp"):
            ports: dict[int, set[str]] = {}
            for dissector in known:
                for port in dissector.tcp if transport == "tcp" else dissector.udp:
                    ports.setdefault(port, set()).update({dissector.name, *dissector.records})
            self._expected[transport] = ports

    def watches(self) -> Iterable[Watch]:
        """See `Detector.watches`."""
        for transport in ("tcp", "udp"):
            yield Watch(transport, on(FLOW, "recognized"), self._recognized)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _recognized(self, record: Record) -> None:
        flow = record.direction.flow
        port = flow.server.source.port
        expected = self._expected[record.protocol].get(port)
        if not expected or flow.service in expected or flow.service in _ENCRYPTED:
            return
        self._reporter.record(
            "unexpected-traffic-for-standard-port",
            record,
            f"{flow.service} on {record.protocol} port {port}",
            ", ".join(sorted(expected)),
        )
