"""Logging in as a device, by hand: a CONNECT over TLS and what comes back (OASIS MQTT 3.1.1, section 3.1)."""

import contextlib
import ssl
import struct
from pathlib import Path
from typing import NamedTuple

from holdfast.baseline.probes.context import Endpoint, ProbeContext
from holdfast.baseline.probes.sockets import connected

_USER_NAME, _PASSWORD, _CLEAN_SESSION = 0x80, 0x40, 0x02
_CONNACK = 0x20
API_VERSION = "2021-04-12"


class Login(NamedTuple):
    """What a device presents."""

    device: str
    password: str = ""
    """A shared access signature; empty for a device that has a certificate."""
    certificate: Path | None = None
    """PEM with the chain, leaf first, and the key."""


def log_in(context: ProbeContext, endpoint: Endpoint, login: Login) -> int | None:
    """The code of the answer, 0 for a session; None when the connection ends without any.

    Raises OSError when there is no TLS connection with a certificate that verifies.
    """
    trust = ssl.create_default_context(cafile=str(context.authority) if context.authority else None)
    if login.certificate is not None:
        trust.load_cert_chain(login.certificate)
    with (
        connected(context, endpoint) as connection,
        trust.wrap_socket(connection, server_hostname=endpoint.server_name) as tls,
        contextlib.suppress(ConnectionError, TimeoutError, ssl.SSLError),
    ):
        tls.sendall(connect_packet(endpoint.server_name, login))
        answer = tls.recv(4)
        return answer[3] if len(answer) == 4 and answer[0] == _CONNACK else None
    return None


def connect_packet(host: str, login: Login) -> bytes:
    """The CONNECT of a device at the hub `host`."""
    flags = _CLEAN_SESSION | _USER_NAME | (_PASSWORD if login.password else 0)
    fields = [login.device, f"{host}/{login.device}/?api-version={API_VERSION}"]
    fields += [login.password] if login.password else []
    body = _text("MQTT") + bytes([4, flags]) + struct.pack(">H", 60) + b"".join(map(_text, fields))
    return b"\x10" + _length(len(body)) + body


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _length(size: int) -> bytes:
    """Seven bits a byte, the lowest first (section 2.2.3)."""
    encoded = bytearray()
    while size > 0x7F:
        encoded.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*encoded, size])
