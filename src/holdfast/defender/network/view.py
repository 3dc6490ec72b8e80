"""What the platform knows, in the shapes of a single sensor, whose API is served from here too."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from holdfast.alerts.model import Alert
from holdfast.defender.findings.model import Finding
from holdfast.defender.findings.risk import AssetRisk
from holdfast.defender.findings.weak_points import WEAK_POINTS
from holdfast.defender.inventory.conversations import Conversation, ConversationKey
from holdfast.defender.inventory.model import Asset, AssetType, Attribute, Name, ProtocolUse
from holdfast.defender.network.filters import AssetFilter, ConnectionFilter, EventFilter
from holdfast.defender.network.reading import MAXIMUM_PAGE, Listing, Network, Reach
from holdfast.defender.network.risk import kept_risk
from holdfast.defender.timeline.model import EventSeverity, EventType, TimelineEvent
from holdfast.defender.uplink.documents import AssetDocument, AttributeDocument, ConnectionDocument
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.json import JsonObject

MAXIMUM = 50_000
"""Assets, connections or events that one answer is made of."""
MAXIMUM_EVENTS = 1000


class PlatformView:
    """A `service.view.DefenderView` of what a person may see."""

    def __init__(self, network: Network, reach: Reach, alerts: Sequence[Alert]) -> None:
        self._network = network
        self._reach = reach
        self._alerts = alerts

    def assets(self) -> Iterable[Asset]:
        """See `DefenderView.assets`."""
        return [_asset(document) for document in self._documents()]

    def assessed(self) -> Iterable[tuple[Asset, list[Finding], AssetRisk]]:
        """See `DefenderView.assessed`."""
        for document in self._documents():
            asset = _asset(document)
            yield asset, list(_findings(document, asset.address)), kept_risk(document)

    def conversations(self) -> Iterable[tuple[ConversationKey, Conversation]]:
        """See `DefenderView.conversations`."""
        network, reach = self._network, self._reach
        for item in _whole(lambda part, offset: network.connections(reach, ConnectionFilter(), part, offset)):
            yield _conversation(msgspec.convert(item, ConnectionDocument))

    def alerts(self) -> Iterable[Alert]:
        """See `DefenderView.alerts`."""
        return sorted(self._alerts, key=lambda alert: alert.first)

    def events(self) -> Iterable[TimelineEvent]:
        """See `DefenderView.events`."""
        for item in self._network.events(self._reach, EventFilter(), MAXIMUM_EVENTS).items:
            if item["type"] in list(EventType) and item["severity"] in list(EventSeverity):
                yield _event(item)

    def _documents(self) -> Iterator[JsonObject]:
        network, reach = self._network, self._reach
        return _whole(lambda part, offset: network.assets(reach, AssetFilter(), part, offset))


def _whole(read: Callable[[int, int], Listing]) -> Iterator[JsonObject]:
    offset = 0
    while offset < MAXIMUM:
        items = read(MAXIMUM_PAGE, offset).items
        yield from items
        offset += len(items)
        if len(items) < MAXIMUM_PAGE:
            return


def _asset(document: JsonObject) -> Asset:
    known = msgspec.convert(document, AssetDocument)
    asset = Asset(f"a{document['id']}", parse_isoformat(known.first_seen), parse_isoformat(known.last_seen))
    asset.ips = dict.fromkeys(known.ip_addresses, 100)
    asset.macs = dict.fromkeys(known.mac_addresses, 100)
    asset.vlans = set(known.vlans)
    names = {name.value: name for name in Name}
    asset.attributes = {
        names[name]: [_attribute(each) for each in attributes]
        for name, attributes in known.attributes.items()
        if name in names
    }
    asset.attributes[Name.NAME] = [Attribute(known.name, "", 0, asset.first, 100)]
    asset.modules = dict(_modules(known))
    asset.protocols = {
        use.name: ProtocolUse(
            parse_isoformat(use.first_seen),
            parse_isoformat(use.last_seen),
            use.client,
            use.server,
            set(use.ports),
        )
        for use in known.protocols
    }
    if known.type in list(AssetType):
        asset.types = {AssetType(known.type): (100, "")}
    asset.authorized, asset.programming = known.authorized, known.programming
    asset.scanner, asset.important = known.scanner, known.important
    asset.dynamic, asset.enrolled = known.dynamic_address, known.device
    return asset


def _attribute(document: AttributeDocument) -> Attribute:
    return Attribute(
        document.value, document.protocol, document.frame, parse_isoformat(document.time), document.confidence
    )


def _modules(known: AssetDocument) -> Iterator[tuple[tuple[int, int], dict[Name, Attribute]]]:
    names = {name.value: name for name in Name}
    for module in known.modules:
        rack, slot = module.get("rack", 0), module.get("slot", 0)
        if isinstance(rack, int) and isinstance(slot, int):
            yield (
                (rack, slot),
                {
                    names[name]: _attribute(value)
                    for name, value in module.items()
                    if name in names and isinstance(value, AttributeDocument)
                },
            )


def _findings(document: JsonObject, address: str) -> Iterator[Finding]:
    for finding in msgspec.convert(document, AssetDocument).findings:
        weak_point = WEAK_POINTS.get(finding.id)
        if weak_point is not None:
            first, last = parse_isoformat(finding.first_seen), parse_isoformat(finding.last_seen)
            yield Finding(
                weak_point,
                address,
                finding.detail,
                finding.protocol,
                first,
                last,
                finding.frame,
                finding.count,
                set(finding.peers),
            )


def _conversation(known: ConnectionDocument) -> tuple[ConversationKey, Conversation]:
    key = ConversationKey(known.client, known.server, known.transport, known.port, known.protocol)
    return key, Conversation(
        parse_isoformat(known.first_seen),
        parse_isoformat(known.last_seen),
        known.connections,
        known.refused,
        known.client_packets,
        known.client_octets,
        known.server_packets,
        known.server_octets,
        set(known.vlans),
        set(known.commands),
    )


def _event(item: JsonObject) -> TimelineEvent:
    devices = item["devices"]
    return TimelineEvent(
        parse_isoformat(str(item["time"])),
        EventType(str(item["type"])),
        EventSeverity(str(item["severity"])),
        str(item["title"]),
        tuple(str(each) for each in devices) if isinstance(devices, list) else (),
        str(item["owner"]),
        count=int(str(item["count"])),
    )
