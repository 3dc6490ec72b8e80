"""What a sensor tells of its network, as documents: assets, connections, events, alerts, health.

The members are those of `sensor analyze --json` (`sensor.results` makes them). A sensor may be in hostile
hands, so the platform reads them by type and bounds every text; what does not fit is refused as a whole.
"""

from typing import Annotated

from msgspec import Meta, Struct

Text = Annotated[str, Meta(max_length=1024)]
Word = Annotated[str, Meta(max_length=256)]
Moment = Annotated[str, Meta(max_length=32)]
"""RFC 3339 in UTC with milliseconds, so that texts compare like moments."""
Count = Annotated[int, Meta(ge=0, le=1 << 62)]


class AttributeDocument(Struct, frozen=True):
    """A fact with its origin."""

    value: Text
    protocol: Word
    frame: Count
    time: Moment
    confidence: Annotated[int, Meta(ge=0, le=100)]


class ProtocolDocument(Struct, frozen=True):
    """One protocol that an asset speaks."""

    name: Word
    client: bool
    server: bool
    ports: list[Count]
    first_seen: Moment
    last_seen: Moment


class CandidateDocument(Struct, frozen=True):
    """What an asset might be, and why."""

    type: Word
    confidence: Annotated[int, Meta(ge=0, le=100)]
    reason: Text


class FindingDocument(Struct, frozen=True):
    """A weak point of an asset."""

    id: Word
    title: Word
    weight: Annotated[int, Meta(ge=0, le=100)]
    detail: Text
    protocol: Word
    count: Count
    peers: list[Word]
    frame: Count
    first_seen: Moment
    last_seen: Moment
    description: Text
    remediation: list[Text]


class DeductionDocument(Struct, frozen=True):
    """One reason why a score is not full."""

    reason: Text
    points: float


class RiskDocument(Struct, frozen=True):
    """The score of an asset with its reasons."""

    score: Annotated[float, Meta(ge=0, le=100)]
    grade: Word
    deductions: list[DeductionDocument]


class AssetDocument(Struct, frozen=True):
    """One asset with the origin of everything that is known of it."""

    name: Word
    type: Word
    purdue_level: float | None
    vendor: Text
    model: Text
    firmware: Text
    serial: Text
    operating_system: Text
    plc_mode: Text
    ip_addresses: Annotated[list[Word], Meta(max_length=1024)]
    mac_addresses: Annotated[list[Word], Meta(max_length=1024)]
    vlans: list[Count]
    protocols: list[ProtocolDocument]
    modules: list[dict[Word, AttributeDocument | int]]
    """`rack` and `slot` as numbers, everything else as attributes."""
    attributes: dict[Word, list[AttributeDocument]]
    type_candidates: list[CandidateDocument]
    authorized: bool
    programming: bool
    scanner: bool
    important: bool
    dynamic_address: bool
    findings: list[FindingDocument]
    risk: RiskDocument
    first_seen: Moment
    last_seen: Moment
    device: Word = ""
    """Id of the enrolled device that it is."""

    @property
    def address(self) -> str:
        """What the asset is found by: its first IP address, else its hardware address."""
        return next(iter(self.ip_addresses), "") or next(iter(self.mac_addresses), "")


class ConnectionDocument(Struct, frozen=True):
    """What two parties exchanged in one protocol."""

    client: Word
    server: Word
    transport: Word
    port: Count
    protocol: Word
    connections: Count
    refused: Count
    client_packets: Count
    client_octets: Count
    server_packets: Count
    server_octets: Count
    vlans: list[Count]
    commands: Annotated[list[Word], Meta(max_length=100)]
    first_seen: Moment
    last_seen: Moment


class EventDocument(Struct, frozen=True):
    """One event of the timeline."""

    time: Moment
    type: Word
    severity: Word
    title: Text
    devices: list[Word]
    frame: Count
    count: Count
    owner: Word = ""


class ViolationDocument(Struct, frozen=True):
    """One distinct thing that an alert is about."""

    observed: Text
    expected: Text
    count: Count
    first_seen: Moment
    last_seen: Moment
    frames: list[Count]
    learn: list[Word | int] = []
    """The entry of learned traffic that would allow it; empty where nothing would."""


class AlertDocument(Struct, frozen=True):
    """An alert as its sensor holds it now; a later one with the same id replaces it."""

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{26}$")]
    type: Word
    severity: Word
    source: Word
    destination: Word
    protocol: Word
    first_seen: Moment
    last_seen: Moment
    count: Count
    status: Word
    resolution: Word
    violations: Annotated[list[ViolationDocument], Meta(max_length=200)]
    violations_dropped: Count


class PacketsDocument(Struct, frozen=True):
    """A part of the packets behind an alert, as a pcap file cut into parts."""

    alert: Annotated[str, Meta(pattern=r"^[0-9a-f]{26}$")]
    part: Annotated[int, Meta(ge=0, le=10_000)]
    parts: Annotated[int, Meta(ge=1, le=10_000)]
    content: bytes


class HealthDocument(Struct, frozen=True):
    """How a sensor is. Rates are since the health before."""

    time: Moment
    version: Word
    stage: Word
    packets: Count
    octets: Count
    dropped: Count
    """Packets lost since the start, as the kernel counts them."""
    malformed: Count
    assets: Count
    connections: Count
    alerts: Count
    learned: Count
    processor: Annotated[float, Meta(ge=0, le=100_000)]
    """Per cent of one core."""
    memory: Count
    """Bytes that the process holds."""
    spool_bytes: Count
    spool_lost: Count
    """Messages that were given up because the spool was full."""
    interface: Word = ""
    silent_for: Annotated[float, Meta(ge=0)] = 0.0
    """Seconds since the last packet."""
