"""What a session is subscribed to."""

import contextlib
from collections.abc import Iterable, Mapping

from holdfast.protocol import hub
from holdfast.protocol.hub import Subscription
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.subscribe import TopicFilter

MAXIMUM_QOS = 1


_NONE: Mapping[str, int] = {}
"""Shared by all sessions that have no subscription: most devices only send."""


class Subscriptions:
    """Topic filter → granted QoS. Each filter is one that the device may have, so there are five at most."""

    __slots__ = ("_device", "_granted", "_module")

    def __init__(self, device: str, module: str) -> None:
        self._device = device
        self._module = module
        self._granted = _NONE

    def subscribe(self, filters: Iterable[TopicFilter]) -> list[int]:
        """Add the filters of a SUBSCRIBE; the codes of its SUBACK. MqttError closes the connection."""
        return [self._add(line.filter, line.qos) for line in filters]

    def _add(self, name: str, qos: int) -> int:
        self._kind(name)
        granted = min(qos, MAXIMUM_QOS)
        self._granted = {**self._granted, name: granted}
        return granted

    def _kind(self, name: str) -> Subscription:
        try:
            return hub.parse_filter(name, self._device, self._module)
        except hub.TopicError as error:
            raise MqttError(str(error), Reason.TOPIC_FILTER_INVALID) from None

    def unsubscribe(self, filters: Iterable[str]) -> list[Reason]:
        """Remove filters; the codes of the UNSUBACK."""
        codes = []
        left = dict(self._granted)
        for name in filters:
            known = left.pop(name, None)
            codes.append(Reason.NO_SUBSCRIPTION_EXISTED if known is None else Reason.SUCCESS)
        self._granted = left or _NONE
        return codes

    def restore(self, stored: Mapping[str, int]) -> None:
        """Take up what a persistent session had; a filter that it may not have any more is left out."""
        for name, qos in stored.items():
            with contextlib.suppress(MqttError):
                self._add(name, qos)

    def qos(self, kind: Subscription) -> int | None:
        """The granted QoS, None when the device did not subscribe to it."""
        granted = [qos for name, qos in self._granted.items() if self._kind(name) is kind]
        return max(granted, default=None)

    def as_dict(self) -> dict[str, int]:
        """What to store."""
        return dict(self._granted)
