"""What a session is subscribed to."""

from collections.abc import Iterable, Mapping

from holdfast.protocol import hub
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.hub import MAXIMUM_SUBSCRIPTIONS, Subscription
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.subscribe import TopicFilter

MAXIMUM_QOS = 1


class Subscriptions:
    """Topic filter → granted QoS, each filter one that the device may have."""

    __slots__ = ("_device", "_granted", "_kinds", "_module")

    def __init__(self, device: str, module: str) -> None:
        self._device = device
        self._module = module
        self._granted: dict[str, int] = {}
        self._kinds: dict[Subscription, int] = {}

    def subscribe(self, filters: Iterable[TopicFilter]) -> list[int]:
        """Add the filters of a SUBSCRIBE; the codes of its SUBACK. MqttError closes the connection."""
        return [self._add(line.filter, line.qos) for line in filters]

    def _add(self, name: str, qos: int) -> int:
        try:
            kind = hub.parse_filter(name, self._device, self._module)
        except hub.TopicError as error:
            raise MqttError(str(error), Reason.TOPIC_FILTER_INVALID) from None
        granted = min(qos, MAXIMUM_QOS)
        self._granted[name] = granted
        self._kinds[kind] = granted
        if len(self._granted) > MAXIMUM_SUBSCRIPTIONS:
            raise MqttError("the device has more subscriptions than it may", Reason.QUOTA_EXCEEDED)
        return granted

    def unsubscribe(self, filters: Iterable[str]) -> list[Reason]:
        """Remove filters; the codes of the UNSUBACK."""
        codes = []
        for name in filters:
            known = self._granted.pop(name, None)
            codes.append(Reason.NO_SUBSCRIPTION_EXISTED if known is None else Reason.SUCCESS)
        self._kinds = {
            hub.parse_filter(name, self._device, self._module): qos for name, qos in self._granted.items()
        }
        return codes

    def restore(self, stored: Mapping[str, int]) -> None:
        """Take up what a persistent session had; a filter that the device may not have any more is left
        out."""
        for name, qos in stored.items():
            try:
                self._add(name, qos)
            except ProtocolError:
                continue

    def qos(self, kind: Subscription) -> int | None:
        """The granted QoS, None when the device did not subscribe to it."""
        return self._kinds.get(kind)

    def as_dict(self) -> dict[str, int]:
        """What to store."""
        return dict(self._granted)
