"""What the HTTP surface needs to know of sensors: a port that one sensor and the platform both can be."""

from collections.abc import Iterable
from typing import Protocol

from holdfast.alerts.model import Alert
from holdfast.defender.findings.model import Finding
from holdfast.defender.findings.risk import AssetRisk
from holdfast.defender.inventory.conversations import Conversation, ConversationKey
from holdfast.defender.inventory.model import Asset
from holdfast.defender.sensor.assessment import assess
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.timeline.model import TimelineEvent


class DefenderView(Protocol):
    """Everything that can be asked."""

    def assets(self) -> Iterable[Asset]:
        """All devices."""
        ...

    def assessed(self) -> Iterable[tuple[Asset, list[Finding], AssetRisk]]:
        """All devices with their weak points and risk."""
        ...

    def conversations(self) -> Iterable[tuple[ConversationKey, Conversation]]:
        """Who talks to whom."""
        ...

    def alerts(self) -> Iterable[Alert]:
        """All alerts, oldest first."""
        ...

    def events(self) -> Iterable[TimelineEvent]:
        """The timeline, newest first."""
        ...


class SensorView:
    """The view of one sensor in this process."""

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor

    def assets(self) -> Iterable[Asset]:
        """See `DefenderView.assets`."""
        return self._sensor.inventory

    def assessed(self) -> Iterable[tuple[Asset, list[Finding], AssetRisk]]:
        """See `DefenderView.assessed`."""
        return assess(self._sensor)

    def conversations(self) -> Iterable[tuple[ConversationKey, Conversation]]:
        """See `DefenderView.conversations`."""
        return self._sensor.conversations.items()

    def alerts(self) -> Iterable[Alert]:
        """See `DefenderView.alerts`."""
        return self._sensor.alerts

    def events(self) -> Iterable[TimelineEvent]:
        """See `DefenderView.events`."""
        return self._sensor.timeline.find()
