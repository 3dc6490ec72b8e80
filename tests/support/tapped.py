"""A device's real conversation with a running instance, and what a mirror port would have copied of it."""

import socket
import ssl

from holdfast.protocol.mqtt.client import Connected, MqttClient
from holdfast.protocol.sas import decode_key, sign_sas
from tests.support.running import RunningInstance
from tests.support.traffic.wire import Wire

PORT = 8883
EXPIRY = 4_000_000_000
PATIENCE = 60


class TappedDevice:
    """A device that connects from an address of its own; what its connection carries goes on `wire` too."""

    def __init__(self, instance: RunningInstance, device: str, key: str, address: str) -> None:
        self.wire = Wire()
        self._copy = self.wire.connect(address, instance.address, PORT)
        self._socket = socket.create_connection((instance.address, PORT), PATIENCE, (address, 0))
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=instance.root_ca)
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=instance.address)
        self._mqtt = MqttClient()
        self._shake_hands()
        user = f"{instance.address}/{device}/?api-version=2021-04-12"
        token = sign_sas(f"{instance.address}/devices/{device}", decode_key(key), EXPIRY)
        self._say(self._mqtt.connect(device, user, token))
        while not any(
            isinstance(event, Connected) and event.code == 0 for event in self._mqtt.feed(self._hear())
        ):
            pass

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
                self._flush()
                return
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()

    def _say(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def _hear(self) -> bytes:
        while True:
            try:
                return self._tls.read()
            except ssl.SSLWantReadError:
                self._fill()

    def _flush(self) -> None:
        data = self._out.read()
        if data:
            self._socket.sendall(data)
            self._copy.send(data)

    def _fill(self) -> None:
        data = self._socket.recv(65_536)
        if not data:
            raise ConnectionError("the instance ended the connection")
        self._copy.answer(data)
        self._in.write(data)
