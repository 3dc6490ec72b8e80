"""PROXY protocol version 2: how a load balancer says for whom it connects.

Format: section 2.2 of the specification (haproxy.org, proxy-protocol.txt). Version 1, the textual one, is not
taken: it has no length in front, so that a listener cannot tell where it ends without trusting it.
"""

import ipaddress
from typing import NamedTuple

from holdfast.kernel.network import parse_address
from holdfast.protocol.errors import ProtocolError

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
MAXIMUM_BODY = 2048
"""Bytes behind the fixed part; addresses take 36, and type-length-values (a balancer's TLS details) seldom
some hundred. The field could say 65,535."""

_FIXED = 16
_LOCAL, _PROXY = 0x20, 0x21
_TCP4, _TCP6 = 0x11, 0x21
_ADDRESS_BYTES = {_TCP4: 4, _TCP6: 16}


class ProxyError(ProtocolError):
    """The connection does not begin with a PROXY header that is understood here."""


class ProxyHeader(NamedTuple):
    """Who connects in truth."""

    length: int
    """Bytes of the header; what follows is the connection's own."""
    address: str = ""
    """The client's IP address; empty when the balancer speaks for itself (a health check)."""
    port: int = 0


def parse_proxy(data: bytes) -> ProxyHeader | None:
    """The header at the beginning of `data`; None while it is not complete."""
    if data[: len(SIGNATURE)] != SIGNATURE[: len(data)]:
        raise ProxyError("The balancer sent no PROXY protocol v2 header.")
    if len(data) < _FIXED:
        return None
    command, family, size = data[12], data[13], int.from_bytes(data[14:16], "big")
    if command not in {_LOCAL, _PROXY}:
        raise ProxyError("The PROXY header has another version or an unknown command.")
    if size > MAXIMUM_BODY:
        raise ProxyError(f"The PROXY header is longer than {MAXIMUM_BODY} bytes.")
    if len(data) < _FIXED + size:
        return None
    if command == _LOCAL:
        return ProxyHeader(_FIXED + size)
    return _parse_addresses(family, data[_FIXED : _FIXED + size])


def missing(data: bytes) -> int:
    """How many bytes behind `data`, an incomplete header that `parse_proxy` found nothing wrong with, are the
    header's for certain: whoever reads no more than this takes nothing of what follows."""
    if len(data) < _FIXED:
        return _FIXED - len(data)
    return _FIXED + int.from_bytes(data[14:16], "big") - len(data)


def _parse_addresses(family: int, body: bytes) -> ProxyHeader:
    width = _ADDRESS_BYTES.get(family)
    if width is None:
        raise ProxyError("The PROXY header is for no TCP connection over IPv4 or IPv6.")
    if len(body) < 2 * width + 4:
        raise ProxyError("The PROXY header is too short for its addresses.")
    port = int.from_bytes(body[2 * width : 2 * width + 2], "big")
    # A balancer that listens on both families names an IPv4 client by its mapped IPv6 address.
    address = parse_address(str(ipaddress.ip_address(body[:width])))
    return ProxyHeader(_FIXED + len(body), str(address), port)


def encode_proxy(source: str, source_port: int, target: str, target_port: int) -> bytes:
    """The header that a balancer sends for a TCP connection from `source` to `target`."""
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    family = _TCP4 if len(addresses) == 8 else _TCP6
    body = addresses + source_port.to_bytes(2, "big") + target_port.to_bytes(2, "big")
    return SIGNATURE + bytes((_PROXY, family)) + len(body).to_bytes(2, "big") + body
