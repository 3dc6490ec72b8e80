"""Numbers of the headers below TCP and UDP, and how keys of flows are made of them."""

from __future__ import annotations

from functools import lru_cache

# EtherTypes (IEEE 802 numbers)
IPV4, IPV6 = 0x0800, 0x86DD
VLAN_TAGS = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
MPLS = frozenset({0x8847, 0x8848})
PPPOE_SESSION = 0x8864
MAXIMUM_LENGTH = 0x05DC
"""Up to here the field is IEEE 802.3's length, and LLC follows."""
SNAP_SHIFT = 16
"""LLC and SNAP frames are found under `1 << 40 | organization << 16 | protocol`, plain LLC under `1 << 48 |
DSAP`."""

# IP protocols (IANA)
ICMP, IPV4_IN_IP, TCP, UDP, IPV6_IN_IP, GRE, ICMPV6 = 1, 4, 6, 17, 41, 47, 58
TUNNELS = frozenset({GRE, IPV4_IN_IP, IPV6_IN_IP})
IPV6_EXTENSIONS = frozenset({0, 43, 60, 135, 139, 140})
IPV6_FRAGMENT, AUTHENTICATION_HEADER, NO_NEXT_HEADER = 44, 51, 59

# UDP ports of tunnels
VXLAN_PORT = 4789


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
