"""IP ranges: `ipRangeContains` of the policy language and the CIDR functions of templates."""

import ipaddress
from typing import Final

from holdfast.policy.language.functions.base import Function, whole
from holdfast.policy.language.values import UNDEFINED

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(value: object) -> _Network | None:
    """The range that a text names; host bits may be set, an address alone is a range of one."""
    if not isinstance(value, str) or "%" in value:
        return None
    try:
        return ipaddress.ip_network(value.strip(), strict=False)
    except ValueError:
        return None


def _contains(outer: object, inner: object) -> object:
    """Whether a range in CIDR form holds an address or a whole range; `a-b` is a range of addresses too.

    What is no range, and ranges of different families, are faults, as documented.
    """
    first = _bounds(outer)
    second = _bounds(inner)
    if first is None or second is None or first[0].version != second[0].version:
        return UNDEFINED
    return int(first[0]) <= int(second[0]) and int(second[1]) <= int(first[1])


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _bounds(value: object) -> tuple[_Address, _Address] | None:
    if isinstance(value, str) and "-" in value:
        low, _, high = value.partition("-")
        first, last = _network(low), _network(high)
        if first is None or last is None or first.version != last.version or int(first[0]) > int(last[-1]):
            return None
        return first[0], last[-1]
    network = _network(value)
    return None if network is None else (network[0], network[-1])


def _parse_cidr(value: object) -> object:
    network = _network(value)
    if network is None:
        return UNDEFINED
    parts: dict[str, object] = {"network": str(network.network_address), "netmask": str(network.netmask)}
    if isinstance(network, ipaddress.IPv4Network):
        parts["broadcast"] = str(network.broadcast_address)
    usable = network.num_addresses > 2 and network.version == 4
    parts["firstUsable"] = str(network[1] if usable else network[0])
    parts["lastUsable"] = str(network[-2] if usable else network[-1])
    parts["cidr"] = network.prefixlen
    return parts


def _cidr_subnet(value: object, prefix: object, index: object) -> object:
    network, length, position = _network(value), whole(prefix), whole(index)
    if network is None or length is None or position is None:
        return UNDEFINED
    if not network.prefixlen <= length <= network.max_prefixlen:
        return UNDEFINED
    if not 0 <= position < 1 << (length - network.prefixlen):
        return UNDEFINED
    size = 1 << (network.max_prefixlen - length)
    return f"{network.network_address + position * size}/{length}"


def _cidr_host(value: object, index: object) -> object:
    network, position = _network(value), whole(index)
    if network is None or position is None or not 0 <= position < network.num_addresses - 1:
        return UNDEFINED
    return str(network[position + 1])


FUNCTIONS: Final = (
    Function("cidrHost", _cidr_host, 2, 2, of_text=True),
    Function("cidrSubnet", _cidr_subnet, 3, 3, of_text=True),
    Function("ipRangeContains", _contains, 2, 2, of_text=True),
    Function("parseCidr", _parse_cidr, 1, 1, of_text=True),
)
