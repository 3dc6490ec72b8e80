"""Speaking as a device, by hand: CONNECT, PUBLISH and what comes back (OASIS MQTT 3.1.1)."""

import contextlib
import ssl
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from holdfast.baseline.probes.context import ProbeContext, Surface
from holdfast.baseline.probes.wires import Wire, opened

_USER_NAME, _PASSWORD, _CLEAN_SESSION = 0x80, 0x40, 0x02
_CONNACK, _PUBLISH_ONCE_AT_LEAST, _PUBACK = 0x20, 0x32, 0x40
_PACKET = b"\0\1"
"""The id of the only packet that waits for an answer."""
API_VERSION = "2021-04-12"
ACCEPTED = 0


class Login(NamedTuple):
    """What a device presents."""

    device: str
    password: str = ""
    """A shared access signature; empty for a device that has a certificate."""
    certificate: Path | None = None
    """PEM with the chain, leaf first, and the key."""


def log_in(context: ProbeContext, surface: Surface, login: Login) -> int | None:
    """The code of the answer, 0 for a session; None when the connection ends without any.

    Raises OSError when there is no connection with a certificate that verifies.
    """
    with opened(context, surface, login.certificate) as wire:
        return _answer(context, surface, wire, login)


def _answer(context: ProbeContext, surface: Surface, wire: Wire, login: Login) -> int | None:
    with contextlib.suppress(ConnectionError, TimeoutError, ssl.SSLError):
        wire.send(_connect(context.endpoints[surface].server_name, login))
        answer = wire.receive(4)
        return answer[3] if len(answer) == 4 and answer[0] == _CONNACK else None
    return None


@contextlib.contextmanager
def session(context: ProbeContext, surface: Surface, login: Login) -> Iterator[Wire]:
    """A device's session. RuntimeError when the login is refused, OSError when there is no connection."""
    with opened(context, surface, login.certificate) as wire:
        code = _answer(context, surface, wire, login)
        if code != ACCEPTED:
            raise RuntimeError(f"{surface}: the login was refused (code {code})")
        yield wire


def publish(wire: Wire, device: str, payload: bytes) -> bool:
    """Send telemetry with quality of service 1; whether it was acknowledged, which means: stored."""
    body = _text(f"devices/{device}/messages/events/") + _PACKET + payload
    wire.send(bytes([_PUBLISH_ONCE_AT_LEAST]) + _length(len(body)) + body)
    return wire.receive(4) == bytes([_PUBACK, 2]) + _PACKET


def _connect(host: str, login: Login) -> bytes:
    """The CONNECT of a device at the hub `host` (section 3.1)."""
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
