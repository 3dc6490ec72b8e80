"""Labelled attacks in the middle of recorded traffic: the attack's packets take the places of hosts that the
recording has, and come between its packets.

The first part of a recording is learned. A day later follows the second part, with the attack or its benign
twin in it.
"""

import heapq
import ipaddress
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from holdfast.alerts.model import Alert
from holdfast.defender.inventory.conversations import Conversation, ConversationKey
from holdfast.defender.learned.file import dump, load
from holdfast.defender.learned.stages import Stage
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.pipeline import Batch, analyze
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from tests.support.traffic.case import DAY, HMI, PLC, Case, Play
from tests.support.traffic.wire import Wire, mac_of, play, sensor_for

MAXIMUM_FRAMES = 1000
"""Of a recording; what comes later is left out."""
FEWEST_FRAMES = 20
"""Recordings with less have nothing to learn."""
_CASES_NETWORK = ipaddress.ip_network("10.1.0.0/24")
"""Where the hosts of all cases live."""
_FIRST_PORT = 20_000
"""Of injected connections: hosts seldom choose from here themselves."""
_IPV4, _ARP, _ETHERNET = 0x0800, 0x0806, 1

Frames = list[tuple[float, bytes]]
"""Unix seconds, and the packet."""


@dataclass(frozen=True)
class Recording:
    """Captured traffic, and the two of its hosts that an attack takes the places of."""

    name: str
    frames: Frames
    service: str
    """What the two speak."""
    client: str
    server: str
    weight: int
    """Packets between the two."""

    @property
    def parts(self) -> tuple[Frames, Frames]:
        """What is learned, and what is judged."""
        middle = len(self.frames) // 2
        return self.frames[:middle], self.frames[middle:]


class _Collector:
    """Keeps the packets of Ethernet."""

    def __init__(self) -> None:
        self.frames: Frames = []
        self._taken = 0

    def consume(self, batch: Batch) -> None:
        for packet in batch.packets.read(self._taken + 1, batch.frame):
            if packet.link_type == _ETHERNET and len(self.frames) < MAXIMUM_FRAMES:
                self.frames.append((packet.time / 1e9, packet.data))
        self._taken = batch.frame

    def finish(self) -> None:
        pass


def recordings(paths: Iterable[Path]) -> list[Recording]:
    """The captures in which two hosts with addresses of their own speak a protocol that is known."""
    found = []
    for path in paths:
        collector, sensor = _Collector(), Sensor(SensorSettings())
        analyze([path], [collector, sensor])
        recording = recorded(path.stem, collector.frames, sensor.conversations_now())
        if recording is not None and len(recording.frames) >= FEWEST_FRAMES:
            found.append(recording)
    return found


def recorded(
    name: str, frames: Frames, conversations: Iterable[tuple[ConversationKey, Conversation]]
) -> Recording | None:
    """The frames as a recording, if two of their hosts can be taken the places of."""
    suited = [
        (conversation.client_packets + conversation.server_packets, key)
        for key, conversation in conversations
        if key.protocol and key.client != key.server and _is_host(key.client) and _is_host(key.server)
    ]
    if not suited:
        return None
    weight, key = max(suited)
    in_order = sorted(frames, key=lambda frame: frame[0])
    return Recording(name, in_order, key.protocol, key.client, key.server, weight)


def _is_host(text: str) -> bool:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_loopback or text.endswith(".255"))


def unprovoked(recording: Recording, types: Iterable[str]) -> Counter[str]:
    """The alerts of these types that the second part raises by itself: what it does and the first part did
    not."""
    enabled = tuple(types)
    first, second = recording.parts
    learned = _play(first, sensor_for(enable=enabled)).learned
    learned.stages.enter(Stage.OPERATIONAL, second[0][0])
    later = [(time + DAY, frame) for time, frame in second]
    return Counter(alert.type.id for alert in _play(later, sensor_for(learned, enable=enabled)).alerts)


@dataclass(frozen=True)
class Outcome:
    """What came of one attack in one recording."""

    found: tuple[Alert, ...]
    """Alerts of the case between the right parties."""
    began: float
    """When the attack's first packet was sent."""
    twin: bool
    """Whether the benign twin raised the alert."""


