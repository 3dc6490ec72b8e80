"""Which addresses may connect to a listener: named IP rules, evaluated before TLS.

One pure function decides for every listener. The switch `public network access: disabled` (MCSB NS-2) comes
first: with it, only addresses inside the private networks that the operator names get any further.
"""

import ipaddress
from dataclasses import dataclass
from typing import Literal

from holdfast.kernel.errors import InvalidError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAXIMUM_RULES = 1024
"""A listener's rules are walked at every accept; Azure's own networkRuleSets allow fewer."""


@dataclass(frozen=True, slots=True)
class IpRule:
    """An allowed network with the name that people gave it."""

    name: str
    network: Network


@dataclass(frozen=True, slots=True)
class NetworkRules:
    """The rules of one listener."""

    default_action: Literal["Allow", "Deny"] = "Allow"
    """For an address that no rule names."""
    rules: tuple[IpRule, ...] = ()
    public_access: bool = True
    private_networks: tuple[Network, ...] = ()
    """The only addresses that get through when public access is disabled."""

    def verdict(self, address: str) -> str:
        """Empty when the address may connect, else why not."""
        parsed = parse_address(address)
        if not self.public_access and not any(parsed in network for network in self.private_networks):
            return "public network access is disabled and the address is in no private network"
        if self.default_action == "Allow" or any(parsed in rule.network for rule in self.rules):
            return ""
        return "no IP rule allows the address"


def parse_address(text: str) -> Address:
    """An address without zone; an IPv4 address mapped into IPv6 is the IPv4 address (RFC 4291 2.5.5.2).

    Raises InvalidError.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        raise InvalidError(f"{text!r} is not an IP address.") from None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def parse_network(text: str, field: str = "") -> Network:
    """A network (`10.0.0.0/8`, `fd00::/8`) or a single address. Raises InvalidError naming `field`."""
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError:
        message = f"{text!r} is not a network; write an address or a range such as 10.1.0.0/16."
        raise InvalidError(message, field) from None
