"""PROXY protocol headers."""

from holdfast.protocol.proxy import SIGNATURE, ProxyError, parse_proxy


def target(data: bytes) -> None:
    """The bytes are tried with and without the signature in front."""
    for candidate in (data, SIGNATURE + data):
        try:
            header = parse_proxy(candidate)
        except ProxyError:
            continue
        assert header is None or header.length <= len(candidate)
