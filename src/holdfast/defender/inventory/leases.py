"""Addresses from DHCP: which device got which, and what it said about itself when it asked."""

from collections.abc import Iterable
from typing import Final

from holdfast.defender.engines.model import REQUESTS, RESPONSES, Watch, on
from holdfast.defender.inventory.inventory import Inventory
from holdfast.defender.inventory.model import Confidence, Fact, Name
from holdfast.defender.record import Record, seconds

_MAXIMUM: Final = 20_000
_FIELDS: Final = {
    "host_name": (Name.HOST_NAME, Confidence.ANNOUNCED),
    "client_fqdn": (Name.HOST_NAME, Confidence.ANNOUNCED),
    "vendor_class": (Name.DESCRIPTION, Confidence.TEXT),
}


class LeaseObserver:
    """A device that asks has no address yet: what it says is kept until the server's answer."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._said: dict[str, list[Fact]] = {}

    def watches(self) -> Iterable[Watch]:
        """See `Detector.watches`."""
        yield Watch("dhcp", on(REQUESTS), self._asked)
        yield Watch("dhcp", on(RESPONSES, "ACK"), self._got)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _asked(self, record: Record) -> None:
        fields = record.fields
        facts = [
            Fact(name, str(fields[field]), confidence)
            for field, (name, confidence) in _FIELDS.items()
            if fields.get(field)
        ]
        if facts:
            if len(self._said) >= _MAXIMUM:
                del self._said[next(iter(self._said))]
            self._said[str(fields.get("mac"))] = facts

    def _got(self, record: Record) -> None:
        fields = record.fields
        mac, address = fields.get("mac"), fields.get("assigned_addr")
        if not isinstance(mac, str) or not isinstance(address, str):
            return
        time = seconds(record.time)
        asset = self._inventory.bind(mac, address, record.frame, time)
        if asset is not None:
            asset.dynamic = True
            for fact in self._said.pop(mac, ()):
                self._inventory.learn(asset, fact, record.protocol, record.frame, time)
