"""Vendors by hardware address, from the IEEE registry that netaddr carries."""

from functools import lru_cache
from typing import Final

from netaddr import EUI, AddrFormatError, NotRegisteredError

_LOCAL: Final = 0x02
_GROUP: Final = 0x01


@lru_cache(maxsize=16_384)
def vendor_of(mac: str) -> str:
    """The organization to which the address's prefix is registered; empty for local and unknown ones."""
    try:
        address = EUI(mac)
        if address.words[0] & (_LOCAL | _GROUP):
            return ""
        registered = address.iab if address.is_iab() else address.oui
        return str(registered.registration()["org"]) if registered is not None else ""
    except (AddrFormatError, NotRegisteredError, ValueError):
        return ""
