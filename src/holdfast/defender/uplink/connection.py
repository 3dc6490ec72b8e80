"""Runs the uplink over TLS in a thread of its own, and connects again for as long as the sensor runs."""

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import Identity, SensorState
from holdfast.defender.uplink.uplink import Uplink
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import HoldfastError, UnavailableError

CONNECT_SECONDS: Final = 15.0
STEP_SECONDS: Final = 0.2
"""How long one look for news from the platform lasts; what the spool gets meanwhile waits for it."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Between attempts, doubled each time, with chance, so that many sensors do not come back at once."""
_READ = 64 * 1024


def client_context(identity: Identity, randomness: Randomness) -> ssl.SSLContext:
    """TLS 1.2 or 1.3 with the sensor's certificate, trusting the platform's root alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=identity.root)
    load_certificate(context, identity.certificate, identity.key, randomness)
    return context


def load_certificate(context: ssl.SSLContext, certificate: str, key: str, randomness: Randomness) -> None:
    """Give the context a certificate with its key.

    `ssl` reads keys from files only, so the key passes through one that is encrypted with a passphrase of
    this moment and gone before the call returns.
    """
    passphrase = randomness.bytes(32).hex().encode()
    private = load_pem_private_key(key.encode(), password=None)
    sealed = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    with tempfile.NamedTemporaryFile(prefix="holdfast-", suffix=".pem") as file:
        file.write(certificate.encode() + b"\n" + sealed)
        file.flush()
        context.load_cert_chain(file.name, password=passphrase)


class UplinkThread:
    """Keeps a sensor connected until it is stopped."""

    def __init__(
        self,
        state: SensorState,
        spool: Spool,
        clock: Clock,
        randomness: Randomness,
        tell: Callable[[str], None],
    ) -> None:
        """`tell` is given a sentence whenever the connection comes or goes."""
        self._identity = state.identity()
        self._state = state
        self._spool = spool
        self._clock = clock
        self._randomness = randomness
        self._tell = tell
        self.is_connected = False
        self._stopping = threading.Event()
        self._context = client_context(self._identity, randomness)
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, grace: float = 10.0) -> None:
        """End; what the spool holds is sent within `grace` seconds, or by the next run."""
        deadline = self._clock.monotonic() + grace
        while self._spool.octets and self._thread.is_alive() and self._clock.monotonic() < deadline:
            if self._stopping.wait(STEP_SECONDS):
                break
        self._stopping.set()
        self._thread.join(CONNECT_SECONDS)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            try:
                self._connection()
            except (HoldfastError, OSError) as error:
                self._tell(f"no connection to {self._identity.host}: {error}")
            except Exception as error:  # a fault of ours must not end the reporting for good
                self._tell(f"the connection to {self._identity.host} failed inside: {error!r}")
            self.is_connected = False
            if self._clock.monotonic() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            chance = self._randomness.bytes(1)[0] / 255
            self._stopping.wait(pause * (0.5 + chance / 2))
            pause = min(pause * 2, LONGEST_PAUSE)

    def _connection(self) -> None:
        identity = self._identity
        address = (identity.host, identity.port)
        with (
            socket.create_connection(address, CONNECT_SECONDS) as plain,
            self._context.wrap_socket(plain, server_hostname=identity.host) as tls,
        ):
            uplink = Uplink(identity, self._state, self._spool)
            tls.sendall(uplink.begin(self._clock.monotonic()))
            tls.settimeout(STEP_SECONDS)
            while not self._stopping.is_set():
                self._step(tls, uplink)
                if uplink.is_connected and not self.is_connected:
                    self.is_connected = True
                    self._tell(f"connected to {identity.host} as {identity.device}")

    def _step(self, tls: ssl.SSLSocket, uplink: Uplink) -> None:
        for data in uplink.poll(self._clock.monotonic()):
            _send(tls, data)
        arrived = b""
        with contextlib.suppress(TimeoutError):
            arrived = tls.recv(_READ)
            if not arrived:
                raise UnavailableError("the platform ended the connection")
        now = self._clock.monotonic()
        for data in uplink.receive(arrived, now):
            _send(tls, data)
        if uplink.is_dead(now):
            raise UnavailableError("the platform gives no sign of life")


def _send(tls: ssl.SSLSocket, data: bytes) -> None:
    """All of it, however slow the line is."""
    tls.settimeout(CONNECT_SECONDS)
    tls.sendall(data)
    tls.settimeout(STEP_SECONDS)
