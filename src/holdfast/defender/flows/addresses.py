"""Addresses as text and as bytes."""

import ipaddress
from functools import lru_cache

from holdfast.defender.flows.model import Direction, Endpoint


@lru_cache(maxsize=65_536)
def mac_text(octets: bytes) -> str:
    """Six bytes as `00:1d:9c:c7:b0:70`; none as nothing."""
    return octets.hex(":")


@lru_cache(maxsize=65_536)
def ip_text(octets: bytes) -> str:
    """Four or sixteen bytes as an IPv4 or IPv6 address (RFC 5952)."""
    if len(octets) == 4:
        return "%d.%d.%d.%d" % tuple(octets)  # noqa: UP031 - three times as fast as the alternatives
    return str(ipaddress.IPv6Address(octets))


def header_marks(direction: Direction) -> tuple[bytes, bytes]:
    """What stands in the headers of packets of this direction, and in those of the other.

    Addresses and ports stand side by side in IPv4 (without options) and IPv6 headers, MAC addresses in
    Ethernet's.
    """
    there, back = direction.source, direction.destination
    if there.ip:
        return _internet_mark(there, back), _internet_mark(back, there)
    return _mac_bytes(back) + _mac_bytes(there), _mac_bytes(there) + _mac_bytes(back)


def _internet_mark(source: Endpoint, destination: Endpoint) -> bytes:
    addresses = ipaddress.ip_address(source.ip).packed + ipaddress.ip_address(destination.ip).packed
    if not source.port and not destination.port:
        return addresses
    return addresses + source.port.to_bytes(2, "big") + destination.port.to_bytes(2, "big")


def _mac_bytes(endpoint: Endpoint) -> bytes:
    return bytes.fromhex(endpoint.mac.replace(":", ""))
