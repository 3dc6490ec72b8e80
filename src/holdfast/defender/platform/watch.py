"""Follows the audit log and the devices' log, and brings what the detectors say to the alerts.

Positions and memory are kept together, so a worker that is killed judges a little twice and misses nothing.
The first start learns from the whole history what is usual, and tells nothing of what was before it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from holdfast.access.conditional.model import Risk
from holdfast.alerts.model import Origin, Severity, Sighting
from holdfast.alerts.port import AlertSink
from holdfast.defender.network.presence import Arrival
from holdfast.defender.network.rows import upsert
from holdfast.defender.network.tables import platform_memory, platform_positions
from holdfast.defender.platform.bursts import arrivals, bursts
from holdfast.defender.platform.credentials import BruteForce, LongRest, Refusals, TwoPlaces
from holdfast.defender.platform.judging import GroupOf, PlatformDetector, Verdict
from holdfast.defender.platform.memory import Memory, decode, encode
from holdfast.defender.platform.people import Deletions, Habits, Notable
from holdfast.defender.platform.rates import Rates, Silence
from holdfast.defender.platform.types import BY_ID
from holdfast.kernel.clock import Clock
from holdfast.kernel.organizations import OrganizationPath
from holdfast.log.port import PARTITIONS, LogReader, Position, Record
from holdfast.resources.model import Event
from holdfast.resources.port import EventFeed
from holdfast.storage.database import Database

EVENTS: Final = 2_000
"""Audit records that are judged at once."""
RECORDS: Final = 20_000
"""Records of the log that are read at once."""
LOOK_SECONDS: Final = 30.0
SAVE_SECONDS: Final = 60.0
RISK_SECONDS: Final = 3_600.0
"""How long a signal of risk lasts."""
_NAME: Final = "memory"
_LEVELS: Final = {Severity.LOW: Risk.LOW, Severity.MEDIUM: Risk.MEDIUM, Severity.HIGH: Risk.HIGH}


@dataclass(frozen=True)
class PlatformSurroundings:
    """What the watch asks of the rest of the product."""

    alerts: AlertSink
    group_of: GroupOf
    organization_of: Callable[[str], OrganizationPath]
    """Where a device or an account lives."""
    signal: Callable[[str, str, str, float], None]
    """Takes a signal of risk: about whom, level, reason, until when."""
    ignores: Callable[[Event], bool] = lambda _event: False
    """Whether an audit record is none of the detectors' business: probes attack on purpose."""
    used: Callable[[], Iterable[Event]] = tuple
    """When and from where each API token was used last, as audit records: reading leaves none in the log."""
    arrived: Callable[[Mapping[str, Arrival]], None] = lambda _arrived: None
    """Takes which devices connected, and from where."""


class PlatformWatch:
    """One of them runs in the cluster. Blocking."""

    def __init__(
        self,
        database: Database,
        events: EventFeed,
        log: LogReader,
        clock: Clock,
        around: PlatformSurroundings,
    ) -> None:
        self._database = database
        self._events = events
        self._log = log
        self._clock = clock
        self._around = around
        self._detectors: Sequence[PlatformDetector] = (
            Refusals(), BruteForce(), TwoPlaces(), LongRest(), Deletions(), Habits(), Notable(),
            Rates(around.group_of), Silence(),
        )  # fmt: skip
        self._counted = sorted({kind for detector in self._detectors for kind in detector.bursts})
        self.memory, self._done = self._restored()
        self._looked = self._saved = clock.monotonic()
        if not self.memory.began:
            self.memory.began = clock.now()

    def step(self) -> bool:
        """Judge what is new; whether there is more already."""
        verdicts: list[Verdict] = []
        events = self._events.read(self.memory.event, EVENTS)
        for event in events:
            if not self._around.ignores(event):
                verdicts += self._all(detector.event(event, self.memory) for detector in self._detectors)
            self.memory.event = event.sequence
        chunk = self._log.poll(self._done, RECORDS)
        verdicts += self._devices(chunk.records)
        now = self._clock.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            verdicts += self._look(self._clock.now())
        self._tell(verdicts)
        self._done.update(chunk.positions)
        if now - self._saved >= SAVE_SECONDS:
            self.save()
        return len(events) == EVENTS or not chunk.complete

    def _devices(self, records: Sequence[Record]) -> Iterator[Verdict]:
        """What the log says of devices."""
        for burst in bursts(records, self._counted):
            for detector in self._detectors:
                if burst.kind in detector.bursts:
                    yield from detector.burst(burst, self.memory)
        arrived = list(arrivals(records))
        for device, (address, time) in arrived:
            yield from self._all(d.connected(device, address, time, self.memory) for d in self._detectors)
        if arrived:
            self._around.arrived(dict(arrived))

    def _look(self, now: float) -> Iterator[Verdict]:
        """What was not told: uses of tokens that changed nothing, and what did not happen."""
        for use in self._around.used():
            if use.time > self.memory.used.get(use.actor, 0.0) and not self._around.ignores(use):
                yield from self._all(detector.event(use, self.memory) for detector in self._detectors)
        yield from self._all(detector.look(now, self.memory) for detector in self._detectors)

    def save(self) -> None:
        """Keep positions and memory."""
        self._saved = self._clock.monotonic()
        with self._database.write() as connection:
            upsert(connection, platform_memory, [{"name": _NAME, "document": encode(self.memory)}])
            rows = [{"partition": p.partition, "offset": p.offset} for p in self._done.values()]
            upsert(connection, platform_positions, rows)

    def close(self) -> None:
        """Keep what is known, and close the database."""
        self.save()
        self._database.close()

    def _tell(self, verdicts: Sequence[Verdict]) -> None:
        verdicts = [verdict for verdict in verdicts if verdict.time >= self.memory.began]
        if not verdicts:
            return
        self._around.alerts.raise_alerts([self._sighting(verdict) for verdict in verdicts])
        for verdict in verdicts:
            self._signal(verdict)

    def _sighting(self, verdict: Verdict) -> Sighting:
        who = verdict.source or verdict.destination
        return Sighting(verdict.report(), Origin("platform", self._around.organization_of(who)))

    def _signal(self, verdict: Verdict) -> None:
        level = _LEVELS[BY_ID[verdict.type].severity]
        until = self._clock.now() + RISK_SECONDS
        for about, identity in (("principal", verdict.principal), ("address", verdict.address)):
            if identity and level >= Risk.MEDIUM:
                reason = f"{BY_ID[verdict.type].title}: {verdict.observed}"
                self._around.signal(f"{about}:{identity}", level.name.lower(), reason, until)

    @staticmethod
    def _all(said: Iterable[Iterable[Verdict]]) -> list[Verdict]:
        return [verdict for verdicts in said for verdict in verdicts]

    def _restored(self) -> tuple[Memory, dict[int, Position]]:
        with self._database.read() as connection:
            kept = connection.execute(
                select(platform_memory.c.document).where(platform_memory.c.name == _NAME)
            ).scalar()
            rows = connection.execute(select(platform_positions)).all()
        done = {number: Position(number, 0) for number in range(PARTITIONS)}
        done |= {row.partition: Position(row.partition, row.offset) for row in rows}
        return (decode(kept) if kept is not None else Memory()), done
