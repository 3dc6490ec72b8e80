"""Hands alerts to the outbox, by rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.alerts.model import Alert
from holdfast.delivery.alerts.message import MacOf, SensorOrigin, alert_message
from holdfast.delivery.alerts.rule import ForwardingRule
from holdfast.delivery.outbox import Outbox


@dataclass(slots=True)
class Forwarder:
    """Listens to an alert book."""

    rules: Sequence[ForwardingRule]
    outbox: Outbox
    origin: SensorOrigin
    mac_of: MacOf
    forwarded: int = 0

    def alert(self, alert: Alert) -> None:
        """An alert was opened: once to each destination, however many rules want it."""
        wanted = [rule for rule in self.rules if rule.wants(alert)]
        destinations = dict.fromkeys(name for rule in wanted for name in rule.destinations)
        if not destinations:
            return
        message = alert_message(alert, self.origin, self.mac_of)
        self.forwarded += sum(self.outbox.hand_in(name, message) for name in destinations)
