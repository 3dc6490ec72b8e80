"""Connections of probes: from the probes' own address, with an end, and closed whatever happens."""

import contextlib
import socket
import ssl
from collections.abc import Iterator

from holdfast.baseline.probes.context import Endpoint, ProbeContext

MAXIMUM_ANSWER = 4_096
"""Bytes of an answer that a probe reads; enough to tell what it is."""

HANDSHAKE = 0x16
"""The type of a TLS record with a handshake message (RFC 8446, section 5.1)."""
USUAL_SUITES = bytes.fromhex("c02bc02cc02fc030c013c014c009c00a002f0035000a")


@contextlib.contextmanager
def connected(context: ProbeContext, endpoint: Endpoint, source: str = "") -> Iterator[socket.socket]:
    """A TCP connection to the endpoint from the probes' address, or from `source`. Raises OSError."""
    here = (source or context.source, 0)
    with socket.create_connection((endpoint.address, endpoint.port), context.seconds, here) as connection:
        yield connection


@contextlib.contextmanager
def secured(context: ProbeContext, endpoint: Endpoint) -> Iterator[ssl.SSLSocket]:
    """A TLS connection whose certificate was verified. Raises OSError (ssl.SSLError is one)."""
    trust = ssl.create_default_context(cafile=str(context.authority) if context.authority else None)
    with (
        connected(context, endpoint) as connection,
        trust.wrap_socket(connection, server_hostname=endpoint.server_name) as tls,
    ):
        yield tls


def answer_to(context: ProbeContext, endpoint: Endpoint, opening: bytes) -> bytes:
    """What the endpoint sends back to `opening`; nothing when it closes the connection or stays silent.

    Raises OSError when there is no connection at all.
    """
    with connected(context, endpoint) as connection, contextlib.suppress(ConnectionError, TimeoutError):
        connection.sendall(opening)
        return connection.recv(MAXIMUM_ANSWER)
    return b""


def client_hello(version: bytes, random: bytes, suites: bytes = USUAL_SUITES) -> bytes:
    """A ClientHello of at most `version` (RFC 5246, section 7.4.1.2) that offers `suites`.

    By hand, because a TLS library might refuse by itself what the other side should refuse.
    """
    groups, points = bytes.fromhex("000a0006000400170018"), bytes.fromhex("000b00020100")
    algorithms = bytes.fromhex("000d000e000c040305030603040105010201")
    extensions = groups + points + algorithms
    body = version + random + b"\0" + _sized(suites, 2) + b"\1\0" + _sized(extensions, 2)
    return bytes([HANDSHAKE]) + b"\3\0" + _sized(b"\1" + _sized(body, 3), 2)


def _sized(content: bytes, width: int) -> bytes:
    return len(content).to_bytes(width, "big") + content
