"""Addresses that stand for groups, and addresses that cannot be."""

from collections.abc import Iterable

from holdfast.defender.engines.model import FLOW, Bind, Watch, on
from holdfast.defender.engines.places import Place
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.talks import Handler
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.record import SECOND, Record

GROUP = "group"
_NEVER_SOURCE = frozenset({Place.GROUP, Place.IMPOSSIBLE})
_NEVER_DESTINATION = frozenset({Place.NOWHERE, Place.IMPOSSIBLE})


class Groups:
    """Judges the destinations and sources of conversations."""

    def __init__(self, reporter: Reporter, learned: LearnedTraffic) -> None:
        self._reporter = reporter
        self._learned = learned

    def watches(self) -> Iterable[Watch | Bind]:
        """See `Detector.watches`."""
        for transport in ("udp", "icmp", "ip", "ethernet"):
            yield Watch(transport, on(FLOW, "opened"), self._group)
        for transport in ("tcp", "udp", "icmp", "ip"):
            yield Bind(transport, on(FLOW, "opened"), self._possible)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _group(self, record: Record) -> None:
        source, destination = record.direction.source, record.direction.destination
        if not self._reporter.places.is_group(destination):
            return
        what = (destination.port,)
        if self._learned.judge(GROUP, source.address, destination.address, what, record.time / SECOND):
            return
        port = f" port {destination.port}" if destination.port else ""
        self._reporter.record(
            "unauthorized-multicast-broadcast-connection",
            record,
            f"traffic to {destination.address}{port}",
            "groups and ports that were learned",
            learn=(GROUP, source.address, destination.address, *what),
        )

    def _possible(self, record: Record) -> Handler | None:
        reason = self._impossible(record.direction.source.ip, record.direction.destination.ip)
        if not reason:
            return None
        expected = "addresses that one device can have"
        return lambda record: self._reporter.record("illegal-ip-address", record, reason, expected)

    def _impossible(self, source: str, destination: str) -> str:
        of = self._reporter.places.of
        if source == destination and not _loopback(source):
            return f"{source} sends to itself over the network"
        if of(source) in _NEVER_SOURCE:
            return f"{source} as source"
        if of(destination) in _NEVER_DESTINATION:
            return f"{destination} as destination"
        if _loopback(source) != _loopback(destination):
            return f"the loopback address {source if _loopback(source) else destination} on the network"
        return ""


def _loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"
