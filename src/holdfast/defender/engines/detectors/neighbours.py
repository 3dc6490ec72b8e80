"""ARP: addresses that two devices claim, and answers that nobody asked for."""

from collections.abc import Iterable

from holdfast.defender.engines.model import NOTICES, REQUESTS, RESPONSES, Watch, on
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.windows import Occurrences
from holdfast.defender.record import SECOND, Record

SPOOFING = "arp-spoofing"
CONFLICT = "ip-address-conflict"

_ASKED_FOR = 5 * SECOND
"""How long an answer may take to belong to its request."""
_MOVED = 300 * SECOND
"""After so long a silence another device may have the address: the owner was replaced, or DHCP moved it."""
_MAXIMUM = 50_000


class Neighbours:
    """Remembers who owns which address."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        threshold = reporter.threshold(SPOOFING)
        self._suspicious = Occurrences(threshold.count, int(threshold.seconds * SECOND))
        self._owners: dict[str, tuple[str, int]] = {}
        """By IP address: hardware address, and when it was last confirmed."""
        self._asked: dict[tuple[str, str], int] = {}
        """When somebody (first) asked for an address (second)."""

    def watches(self) -> Iterable[Watch]:
        """See `Detector.watches`."""
        yield Watch("arp", on(REQUESTS, "request"), self._request)
        yield Watch("arp", on(RESPONSES | NOTICES, "reply", "announcement"), self._claim)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _request(self, record: Record) -> None:
        fields = record.fields
        if len(self._asked) >= _MAXIMUM:
            self._asked.clear()
        self._asked[str(fields.get("src_ip")), str(fields.get("dest_ip"))] = record.time

    def _claim(self, record: Record) -> None:
        fields = record.fields
        address, mac = str(fields.get("src_ip")), str(fields.get("src_mac"))
        owner, confirmed = self._owners.get(address, (mac, record.time))
        foreign = owner != mac and record.time - confirmed < _MOVED
        if foreign:
            self._reporter.record(
                CONFLICT, record, f"{mac} claims {address}", f"{address} belongs to {owner}"
            )
        else:
            self._own(address, mac, record.time)
        if foreign or not self._was_asked(record):
            self._count(mac, record)

    def _own(self, address: str, mac: str, time: int) -> None:
        if address not in self._owners and len(self._owners) >= _MAXIMUM:
            del self._owners[next(iter(self._owners))]
        self._owners[address] = (mac, time)

    def _was_asked(self, record: Record) -> bool:
        fields = record.fields
        asked = self._asked.get((str(fields.get("dest_ip")), str(fields.get("src_ip"))))
        return asked is not None and record.time - asked <= _ASKED_FOR

    def _count(self, mac: str, record: Record) -> None:
        """One more claim that is false or that nobody asked for."""
        if self._suspicious.add(mac, record.time):
            count = self._suspicious.count
            observed = f"{count} claims of addresses by {mac} that are false or that nobody asked for"
            self._reporter.record(SPOOFING, record, observed, "answers to those who asked")