class Replay:
    """One case in one recording."""

    def __init__(self, case: Case, recording: Recording) -> None:
        self._case = case
        self._recording = recording
        self._places = _Places(recording)

    def outcome(self) -> Outcome:
        """Attack and twin, each heard by a sensor that learned the same."""
        learned, end = self._learn()
        attack, began = self._hear(self._case.attack, learned, end)
        twin, _ = self._hear(self._case.benign, learned, end)
        source, destination = map(self._places.address, (self._case.source, self._case.destination))
        found = tuple(
            alert
            for alert in self._of_case(attack)
            if source in {"", alert.source} and destination in {"", alert.destination}
        )
        return Outcome(found, began, bool(self._of_case(twin)))

    def _of_case(self, sensor: Sensor) -> list[Alert]:
        return [alert for alert in sensor.alerts if alert.type.id == self._case.alert]

    def _learn(self) -> tuple[LearnedTraffic, float]:
        first, _ = self._recording.parts
        frames = first
        if self._case.learn is not None:
            frames = _merged(first, self._moved(self._case.learn, first[0][0]))
        learned = _play(frames, sensor_for(enable=(self._case.alert,))).learned
        return learned, frames[-1][0]

    def _hear(self, traffic: Play, learned: LearnedTraffic, end: float) -> tuple[Sensor, float]:
        _, second = self._recording.parts
        later = end + DAY - second[0][0]
        frames = [(time + later, frame) for time, frame in second]
        began = frames[len(frames) // 2][0]
        learned = load(dump(learned))
        learned.stages.enter(Stage.OPERATIONAL, frames[0][0])
        injected = _merged(frames, self._moved(traffic, began))
        return _play(injected, sensor_for(learned, enable=(self._case.alert,))), began

    def _moved(self, traffic: Play, begin: float) -> Frames:
        wire = Wire(begin, port=_FIRST_PORT)
        traffic(wire)
        return [(time, self._places.frame(frame)) for time, frame in wire.frames]


class _Places:
    """Where the hosts of the cases go in a recording: client and controller become its two hosts, all others
    neighbours that it does not have."""

    def __init__(self, recording: Recording) -> None:
        self._neighbours = ipaddress.ip_network(f"{recording.server}/24", strict=False)
        self._taken = {recording.client, recording.server}
        self._chosen = {HMI: recording.client, PLC: recording.server}
        macs = _hardware(recording.frames)
        self._macs = {
            bytes.fromhex(mac_of(ours).replace(":", "")): macs[theirs]
            for ours, theirs in self._chosen.items()
            if theirs in macs
        }

    def address(self, text: str) -> str:
        """The address that stands for one of a case; others stay."""
        if text in self._chosen:
            return self._chosen[text]
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text
        if address not in _CASES_NETWORK:
            return text
        place = str(self._neighbours[int(address) & 0xFF])
        return str(self._neighbours[(int(address) & 0xFF) ^ 0x80]) if place in self._taken else place

    def frame(self, frame: bytes) -> bytes:
        """The frame between the recording's hosts. Checksums are not made anew: the sensor reads none."""
        macs = b"".join(self._macs.get(frame[at : at + 6], frame[at : at + 6]) for at in (0, 6))
        kind = int.from_bytes(frame[12:14], "big")
        if kind == _IPV4:
            return macs + frame[12:26] + self._packed(frame[26:30]) + self._packed(frame[30:34]) + frame[34:]
        if kind == _ARP:
            sender, target = frame[22:28], frame[32:38]
            return (
                macs
                + frame[12:22]
                + self._macs.get(sender, sender)
                + self._packed(frame[28:32])
                + self._macs.get(target, target)
                + self._packed(frame[38:42])
                + frame[42:]
            )
        return macs + frame[12:]

    def _packed(self, address: bytes) -> bytes:
        return ipaddress.IPv4Address(self.address(str(ipaddress.IPv4Address(address)))).packed


def _hardware(frames: Frames) -> dict[str, bytes]:
    """Hardware addresses by the IP addresses that send from them."""
    found: dict[str, bytes] = {}
    for _, frame in frames:
        if len(frame) >= 34 and struct.unpack_from(">H", frame, 12)[0] == _IPV4:
            found.setdefault(str(ipaddress.IPv4Address(frame[26:30])), frame[6:12])
    return found


def _merged(recorded: Frames, injected: Frames) -> Frames:
    return list(heapq.merge(recorded, injected, key=lambda frame: frame[0]))


def _play(frames: Frames, sensor: Sensor) -> Sensor:
    return play(Wire(frames=frames), sensor)
