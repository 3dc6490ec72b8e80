"""A sensor's health over SNMP (v2c, or v3 with authentication and encryption): read only, and health only.

The agent answers at the address that it is given, which belongs to the management network and never to the
interface that is watched. Its objects are the documented ones of a sensor, `1.3.6.1.4.1.53313`, and our own
counters below `.100`. A manager that asks too often is not answered: watching goes first.
"""

import asyncio
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from pysnmp.carrier.asyncio.dgram.udp import UdpTransport
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto import rfc1902, rfc1905
from pysnmp.smi.instrum import AbstractMibInstrumController

from holdfast.defender.sensor.live import LiveRun
from holdfast.kernel.errors import InvalidError, UnavailableError

ROOT: Final = (1, 3, 6, 1, 4, 1, 53313)
PORT: Final = 161
QUERIES_A_SECOND: Final = 50
LEAST_SECRET: Final = 8
"""Characters of a password (RFC 3414, section 11.2), and of our communities: `public` is none."""

Oid = tuple[int, ...]
Values = Mapping[Oid, object]
"""SNMP values by object."""


class Secrets(NamedTuple):
    """Who may ask: a community (v2c), or a user with both passwords (v3: HMAC-SHA, AES-128)."""

    community: str = ""
    user: str = ""
    authentication: str = ""
    privacy: str = ""

    def check(self) -> None:
        """InvalidError where nobody could ask, or anybody could guess."""
        if not self.community and not self.user:
            raise InvalidError(
                "SNMP needs HOLDFAST_SNMP_COMMUNITY (version 2c), or HOLDFAST_SNMP_USER with "
                "HOLDFAST_SNMP_AUTHENTICATION and HOLDFAST_SNMP_PRIVACY (version 3)."
            )
        own = [self.authentication, self.privacy] if self.user else []
        if any(len(secret) < LEAST_SECRET for secret in (*own, *filter(None, [self.community]))):
            raise InvalidError(f"Communities and passwords of SNMP have at least {LEAST_SECRET} characters.")


def values_of(live: LiveRun, folder: Path) -> Values:
    """The objects of a sensor that keeps its state in a folder, in order."""
    health = live.health
    known: dict[Oid, object] = {
        (1, 0): rfc1902.OctetString(live.sensor.settings.name.encode()),
        (2, 0): rfc1902.OctetString((health.version if health else "").encode()),
        (3, 4, 0): rfc1902.Gauge32(_disk_percent(folder)),
        (5, 0): rfc1902.OctetString(b"RUNNING" if health else b"STARTING"),
        (6, 0): rfc1902.OctetString(live.connection().encode()),
        (7, 0): rfc1902.OctetString(b"not needed"),
    }
    if health is not None:
        known |= {
            (3, 1, 0): rfc1902.Gauge32(min(round(health.processor), 100)),
            (3, 3, 0): rfc1902.Gauge32(_memory_percent(health.memory)),
            (100, 1, 0): rfc1902.Counter64(health.packets),
            (100, 2, 0): rfc1902.Counter64(health.dropped),
            (100, 3, 0): rfc1902.Gauge32(min(round(health.silent_for), 2**32 - 1)),
            (100, 4, 0): rfc1902.Gauge32(min(health.spool_bytes, 2**32 - 1)),
            (100, 5, 0): rfc1902.Counter64(health.spool_lost),
            (100, 6, 0): rfc1902.Gauge32(health.alerts),
            (100, 7, 0): rfc1902.Gauge32(health.assets),
        }
    return {(*ROOT, *own): known[own] for own in sorted(known)}


def _disk_percent(folder: Path) -> int:
    """How full the disk is."""
    disk = shutil.disk_usage(folder)
    return round(100 * disk.used / disk.total)


def _memory_percent(octets: int) -> int:
    """Of the machine's memory."""
    first = Path("/proc/meminfo").read_text(encoding="ascii").partition("\n")[0]
    return min(round(100 * octets / (int(first.split()[1]) * 1024)), 100)


