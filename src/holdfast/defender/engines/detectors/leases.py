"""Devices that ask for an address and get none."""

from collections.abc import Iterable

from holdfast.alerts.model import Report
from holdfast.defender.engines.model import FAILURES, REQUESTS, RESPONSES, Watch, on
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.windows import Occurrences
from holdfast.defender.record import SECOND, Record

ALERT = "device-failed-to-receive-a-dynamic-ip-address"
_ATTEMPTS = 4
"""DISCOVER messages without an offer: RFC 2131 (4.1) doubles the pause, so the fourth comes after 28 s."""
_WINDOW = 120 * SECOND


class Leases:
    """Counts DHCP's DISCOVER messages until a server offers something."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._unanswered = Occurrences(_ATTEMPTS, _WINDOW)

    def watches(self) -> Iterable[Watch]:
        """See `Detector.watches`."""
        yield Watch("dhcp", on(REQUESTS, "DISCOVER"), self._discover)
        yield Watch("dhcp", on(RESPONSES, "OFFER", "ACK"), self._offer)
        yield Watch("dhcp", on(FAILURES, "NAK"), self._refusal)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _discover(self, record: Record) -> None:
        mac = str(record.fields.get("mac"))
        if self._unanswered.add(mac, record.time):
            self._say(record, mac, "", f"{_ATTEMPTS} requests without an offer")

    def _offer(self, record: Record) -> None:
        self._unanswered.clear(str(record.fields.get("mac")))

    def _refusal(self, record: Record) -> None:
        server = record.direction.source.address
        self._say(record, str(record.fields.get("mac")), server, "the server refuses the address")

    def _say(self, record: Record, mac: str, server: str, observed: str) -> None:
        """A client without an address is known by its hardware address."""
        moment = record.time / SECOND
        report = Report(ALERT, moment, mac, server, "dhcp", observed, "an address", record.frame)
        self._reporter.about(report, record)
