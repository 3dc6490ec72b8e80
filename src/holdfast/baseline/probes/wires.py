"""Bytes of the device protocol to and from a listener: straight over TLS, or in frames of a WebSocket."""

import base64
import contextlib
import ssl
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from holdfast.baseline.probes.context import Endpoint, ProbeContext, Surface
from holdfast.baseline.probes.sockets import connected

_WEBSOCKET_PATH = "/$iothub/websocket"
_BINARY_AND_WHOLE = 0x82
_MASKED = 0x80
_SHORT, _TWO_BYTES = 125, 126
"""Lengths up to 125 stand in the second byte; 126 says that two more hold it (RFC 6455, section 5.2)."""
_MAXIMUM_HEAD = 16_384


class Wire(Protocol):
    """A connection to a listener. Raises OSError when it breaks."""

    def send(self, data: bytes) -> None:
        """Send MQTT."""
        ...

    def receive(self, size: int) -> bytes:
        """So many bytes of MQTT; fewer when the other side closed."""
        ...


class TlsWire:
    """MQTT over TLS."""

    def __init__(self, tls: ssl.SSLSocket) -> None:
        self._tls = tls

    def send(self, data: bytes) -> None:
        """See `Wire.send`."""
        self._tls.sendall(data)

    def receive(self, size: int) -> bytes:
        """See `Wire.receive`."""
        read = b""
        while len(read) < size and (part := self._tls.recv(size - len(read))):
            read += part
        return read


class WebSocketWire:
    """MQTT in binary messages (RFC 6455), by hand, because what is judged is not to be trusted."""

    def __init__(self, context: ProbeContext, host: str, tls: ssl.SSLSocket) -> None:
        self._context = context
        self._under = TlsWire(tls)
        self._rest = b""
        key = base64.b64encode(context.randomness.bytes(16)).decode()
        head = (
            f"GET {_WEBSOCKET_PATH} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._under.send(head.encode())
        answer = self._head()
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise ConnectionError(f"no WebSocket but {answer[:40]!r}")

    def _head(self) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _MAXIMUM_HEAD and (part := self._under.receive(1)):
            head += part
        return head

    def send(self, data: bytes) -> None:
        """See `Wire.send`. One frame, masked as clients must."""
        mask = self._context.randomness.bytes(4)
        short = len(data) <= _SHORT
        length = (
            bytes([_MASKED | len(data)]) if short else struct.pack(">BH", _MASKED | _TWO_BYTES, len(data))
        )
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        self._under.send(bytes([_BINARY_AND_WHOLE]) + length + mask + masked)

    def receive(self, size: int) -> bytes:
        """See `Wire.receive`. Nothing more once the other side sent anything but data."""
        while len(self._rest) < size and (part := self._message()):
            self._rest += part
        read, self._rest = self._rest[:size], self._rest[size:]
        return read

    def _message(self) -> bytes:
        head = self._under.receive(2)
        if len(head) < 2 or head[0] != _BINARY_AND_WHOLE:
            return b""
        size = head[1]
        if size == _TWO_BYTES:
            size = int.from_bytes(self._under.receive(2), "big")
        return self._under.receive(size)


@contextlib.contextmanager
def opened(context: ProbeContext, surface: Surface, certificate: Path | None = None) -> Iterator[Wire]:
    """A connection to the listener of a surface whose certificate verifies. Raises OSError."""
    endpoint: Endpoint = context.endpoints[surface]
    trust = ssl.create_default_context(cafile=str(context.authority) if context.authority else None)
    if certificate is not None:
        trust.load_cert_chain(certificate)
    with (
        connected(context, endpoint) as connection,
        trust.wrap_socket(connection, server_hostname=endpoint.server_name) as tls,
    ):
        framed = surface is Surface.DEVICE_HTTPS
        yield WebSocketWire(context, endpoint.server_name, tls) if framed else TlsWire(tls)
