"""Connections of probes: from the probes' own address, with an end, and closed whatever happens."""

import contextlib
import socket
import ssl
from collections.abc import Iterator

from holdfast.baseline.probes.context import Endpoint, ProbeContext

MAXIMUM_ANSWER = 4_096
"""Bytes of an answer that a probe reads; enough to tell what it is."""


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
