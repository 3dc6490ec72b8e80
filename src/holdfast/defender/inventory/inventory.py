"""Finds the asset of a packet, makes new ones, and merges those that turn out to be one device.

An asset is found by its IP address, or by its hardware address where it has none. A hardware address that
appears with many IP addresses is a router's and says nothing about the devices behind it. Two assets with the
same hardware address and different IP addresses stay two.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from holdfast.defender.inventory.model import (
    MAXIMUM_ALTERNATIVES,
    MAXIMUM_MODULES,
    MAXIMUM_SERVICES,
    Asset,
    AssetType,
    Attribute,
    Confidence,
    Fact,
    Name,
    ProtocolUse,
)
from holdfast.defender.inventory.vendors import vendor_of

MAXIMUM_ASSETS: Final = 50_000
_ROUTER_ADDRESSES: Final = 5
"""IP addresses behind one hardware address from which on it counts as a router's."""
_LINK_LOCAL: Final = "fe80:"
_NO_HARDWARE: Final = "00:00:00:00:00:00"
"""What a loopback interface shows in place of addresses: it is nobody's."""
_MAXIMUM_VALUE: Final = 256
"""Characters of an attribute's value."""

Learned = Callable[[Asset, Fact, str, str, int, float], None]
"""Asset, fact, value that the same protocol gave before (or nothing), protocol, frame, time."""


