"""Packets from nothing: frames with correct headers, TCP conversations with sequence numbers, a clock.

`Wire` collects frames in the order of time; `play` gives them to a sensor without a file between.
"""

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from holdfast.defender.capture.packets import Block
from holdfast.defender.learned.stages import Stage
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.pipeline import Options, Pipeline
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings

BEGIN = 1_790_000_000.0
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10


def mac_of(ip: str) -> str:
    """A locally administered hardware address that belongs to an IP address."""
    packed = ipaddress.ip_address(ip).packed
    return bytes((0x02, 0x00, *packed[-4:])).hex(":")


def ethernet(source: str, destination: str, ethertype: int, payload: bytes) -> bytes:
    """A frame, padded to the minimum."""
    head = bytes.fromhex(destination.replace(":", "")) + bytes.fromhex(source.replace(":", ""))
    return (head + struct.pack(">H", ethertype) + payload).ljust(60, b"\0")


def internet(source: str, destination: str, protocol: int, payload: bytes) -> tuple[int, bytes]:
    """EtherType and packet of IPv4 or IPv6."""
    one, other = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if one.version == 6:
        head = struct.pack(">IHBB", 0x60000000, len(payload), protocol, 64)
        return 0x86DD, head + one.packed + other.packed + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0)
    return 0x0800, head + one.packed + other.packed + payload


