"""A sensor at a live interface: packets in, alerts out, what it learned on its disk, its news in the spool.

One loop in one thread. Capturing has its own memory in the kernel, so what the loop does between two looks at
the ring costs no packet as long as it is short.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from holdfast import __version__
from holdfast.alerts.model import Alert, Key
from holdfast.defender.capture.packets import Block
from holdfast.defender.collecting import rare_collections
from holdfast.defender.learned.file import dump, load
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.pipeline import Pipeline
from holdfast.defender.record import SECOND
from holdfast.defender.sensor.health import Reading, Usage, Watchdog
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.uplink.bulletins import Bulletins
from holdfast.defender.uplink.documents import HealthDocument
from holdfast.defender.uplink.instructions import InstructionError, follow, is_setup
from holdfast.defender.uplink.messages import Health, Message, Packets, packed
from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import LEARNED, MUTED, SETUP, SensorState
from holdfast.kernel.clock import Clock, isoformat

LOOK_SECONDS: Final = 0.5
"""How long a look for packets lasts when none come, and how often alerts are told."""
LAST_BLOCKS: Final = 64
"""Blocks that are read after the stop at most: as many as the kernel's ring holds."""
NETWORK_SECONDS: Final = 10.0
"""How often assets and connections are told."""
PARTIES_SECONDS: Final = 3.0
"""How often they are told earlier because of a new alert: before it, so that it finds its assets."""
HEALTH_SECONDS: Final = 10.0
SAVE_SECONDS: Final = 300.0
"""How often what was learned goes to disk while it grows; a killed sensor learns five minutes again."""


class Source(Protocol):
    """Where packets come from: `capture.live.LiveCapture`."""

    dropped: int

    def blocks(self, patience: float) -> Iterator[Block]:
        """Blocks as they come; an empty one whenever none came for `patience` seconds."""
        ...


@dataclass
class LiveRun:
    """One run; `run` returns when it is told to stop."""

    source: Source
    sensor: Sensor
    state: SensorState | None
    spool: Spool | None
    clock: Clock
    usage: Callable[[], Usage]
    tell_alert: Callable[[Alert], None]
    tell: Callable[[str], None]
    interface: str = ""
    connection: Callable[[], str] = lambda: "standalone"
    """`connected` or `disconnected` from the platform, or `standalone`."""
    health: HealthDocument | None = None
    """How the sensor was when it looked last."""
    _pipeline: Pipeline = field(init=False)
    _watchdog: Watchdog = field(init=False)
    _told: set[str] = field(default_factory=set)
    _due: dict[str, float] = field(default_factory=dict)
    _saved: tuple[int, int] = (-1, -1)

    def __post_init__(self) -> None:
        self._pipeline = Pipeline([self.sensor])
        self._watchdog = Watchdog(self.interface)
        self._bulletins = Bulletins(self.sensor)

    def run(self, stopping: Callable[[], bool]) -> None:
        """Watch until `stopping` says so; what was captured by then is read, told and kept.

        Raises CaptureError when the interface is gone, after the same.
        """
        with rare_collections():
            left = LAST_BLOCKS
            try:
                for block in self.source.blocks(LOOK_SECONDS):
                    self._pipeline.feed(block)
                    self.step()
                    left -= stopping()
                    if left < LAST_BLOCKS and (not block.packets or not left):
                        break
            finally:
                self.finish()

    def step(self) -> None:
        """Do what is due."""
        if self._is_due("alerts", LOOK_SECONDS):
            self._pipeline.counters.dropped = self.source.dropped
            self._pipeline.advance(int(self.clock.now() * SECOND))
            self._tell_alerts()
            self._follow_instructions()
        if self._is_due("health", HEALTH_SECONDS):
            self._look_after_health()
        if self._is_due("network", NETWORK_SECONDS):
            self._spool(self._bulletins.network())
        if self._is_due("save", SAVE_SECONDS):
            self.save()

    def finish(self) -> None:
        """End: all flows end, and what is left is told and kept."""
        self._pipeline.counters.dropped = self.source.dropped
        self._pipeline.finish()
        self._spool(self._bulletins.network())
        self._tell_alerts()
        self._look_after_health()
        self.save()

    def save(self) -> None:
        """Keep what was learned and muted, if it changed."""
        learned, muted = self.sensor.learned, self.sensor.alerts.muted
        version = learned.size, learned.generation
        if self.state is None:
            return
        if version != self._saved:
            self.state.put(LEARNED, dump(learned))
            self._saved = version
        self.state.put(MUTED, msgspec.json.encode(list(muted)))

    def _is_due(self, name: str, period: float) -> bool:
        now = self.clock.monotonic()
        if now < self._due.get(name, 0.0):
            return False
        self._due[name] = now + period
        return True

    def _tell_alerts(self) -> None:
        fresh = [alert for alert in self.sensor.alerts if alert.id not in self._told]
        for alert in fresh:
            self._told.add(alert.id)
            self.tell_alert(alert)
        if fresh and self._is_due("parties", PARTIES_SECONDS):
            self._spool(self._bulletins.network())
        for message in self._bulletins.alerts():
            self._spool(iter([message]), expendable=isinstance(message, Packets))

    def _follow_instructions(self) -> None:
        if self.state is None:
            return
        for number, data in self.state.instructions():
            try:
                done = follow(self.sensor, data, self.clock.now())
            except InstructionError as error:
                done = str(error)
            if done:
                self.tell(done)
                self.save()
            if is_setup(data):
                self.state.put(SETUP, data)
            self.state.done(number)

    def _look_after_health(self) -> None:
        used, counters = self.usage(), self.sensor.counters
        given_up = self.spool.lost if self.spool else 0
        reading = Reading(self.clock.now(), counters.packets, self.source.dropped, used, given_up)
        for report in self._watchdog.judge(reading):
            self.sensor.reporter.about(report)
        self.health = self._health(reading)
        self._spool(iter([Health([self.health])]))

    def _health(self, reading: Reading) -> HealthDocument:
        sensor, counters, spool = self.sensor, self.sensor.counters, self.spool
        return HealthDocument(
            time=isoformat(reading.time),
            version=__version__,
            stage=sensor.learned.stages.stage.value,
            packets=counters.packets,
            octets=counters.octets,
            dropped=reading.dropped,
            malformed=sum(counters.malformed.values()),
            assets=len(sensor.inventory),
            connections=len(sensor.conversations),
            alerts=len(sensor.alerts),
            learned=sensor.learned.size,
            processor=round(self._watchdog.processor, 1),
            memory=reading.usage.memory,
            spool_bytes=spool.octets if spool else 0,
            spool_lost=reading.given_up,
            interface=self.interface,
            silent_for=max(0.0, round(reading.time - self._watchdog.silent_since, 1)),
        )

    def _spool(self, messages: Iterator[Message], *, expendable: bool = False) -> None:
        if self.spool is not None:
            self.spool.append(packed(messages), expendable=expendable)


def learned_in(state: SensorState) -> LearnedTraffic:
    """What a sensor learned before; a new one begins to learn. Raises LearnedError."""
    kept = state.get(LEARNED)
    return load(kept) if kept is not None else LearnedTraffic()


def as_before(sensor: Sensor, state: SensorState, now: float) -> None:
    """Work by the setup, and mute what was muted, before the sensor was started again."""
    setup = state.get(SETUP)
    if setup is not None:
        follow(sensor, setup, now)
    kept = state.get(MUTED)
    for key in msgspec.json.decode(kept, type=list[Key]) if kept is not None else ():
        sensor.alerts.silence(key)
