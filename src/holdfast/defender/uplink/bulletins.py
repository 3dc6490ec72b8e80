"""What changed on a sensor since it last told: the messages to the platform."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from holdfast.alerts.model import Alert
from holdfast.defender.inventory.conversations import Conversation, ConversationKey
from holdfast.defender.sensor.assessment import assess
from holdfast.defender.sensor.results import alert_json, asset_json, conversation_json, event_json
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.uplink.documents import (
    AlertDocument,
    AssetDocument,
    ConnectionDocument,
    EventDocument,
    PacketsDocument,
)
from holdfast.defender.uplink.messages import (
    PART_BYTES,
    Alerts,
    Assets,
    Connections,
    Events,
    Gone,
    Message,
    Packets,
)
from holdfast.kernel.json import JsonObject

ITEMS = 100
"""Documents in one message."""
FRESH_SECONDS = 300.0
"""An asset or connection of which only the time of the last packet and counters changed is told again after
so many seconds: nobody looks at those by the second, and they change always."""

T = TypeVar("T")


class Bulletins:
    """Remembers what was told, and tells the rest."""

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor
        self._assets: dict[str, tuple[int, float]] = {}
        """By asset: hash of what does not change all the time, and when it was told."""
        self._addresses: dict[str, str] = {}
        self._connections: dict[ConversationKey, tuple[tuple[int, int], float]] = {}
        self._alerts: dict[str, tuple[int, str, int]] = {}
        self._events = 0
        self._packets: dict[str, int] = {}

    def alerts(self) -> Iterator[Message]:
        """Alerts, their packets and events: what somebody waits for."""
        yield from (Alerts(part) for part in _parts(self._new_alerts()))
        yield from self._new_packets()
        yield from (Events(part) for part in _parts(self._new_events()))

    def network(self) -> Iterator[Message]:
        """Assets and connections."""
        yield from (Assets(part) for part in _parts(self._new_assets()))
        gone = self._gone()
        if gone:
            yield Gone(gone)
        yield from (Connections(part) for part in _parts(self._new_connections()))

    def everything(self) -> Iterator[Message]:
        """All of it; assets first, so that alerts find theirs."""
        yield from self.network()
        yield from self.alerts()

    def _new_assets(self) -> Iterator[AssetDocument]:
        for asset, findings, risk in assess(self._sensor):
            document = asset_json(asset, findings, risk)
            lasting = _lasting_hash(document)
            told = self._assets.get(asset.id)
            if told is None or told[0] != lasting or asset.last - told[1] >= FRESH_SECONDS:
                self._assets[asset.id] = (lasting, asset.last)
                self._addresses[asset.id] = asset.address
                yield msgspec.convert(document, AssetDocument)

    def _gone(self) -> list[str]:
        present = {asset.id for asset in self._sensor.inventory}
        addresses = {asset.address for asset in self._sensor.inventory}
        left = [identifier for identifier in self._assets if identifier not in present]
        gone = [self._addresses.pop(identifier) for identifier in left]
        for identifier in left:
            del self._assets[identifier]
        return [address for address in gone if address not in addresses]

    def _new_connections(self) -> Iterator[ConnectionDocument]:
        for key, conversation in self._sensor.conversations_now():
            lasting = conversation.refused, len(conversation.commands)
            told = self._connections.get(key)
            if told is None or told[0] != lasting or conversation.last - told[1] >= FRESH_SECONDS:
                self._connections[key] = (lasting, conversation.last)
                yield _connection(key, conversation)

    def _new_alerts(self) -> Iterator[AlertDocument]:
        for alert in self._sensor.alerts:
            version = alert.count, alert.status.value, len(alert.violations)
            if self._alerts.get(alert.id) != version:
                self._alerts[alert.id] = version
                yield alert_document(alert)

    def _new_packets(self) -> Iterator[Message]:
        slices = self._sensor.slices
        if slices is None:
            return
        for alert, packets in slices.packets.items():
            if self._packets.get(alert) == len(packets):
                continue
            self._packets[alert] = len(packets)
            content = slices.pcap(alert) or b""
            parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
            for number, part in enumerate(parts):
                yield Packets([PacketsDocument(alert, number, len(parts), part)])

    def _new_events(self) -> Iterator[EventDocument]:
        fresh = self._sensor.timeline.since(self._events)
        self._events = self._sensor.timeline.added
        for event in fresh:
            yield msgspec.convert({**event_json(event), "owner": event.owner}, EventDocument)


def alert_document(alert: Alert) -> AlertDocument:
    """An alert as it travels, with the entries that would allow what it shows."""
    document = alert_json(alert)
    violations = [
        {**shown, "learn": list(violation.learn)}
        for shown, violation in zip(_objects(document["violations"]), alert.violations, strict=True)
    ]
    return msgspec.convert({**document, "violations": violations}, AlertDocument)


def _connection(key: ConversationKey, conversation: Conversation) -> ConnectionDocument:
    return msgspec.convert(conversation_json(key, conversation), ConnectionDocument)


def _objects(value: object) -> list[JsonObject]:
    assert isinstance(value, list)
    return value


def _lasting_hash(document: JsonObject) -> int:
    """Of what says something new when it changes: not counters, and not when it was last seen."""
    lasting: JsonObject = {name: value for name, value in document.items() if name not in _RESTLESS}
    lasting["protocols"] = [
        [use["name"], use["client"], use["server"], use["ports"]] for use in _objects(document["protocols"])
    ]
    lasting["findings"] = [
        [finding["id"], finding["detail"], finding["peers"]] for finding in _objects(document["findings"])
    ]
    return hash(msgspec.json.encode(lasting))


_RESTLESS = frozenset({"last_seen", "protocols", "findings"})


def _parts(documents: Iterable[T]) -> Iterator[list[T]]:
    part: list[T] = []
    for document in documents:
        part.append(document)
        if len(part) == ITEMS:
            yield part
            part = []
    if part:
        yield part
