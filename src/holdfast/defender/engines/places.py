"""Where an address lies: on the monitored network, on the internet, in an office network."""

import ipaddress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from holdfast.alerts.exclusion import Network
from holdfast.defender.flows.model import Endpoint

_REMEMBERED: Final = 100_000
_ODD_DIGITS: Final = frozenset("13579bdf")
"""The second digit of hardware addresses of groups."""


class Place(IntEnum):
    """Where an address lies."""

    LOCAL = 0
    """A private or loopback address, an address of a configured subnet, or a hardware address."""
    OFFICE = 1
    """A subnet that is declared as IT: nothing but malware is reported between two such addresses."""
    INTERNET = 2
    GROUP = 3
    """Multicast or broadcast."""
    NOWHERE = 4
    """The unspecified address, used while a device has none."""
    IMPOSSIBLE = 5
    """Reserved: must not appear on a wire."""


@dataclass(slots=True)
class Places:
    """Answers by address text, remembering the answers."""

    local: tuple[Network, ...] = ()
    """Public ranges that belong to the plant; private ranges always do."""
    office: tuple[Network, ...] = ()
    _known: dict[str, Place] = field(default_factory=dict)

    def of(self, address: str) -> Place:
        """The place of an IP address, or LOCAL for a hardware address (GROUP when its group bit is set)."""
        place = self._known.get(address)
        if place is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            place = self._known[address] = self._find(address)
        return place

    def is_group(self, end: Endpoint) -> bool:
        """Whether a destination stands for several devices; of subnet broadcasts only the frame tells."""
        return end.mac[1:2] in _ODD_DIGITS or self.of(end.address) is Place.GROUP

    def _find(self, text: str) -> Place:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return _hardware(text)
        if any(address in network for network in self.office):
            return Place.OFFICE
        if any(address in network for network in self.local):
            return Place.LOCAL
        return _internet_protocol(address)


def _hardware(text: str) -> Place:
    try:
        return Place.GROUP if int(text[:2], 16) & 1 else Place.LOCAL
    except ValueError:
        return Place.LOCAL


def _internet_protocol(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Place:
    if address.is_unspecified:
        return Place.NOWHERE
    if address.is_multicast or str(address) == "255.255.255.255":
        return Place.GROUP
    if address.version == 4 and address in _RESERVED:
        return Place.IMPOSSIBLE
    if address.is_global:
        return Place.INTERNET
    return Place.LOCAL


_RESERVED: Final = ipaddress.ip_network("240.0.0.0/4")