@dataclass
class Wire:
    """What a sensor would hear."""

    now: float = BEGIN
    step: float = 0.001
    """Seconds between two frames."""
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    macs: dict[str, str] = field(default_factory=dict)
    """Hardware addresses that differ from `mac_of`."""
    port: int = 49152
    """The client port of the newest connection; the next one has the next."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def put(self, frame: bytes) -> None:
        """Add one frame."""
        self.frames.append((self.now, frame))
        self.now += self.step

    def mac(self, ip: str) -> str:
        """The hardware address of an IP address on this wire."""
        return self.macs.get(ip) or mac_of(ip)

    def ip(self, source: str, destination: str, protocol: int, payload: bytes) -> None:
        """Send an IP packet between two neighbours."""
        ethertype, packet = internet(source, destination, protocol, payload)
        address = ipaddress.ip_address(destination)
        target = self.mac(destination)
        if destination.endswith(".255"):
            target = "ff:ff:ff:ff:ff:ff"
        elif address.is_multicast:
            target = "01:00:5e:" + bytes(address.packed[-3:]).hex(":")
        self.put(ethernet(self.mac(source), target, ethertype, packet))

    def udp(self, source: str, sport: int, destination: str, dport: int, payload: bytes) -> None:
        """Send a datagram."""
        head = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0)
        self.ip(source, destination, 17, head + payload)

    def icmp(self, source: str, destination: str, kind: int, code: int = 0, rest: bytes = b"") -> None:
        """Send an ICMP message."""
        self.ip(source, destination, 1, struct.pack(">BBHHH", kind, code, 0, 1, 1) + rest)

    def arp(self, operation: int, sender: str, target: str, mac: str = "", target_mac: str = "") -> None:
        """Send an ARP message: 1 asks, 2 answers."""
        hardware = mac or self.mac(sender)
        asked = target_mac or ("00:00:00:00:00:00" if operation == 1 else self.mac(target))
        body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation)
        body += bytes.fromhex(hardware.replace(":", "")) + ipaddress.ip_address(sender).packed
        body += bytes.fromhex(asked.replace(":", "")) + ipaddress.ip_address(target).packed
        to = "ff:ff:ff:ff:ff:ff" if operation == 1 or sender == target else self.mac(target)
        self.put(ethernet(hardware, to, 0x0806, body))

    def syn(self, client: str, server: str, port: int, answer: int = 0) -> None:
        """A connection attempt: `answer` RST refuses it, 0 leaves it without an answer."""
        self.port += 1
        mine = self.port
        self.ip(client, server, 6, struct.pack(">HHIIBBHHH", mine, port, 1000, 0, 0x50, SYN, 8192, 0, 0))
        if answer:
            flags = answer | ACK
            self.ip(server, client, 6, struct.pack(">HHIIBBHHH", port, mine, 0, 1001, 0x50, flags, 0, 0, 0))

    def connect(self, client: str, server: str, port: int) -> "Connection":
        """A TCP connection after its handshake."""
        self.port += 1
        connection = Connection(self, client, server, self.port, port)
        connection.handshake()
        return connection


@dataclass
class Connection:
    """A TCP conversation between two hosts of a wire."""

    wire: Wire
    client: str
    server: str
    client_port: int
    server_port: int
    client_sequence: int = 1000
    server_sequence: int = 5000

    def handshake(self) -> None:
        self._client(SYN)
        self.client_sequence += 1
        self._server(SYN | ACK)
        self.server_sequence += 1
        self._client(ACK)

    def send(self, payload: bytes) -> None:
        """The client says something, in segments of at most 1460 bytes."""
        for start in range(0, len(payload), 1460):
            part = payload[start : start + 1460]
            self._client(PSH | ACK, part)
            self.client_sequence += len(part)

    def answer(self, payload: bytes) -> None:
        """The server says something."""
        for start in range(0, len(payload), 1460):
            part = payload[start : start + 1460]
            self._server(PSH | ACK, part)
            self.server_sequence += len(part)

    def ask(self, request: bytes, response: bytes) -> None:
        """One exchange."""
        self.send(request)
        self.answer(response)

    def close(self) -> None:
        self._client(FIN | ACK)
        self.client_sequence += 1
        self._server(FIN | ACK)
        self.server_sequence += 1
        self._client(ACK)

    def reset(self) -> None:
        self._server(RST | ACK)

    def _client(self, flags: int, payload: bytes = b"") -> None:
        acknowledged = self.server_sequence if flags & ACK else 0
        self._segment(True, flags, self.client_sequence, acknowledged, payload)

    def _server(self, flags: int, payload: bytes = b"") -> None:
        self._segment(False, flags, self.server_sequence, self.client_sequence, payload)

    def _segment(
        self, from_client: bool, flags: int, sequence: int, acknowledged: int, payload: bytes
    ) -> None:
        ports = (self.client_port, self.server_port) if from_client else (self.server_port, self.client_port)
        ends = (self.client, self.server) if from_client else (self.server, self.client)
        head = struct.pack(
            ">HHIIBBHHH", *ports, sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF, 0x50, flags, 8192, 0, 0
        )
        self.wire.ip(*ends, 6, head + payload)


def play(wire: Wire, sensor: Sensor) -> Sensor:
    """Let the sensor hear everything on the wire, to the end."""
    pipeline = Pipeline([sensor], Options(batch_packets=_BATCH))
    for block in blocks(wire):
        pipeline.feed(block)
    pipeline.finish()
    return sensor


def blocks(wire: Wire) -> Iterator[Block]:
    """What is on the wire, as a capture gives it."""
    for start in range(0, len(wire.frames), _BATCH):
        yield _block(wire.frames[start : start + _BATCH])


def _block(frames: list[tuple[float, bytes]]) -> Block:
    data = bytearray()
    packets = []
    for time, frame in frames:
        start = len(data)
        data += frame
        packets.append((round(time * 1e9), start, len(data), len(frame)))
    return Block(bytes(data), packets, 1)


_BATCH = 250
"""Packets a batch: small, so that short traffic is seen in several pieces."""


def sensor_for(
    learned: LearnedTraffic | None = None, *, enable: tuple[str, ...] = (), stage: Stage | None = None
) -> Sensor:
    """A sensor with everything on that `enable` names."""
    sensor = Sensor(SensorSettings(enabled=dict.fromkeys(enable, True)), learned)
    if stage is not None:
        sensor.learned.stages.enter(stage, BEGIN)
    return sensor