class Agent:
    """Answers in a thread of its own until it is stopped. The socket is opened when it is made, as root."""

    def __init__(self, address: str, port: int, secrets: Secrets) -> None:
        """Raises InvalidError for secrets that are none, UnavailableError where the port is taken."""
        secrets.check()
        self._secrets = secrets
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.bind((address, port))
        except OSError as error:
            self._socket.close()
            raise UnavailableError(f"SNMP cannot answer at {address}:{port}: {error.strerror}.") from None
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    def start(self, current: Callable[[], Values]) -> None:
        """Begin to answer with what is current."""
        self._thread = threading.Thread(target=self._run, args=(current,), name="snmp", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; returns when nothing answers any more."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._socket.close()

    def _run(self, current: Callable[[], Values]) -> None:
        asyncio.set_event_loop(self._loop)
        made = _engine(self._loop, self._socket, self._secrets, _Objects(current))
        try:
            self._loop.run_forever()
        finally:
            made.close_dispatcher()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()


@contextmanager
def agent_at(address: str, secrets: Secrets) -> Iterator[Agent | None]:
    """An agent for `ADDRESS` or `ADDRESS:PORT` (IPv6 in brackets); none for the empty text."""
    if not address:
        yield None
        return
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, str(PORT)
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise InvalidError(f"'{address}' is no address of SNMP; write it as 10.0.0.5 or 10.0.0.5:1161.")
    agent = Agent(host.strip("[]"), int(port), secrets)
    try:
        yield agent
    finally:
        agent.stop()


class _Patient(UdpTransport):  # type: ignore[misc]  # the library has no types
    """Answers so many queries a second and leaves the others unread."""

    _second = 0
    _answered = 0

    def datagram_received(self, datagram: bytes, transportAddress: object) -> None:  # noqa: N803 - the library's name
        """See asyncio.DatagramProtocol."""
        second = int(self.loop.time())
        self._answered = self._answered + 1 if second == self._second else 1
        self._second = second
        if self._answered <= QUERIES_A_SECOND:
            super().datagram_received(datagram, transportAddress)


class _Objects(AbstractMibInstrumController):  # type: ignore[misc]  # the library has no types
    """The values as the library asks for them: pairs of name and value."""

    def __init__(self, current: Callable[[], Values]) -> None:
        self._current = current

    def read_variables(self, *varBinds: tuple[Any, Any], **_context: object) -> list[tuple[Any, Any]]:  # noqa: N803 - the library's names and untyped values
        """GET."""
        known = self._current()
        return [(name, known.get(tuple(name), rfc1905.noSuchObject)) for name, _ in varBinds]

    def read_next_variables(self, *varBinds: tuple[Any, Any], **_context: object) -> list[tuple[Any, Any]]:  # noqa: N803 - the library's names and untyped values
        """GETNEXT and GETBULK."""
        known = self._current()
        return [_after(name, known) for name, _ in varBinds]


def _after(name: Any, known: Values) -> tuple[Any, Any]:  # Any: the library's names and values
    found = next((each for each in known if each > tuple(name)), None)
    if found is None:
        return name, rfc1905.endOfMibView
    return rfc1902.ObjectName(found), known[found]


def _engine(
    loop: asyncio.AbstractEventLoop, listening: socket.socket, secrets: Secrets, objects: _Objects
) -> Any:  # the library has no types
    made = engine.SnmpEngine()
    transport = _Patient(loop=loop).open_server_mode(sock=listening)
    config.add_transport(made, config.SNMP_UDP_DOMAIN, transport)
    if secrets.community:
        config.add_v1_system(made, "reader", secrets.community)
        _allow(made, 2, "reader", "noAuthNoPriv")
    if secrets.user:
        config.add_v3_user(
            made,
            secrets.user,
            config.USM_AUTH_HMAC96_SHA,
            secrets.authentication,
            config.USM_PRIV_CFB128_AES,
            secrets.privacy,
        )
        _allow(made, 3, secrets.user, "authPriv")
    served = context.SnmpContext(made)
    served.unregister_context_name("")
    served.register_context_name("", objects)
    for responder in _RESPONDERS:
        responder(made, served)
    return made


_RESPONDERS: Final[Sequence[Any]] = (  # Any: as above
    cmdrsp.GetCommandResponder,
    cmdrsp.NextCommandResponder,
    cmdrsp.BulkCommandResponder,
)
"""Reading alone: nothing can be set."""


def _allow(made: Any, model: int, who: str, level: str) -> None:  # Any: as above
    config.add_vacm_user(made, model, who, level, ROOT)
