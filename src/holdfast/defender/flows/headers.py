"""Numbers of the headers below TCP and UDP, and how keys of flows are made of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

# EtherTypes (IEEE 802 numbers)
IPV4: Final = 0x0800
IPV6: Final = 0x86DD
VLAN_TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
MPLS: Final = frozenset({0x8847, 0x8848})
PPPOE_SESSION: Final = 0x8864
MAXIMUM_LENGTH: Final = 0x05DC
"""Up to here the field is IEEE 802.3's length, and LLC follows."""
SNAP_SHIFT: Final = 16
"""LLC and SNAP frames are found under `1 << 40 | organization << 16 | protocol`, plain LLC under `1 << 48 |
DSAP`."""

# IP protocols (IANA)
ICMP: Final = 1
IPV4_IN_IP: Final = 4
TCP: Final = 6
UDP: Final = 17
IPV6_IN_IP: Final = 41
GRE: Final = 47
ICMPV6: Final = 58
TUNNELS: Final = frozenset({GRE, IPV4_IN_IP, IPV6_IN_IP})
IPV6_EXTENSIONS: Final = frozenset({0, 43, 60, 135, 139, 140})
IPV6_FRAGMENT: Final = 44
AUTHENTICATION_HEADER: Final = 51
NO_NEXT_HEADER: Final = 59

# UDP ports of tunnels
VXLAN_PORT: Final = 4789


@lru_cache(maxsize=65_536)
def vlan_prefix(vlans: tuple[int, ...]) -> bytes:
    """What sets a key apart from the same addresses on another VLAN."""
    return b"".join(vlan.to_bytes(4, "big", signed=True) for vlan in vlans)


def opposite_key(key: bytes, prefix: int, address: int, tail: int) -> bytes:
    """The key of the other direction: two addresses of `address` bytes change places, then two halves of the
    `tail` bytes at the end (ports), where `tail` is not zero. `prefix` bytes in front stay."""
    if not prefix and address == 4 and tail == 4:
        return key[4:8] + key[:4] + key[10:12] + key[8:10]
    first, second = prefix + address, prefix + 2 * address
    half = tail // 2
    swapped = key[first:second] + key[prefix:first]
    ports = key[second + half : second + tail] + key[second : second + half]
    return key[:prefix] + swapped + ports + key[second + tail :]
