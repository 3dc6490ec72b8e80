"""Assets: what is on the network, what is known of it, and where each piece of knowledge comes from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple


class Name(StrEnum):
    """The attributes that an asset or a module may have."""

    NAME = "name"
    HOST_NAME = "host_name"
    VENDOR = "vendor"
    MODEL = "model"
    SERIAL = "serial"
    FIRMWARE = "firmware"
    HARDWARE = "hardware"
    OPERATING_SYSTEM = "operating_system"
    DESCRIPTION = "description"
    LOCATION = "location"
    PLC_MODE = "plc_mode"
    """Run or key state, in the words of the reference: Run, Program, Stop, Remote, …"""
    NETWORK_NAME = "network_name"
    """Name of the station in its industrial network: PROFINET's name of station, BACnet's object name."""
    ADDRESS = "address"
    """An IP address that the device announces as its own; kept with the asset's addresses."""
    TYPE = "type"
    """An `AssetType` that the device announces; kept with the asset's candidates."""


class Confidence(IntEnum):
    """How sure a piece of knowledge is, 0 to 100."""

    GUESS = 30
    """Concluded from behaviour, ports or the hardware address."""
    TEXT = 60
    """Read out of free text: a banner, a description, a user agent."""
    ANNOUNCED = 80
    """The device says so about itself in a field that is meant for it."""
    IDENTITY = 95
    """From the device's identity object or nameplate."""
    PERSON = 100
    """Somebody said so."""


class Fact(NamedTuple):
    """Something that a message says about a device."""

    name: Name
    value: str
    confidence: Confidence = Confidence.ANNOUNCED
    module: tuple[int, int] | None = None
    """Rack and slot, where the fact is about one module of the device."""
    subject: str = ""
    """Address of the device that the fact is about; empty for the speaker."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A fact with its origin."""

    value: str
    protocol: str
    frame: int
    time: float
    """Unix seconds."""
    confidence: int


@dataclass(slots=True)
class ProtocolUse:
    """One protocol that an asset speaks."""

    first: float
    last: float
    client: bool = False
    server: bool = False
    ports: set[int] = field(default_factory=set)
    """On which it serves the protocol."""


class AssetType(StrEnum):
    """Kinds of devices, in the words of the reference."""

    PLC = "PLC"
    RTU = "RTU"
    IED = "IED"
    DCS_CONTROLLER = "DCS Controller"
    IO_ADAPTER = "I/O Adapter"
    DRIVE = "Variable Frequency Drive"
    ROBOT = "Robot Controller"
    METER = "Meter"
    HVAC = "HVAC"
    HMI = "HMI"
    ENGINEERING_STATION = "Engineering Station"
    HISTORIAN = "Historian"
    PROTOCOL_CONVERTER = "Protocol Converter"
    SWITCH = "Switch"
    ROUTER = "Router"
    FIREWALL = "Firewall"
    ACCESS_POINT = "Wireless Access Point"
    DOMAIN_CONTROLLER = "Domain Controller"
    DATABASE = "DB Server"
    NTP_SERVER = "NTP Server"
    SERVER = "Server"
    WORKSTATION = "Workstation"
    PRINTER = "Printer"
    CAMERA = "IP Camera"
    TELEPHONE = "IP Telephone"
    STORAGE = "Storage"
    UPS = "UPS"
    EMBEDDED = "Embedded Device"
    UNKNOWN = "Unknown"


LEVELS: Final[dict[AssetType, float]] = {
    AssetType.PLC: 1,
    AssetType.RTU: 1,
    AssetType.IED: 1,
    AssetType.DCS_CONTROLLER: 1,
    AssetType.ROBOT: 1,
    AssetType.HVAC: 1,
    AssetType.PROTOCOL_CONVERTER: 1,
    AssetType.IO_ADAPTER: 0,
    AssetType.DRIVE: 0,
    AssetType.METER: 0,
    AssetType.HMI: 2,
    AssetType.ENGINEERING_STATION: 2,
    AssetType.HISTORIAN: 3,
    AssetType.DATABASE: 3,
    AssetType.NTP_SERVER: 3,
    AssetType.DOMAIN_CONTROLLER: 4,
    AssetType.PRINTER: 4,
    AssetType.TELEPHONE: 4,
    AssetType.WORKSTATION: 4,
}
"""Purdue level by type (ISA-95, IEC 62264-1). Types that occur at every level have none."""

FIELD_DEVICES: Final = frozenset(kind for kind, level in LEVELS.items() if level <= 1)
"""Types that control or measure the process."""

MAXIMUM_MODULES: Final = 256
MAXIMUM_SERVICES: Final = 512
MAXIMUM_ALTERNATIVES: Final = 8
"""Values of one attribute that are kept beside the best."""


@dataclass(slots=True)
class Asset:
    """One device as the sensor sees it. Changed only by the inventory."""

    id: str
    """Stable within an inventory: `a1`, `a2`, …"""
    first: float
    last: float
    macs: dict[str, int] = field(default_factory=dict)
    """Hardware addresses with the confidence that they are its own."""
    ips: dict[str, int] = field(default_factory=dict)
    vlans: set[int] = field(default_factory=set)
    attributes: dict[Name, list[Attribute]] = field(default_factory=dict)
    """Best first."""
    modules: dict[tuple[int, int], dict[Name, Attribute]] = field(default_factory=dict)
    """By rack and slot."""
    protocols: dict[str, ProtocolUse] = field(default_factory=dict)
    types: dict[AssetType, tuple[int, str]] = field(default_factory=dict)
    """Candidates: confidence, and why."""
    authorized: bool = True
    programming: bool = False
    """It programs controllers."""
    scanner: bool = False
    important: bool = False
    dynamic: bool = False
    """Its address came from DHCP."""
    enrolled: str = ""
    """Id of the platform's device that it is."""

    @property
    def address(self) -> str:
        """What the asset is found by: its first IP address, or its hardware address."""
        return next(iter(self.ips), "") or next(iter(self.macs), "")

    def value(self, name: Name) -> str:
        """The best value of an attribute; empty where nothing is known."""
        known = self.attributes.get(name)
        return known[0].value if known else ""

    @property
    def type(self) -> AssetType:
        """The candidate with the highest confidence."""
        if not self.types:
            return AssetType.UNKNOWN
        return max(self.types, key=lambda kind: self.types[kind][0])

    @property
    def level(self) -> float | None:
        """The Purdue level, where the type has one."""
        return LEVELS.get(self.type)

    @property
    def name(self) -> str:
        """What people call it."""
        for name in (Name.NAME, Name.NETWORK_NAME, Name.HOST_NAME):
            if value := self.value(name):
                return value
        return self.address

    def addresses(self) -> Iterator[str]:
        """All addresses, IP first."""
        yield from self.ips
        yield from self.macs