@dataclass(slots=True)
class Inventory:
    """The assets of one sensor."""

    on_new: Callable[[Asset, int], None] | None = None
    """Told about a new asset, with the frame that showed it."""
    on_learned: Learned | None = None
    """Told about values that were not known of the asset, or are other than before."""
    on_merged: Callable[[Asset, str], None] | None = None
    """Told about the asset that remains, and the id of the one that became part of it."""
    dropped: int = 0
    """Devices that were not taken up because there are too many."""
    _assets: dict[str, Asset] = field(default_factory=dict)
    _by_ip: dict[str, Asset] = field(default_factory=dict)
    _by_mac: dict[str, Asset] = field(default_factory=dict)
    """Assets that have no IP address, or whose hardware address was announced as theirs."""
    _hardware: dict[str, Asset] = field(default_factory=dict)
    """The first asset that was seen behind each hardware address."""
    _behind: dict[str, set[str]] = field(default_factory=dict)
    """IP addresses that were seen behind a hardware address."""
    _routers: set[str] = field(default_factory=set)
    _made: int = 0

    def __iter__(self) -> Iterator[Asset]:
        return iter(self._assets.values())

    def __len__(self) -> int:
        return len(self._assets)

    def find(self, address: str) -> Asset | None:
        """The asset of an IP or hardware address."""
        return self._by_ip.get(address) or self._by_mac.get(address)

    def get(self, identifier: str) -> Asset | None:
        """The asset by its id."""
        return self._assets.get(identifier)

    def see(self, mac: str, ip: str, vlans: tuple[int, ...], frame: int, time: float) -> Asset | None:
        """A packet came from this device; None when there is no room for another."""
        if mac == _NO_HARDWARE:
            mac = ""
        asset = self._by_ip.get(ip) if ip else self._by_mac.get(mac)
        if asset is None:
            asset = self._new(mac, ip, frame, time) if ip or mac else None
            if asset is None:
                return None
        if time > asset.last:
            asset.last = time
        if vlans:
            asset.vlans.update(vlan for vlan in vlans if vlan >= 0)
        if ip and mac and mac not in asset.macs and mac not in self._routers:
            self._behind_mac(asset, mac, ip, time)
        return asset

    def bind(self, mac: str, ip: str, frame: int, time: float) -> Asset | None:
        """A device announced both addresses as its own (ARP, DHCP, DCP, LLDP): merge what was seen apart."""
        by_ip, by_mac = self._by_ip.get(ip), self._by_mac.get(mac)
        if mac == _NO_HARDWARE:
            return by_ip
        if by_ip is not None and by_ip.macs.get(mac, 0) >= Confidence.ANNOUNCED:
            return by_ip
        asset = by_ip or by_mac or self._new(mac, ip, frame, time)
        if asset is None:
            return None
        if by_ip is not None and by_mac is not None and by_ip is not by_mac and not by_mac.ips:
            self._merge(by_ip, by_mac)
        if by_ip is None and by_mac is not None and by_mac.ips:
            asset = self._new(
                mac, ip, frame, time
            )  # the same hardware with another IP address is another asset
            if asset is None:
                return None
        asset.ips[ip] = Confidence.ANNOUNCED
        asset.macs = {mac: Confidence.ANNOUNCED} | {
            known: confidence
            for known, confidence in asset.macs.items()
            if confidence >= Confidence.ANNOUNCED
        }
        self._by_ip[ip] = asset
        self._by_mac.setdefault(mac, asset)
        self._add_vendor(asset, mac, frame, time)
        return asset

    def learn(self, asset: Asset, fact: Fact, protocol: str, frame: int, time: float) -> None:
        """Take a fact up. The most confident one counts, the newest among equals."""
        value = " ".join(fact.value.split())[:_MAXIMUM_VALUE]
        if not value:
            return
        attribute = Attribute(value, protocol, frame, time, int(fact.confidence))
        if fact.module is not None:
            before = self._learn_module(asset, fact, attribute)
        else:
            before = _learn_attribute(asset, fact.name, attribute)
        if before != value and self.on_learned is not None:
            self.on_learned(asset, fact._replace(value=value), before, protocol, frame, time)

    def speak(self, asset: Asset, protocol: str, server: bool, port: int, time: float) -> ProtocolUse | None:
        """Note that the asset uses a protocol; `port` is that of the server."""
        use = asset.protocols.get(protocol)
        if use is None:
            if len(asset.protocols) >= MAXIMUM_SERVICES:
                return None
            use = asset.protocols[protocol] = ProtocolUse(time, time)
        use.last = max(use.last, time)
        use.client = use.client or not server
        use.server = use.server or server
        if server and port and len(use.ports) < MAXIMUM_SERVICES:
            use.ports.add(port)
        return use

    def classify(self, asset: Asset, kind: AssetType, confidence: int, reason: str) -> None:
        """Add a candidate for the asset's type, or raise its confidence."""
        known = asset.types.get(kind)
        if known is None or known[0] < confidence:
            asset.types[kind] = (confidence, reason)

    def is_router(self, mac: str) -> bool:
        """Whether many devices were seen behind a hardware address."""
        return mac in self._routers

    def remove(self, asset: Asset) -> None:
        """Forget an asset."""
        self._assets.pop(asset.id, None)
        for index in (self._by_ip, self._by_mac, self._hardware):
            for address in [address for address, owner in index.items() if owner is asset]:
                del index[address]

    def remove_before(self, moment: float) -> int:
        """Forget assets that were silent since before `moment` (retention); how many."""
        old = [asset for asset in self if asset.last < moment]
        for asset in old:
            self.remove(asset)
        return len(old)

    def _new(self, mac: str, ip: str, frame: int, time: float) -> Asset | None:
        same = self._same_device(mac, ip) if ip and mac else None
        if same is not None:
            same.ips[ip] = Confidence.GUESS
            self._by_ip[ip] = same
            return same
        if len(self._assets) >= MAXIMUM_ASSETS:
            self.dropped += 1
            return None
        self._made += 1
        asset = Asset(f"a{self._made}", time, time)
        self._assets[asset.id] = asset
        if ip:
            asset.ips[ip] = Confidence.ANNOUNCED
            self._by_ip[ip] = asset
        else:
            asset.macs[mac] = Confidence.ANNOUNCED
            self._by_mac[mac] = asset
            self._add_vendor(asset, mac, frame, time)
        self._hardware.setdefault(mac, asset)
        if self.on_new is not None:
            self.on_new(asset, frame)
        return asset

    def _same_device(self, mac: str, ip: str) -> Asset | None:
        """The asset to which a new IP address belongs because of its hardware address.

        Either it had no IP address so far, or one of the addresses is link-local (RFC 4291, 2.5.6), which
        every IPv6 host has beside its others and which no router passes on.
        """
        known = self._hardware.get(mac)
        if known is None or mac in self._routers or known.id not in self._assets:
            return None
        link_local = all(address.startswith(_LINK_LOCAL) for address in known.ips)
        return known if link_local or ip.startswith(_LINK_LOCAL) else None

    def _behind_mac(self, asset: Asset, mac: str, ip: str, time: float) -> None:
        """A packet of `ip` came from `mac`: its own address, or that of a router on the way."""
        if ip.startswith(_LINK_LOCAL):
            return
        behind = self._behind.setdefault(mac, set())
        behind.add(ip)
        if len(behind) >= _ROUTER_ADDRESSES:
            self._declare_router(mac, behind, time)
        elif not asset.macs:
            asset.macs[mac] = Confidence.GUESS
            self._add_vendor(asset, mac, 0, time)

    def _declare_router(self, mac: str, behind: set[str], time: float) -> None:
        self._routers.add(mac)
        del self._behind[mac]
        for ip in behind:
            asset = self._by_ip.get(ip)
            if asset is not None and asset.macs.get(mac) == Confidence.GUESS:
                del asset.macs[mac]
                asset.attributes[Name.VENDOR] = [
                    known for known in asset.attributes.get(Name.VENDOR, []) if known.protocol != "ethernet"
                ]
        router = self._by_mac.get(mac) or self._new(mac, "", 0, time)
        if router is not None:
            self.classify(router, AssetType.ROUTER, Confidence.TEXT, "many addresses lie behind it")

    def _add_vendor(self, asset: Asset, mac: str, frame: int, time: float) -> None:
        vendor = vendor_of(mac)
        if vendor:
            self.learn(asset, Fact(Name.VENDOR, vendor, Confidence.GUESS), "ethernet", frame, time)

    def _learn_module(self, asset: Asset, fact: Fact, attribute: Attribute) -> str:
        assert fact.module is not None
        module = asset.modules.get(fact.module)
        if module is None:
            if len(asset.modules) >= MAXIMUM_MODULES:
                return ""
            module = asset.modules[fact.module] = {}
        known = module.get(fact.name)
        if known is None or known.confidence <= attribute.confidence:
            module[fact.name] = attribute
        return known.value if known is not None and known.protocol == attribute.protocol else ""

    def _merge(self, remaining: Asset, other: Asset) -> None:
        """Make `other` part of `remaining`."""
        remaining.first = min(remaining.first, other.first)
        remaining.last = max(remaining.last, other.last)
        remaining.macs = other.macs | remaining.macs
        remaining.vlans |= other.vlans
        for name, attributes in other.attributes.items():
            for attribute in attributes:
                _learn_attribute(remaining, name, attribute)
        remaining.modules = other.modules | remaining.modules
        remaining.protocols = other.protocols | remaining.protocols
        for kind, (confidence, reason) in other.types.items():
            self.classify(remaining, kind, confidence, reason)
        remaining.programming = remaining.programming or other.programming
        remaining.scanner = remaining.scanner or other.scanner
        remaining.authorized = remaining.authorized and other.authorized
        self.remove(other)
        for mac in remaining.macs:
            self._by_mac.setdefault(mac, remaining)
            self._hardware.setdefault(mac, remaining)
        if self.on_merged is not None:
            self.on_merged(remaining, other.id)


def _learn_attribute(asset: Asset, name: Name, attribute: Attribute) -> str:
    """Keep the best value first; the value that the same protocol gave before, or nothing."""
    known = asset.attributes.setdefault(name, [])
    same = next((each for each in known if each.protocol == attribute.protocol), None)
    if same is not None and same.value == attribute.value:
        return attribute.value
    before = same.value if same is not None else ""
    if same is not None:
        known.remove(same)
    known.append(attribute)
    known.sort(key=lambda each: (-each.confidence, -each.time))
    del known[MAXIMUM_ALTERNATIVES:]
    return before
