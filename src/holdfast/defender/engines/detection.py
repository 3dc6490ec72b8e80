"""The sink that looks at every record once: judged messages pass in a few dictionary lookups.

Everything slower happens when something is said for the first time, or when a detector asked to see it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from holdfast.defender.engines.compiler import Compiler
from holdfast.defender.engines.judge import OPENED, Judge
from holdfast.defender.engines.model import Bind, Table, Watch
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.talks import MAXIMUM_JUDGED, Handler, Judged, Talk, TalkTable
from holdfast.defender.flows.model import Direction
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.pipeline import Batch
from holdfast.defender.record import FLOW, SECOND, Record

_Opening = tuple[str, bool, bool, str, str]
"""Transport, whether the client speaks, whether to port 0 (the only port that tells something by itself),
and who opens a conversation with whom."""
_MAXIMUM_OPENINGS: Final = 2_000
"""Pairs for which is kept who wants to hear of their openings; when full, all begin again. Few, because a
sweep tries each pair once, and what is kept of it weighs more than judging anew."""
TICK: Final = 10 * SECOND
"""How often, in captured time, detectors look at what did not happen."""


class Detector(Protocol):
    """Something with a memory of its own, beyond what tables can say."""

    def watches(self) -> Iterable[Watch | Bind]:
        """The messages it wants to see."""
        ...

    def tick(self, now: int) -> None:
        """Called every `TICK` of captured time with nanoseconds."""
        ...


TalkListener = Callable[[Talk, Record], None]


@dataclass(slots=True)
class Listeners:
    """Who wants to know about talks, beside the tables."""

    talk_opened: list[TalkListener] = field(default_factory=list)
    """Two parties use a protocol for the first time; with the first record."""
    message: list[TalkListener] = field(default_factory=list)
    """A message of a new kind or key was judged."""
    step: Callable[[Talk, str, Record], None] | None = None
    """Another function than the one before, in a talk whose order is watched; with the function before."""
    interval: Callable[[Talk, int], None] | None = None
    """The present interval of a talk is over; sets the next one's end."""


class Detection:
    """All engines as one sink."""

    def __init__(
        self,
        tables: Mapping[str, Table],
        detectors: Iterable[Detector],
        learned: LearnedTraffic,
        reporter: Reporter,
        listeners: Listeners,
    ) -> None:
        self._detectors = tuple(detectors)
        watches = [watch for detector in self._detectors for watch in detector.watches()]
        self._judge = Judge(tables, watches, Compiler(tables, learned, reporter))
        self._learned = learned
        self._generation = learned.generation
        self._listeners = listeners
        self.talks = TalkTable(self._talk_opened)
        self._talk_of: dict[Direction, Talk] = {}
        """In the first protocol of each direction."""
        self._judgements = 0
        self._flow_handlers: dict[tuple[str, str], tuple[Handler, ...]] = {}
        """By transport and kind."""
        self._openings: dict[_Opening, tuple[Handler, ...]] = {}
        """Of flows that are opened."""
        self._next_tick = 0
        self._now = 0
        self.faults: dict[str, int] = {}
        """Rules that failed on a message, by protocol: a fault of ours, never of the traffic."""

    def consume(self, batch: Batch) -> None:
        """See `pipeline.Sink.consume`."""
        if self._learned.generation != self._generation:
            self._generation = self._learned.generation
            self._forget_judgements()
        self._records(batch.records)
        self._now = max(self._now, batch.time)
        if self._now >= self._next_tick:
            self._tick(self._now)

    def finish(self) -> None:
        """See `pipeline.Sink.finish`."""
        self._tick(self._now)

    def _records(self, records: list[Record]) -> None:
        """The hot path."""
        talk_of = self._talk_of
        interval = self._listeners.interval
        for record in records:
            time, direction = record.time, record.direction
            if time >= self._next_tick:
                self._tick(time)
            if record.role is FLOW:
                self._flow(record)
                continue
            talk = talk_of.get(direction)
            if talk is None:
                talk = talk_of[direction] = self.talks.of(record)
            elif talk.protocol != record.protocol:
                talk = talk.carried.get(record.protocol) or self._carry(talk, record)
            talk.count += 1
            if time >= talk.until and interval is not None:
                interval(talk, time)
            judged = talk.judged.get(record.key)
            if judged is None:
                judged = self._judge_first(talk, record)
            if judged.step is not talk.step:
                self._step(talk, judged, record)
            if judged.watch:
                self._handle(judged.watch, record)

    def _carry(self, talk: Talk, record: Record) -> Talk:
        """The talk of a record whose direction speaks several protocols, one in the other."""
        carried = talk.carried[record.protocol] = self.talks.of(record)
        return carried

    def _judge_first(self, talk: Talk, record: Record) -> Judged:
        try:
            judged = self._judge.judge(talk, record)
            for listener in self._listeners.message:
                listener(talk, record)
        except Exception:
            self._fault(record)
            judged = Judged((), None)
        if self._judgements >= MAXIMUM_JUDGED:
            self._forget_judgements()
        self._judgements += 1
        talk.judged[record.key] = judged
        return judged

    def _forget_judgements(self) -> None:
        self._judgements = 0
        self.talks.forget_judgements()
        self._openings.clear()

    def _step(self, talk: Talk, judged: Judged, record: Record) -> None:
        before, talk.step = talk.step, judged.step or talk.step
        if before is not None and judged.step is not None and self._listeners.step is not None:
            self._listeners.step(talk, before, record)

    def _flow(self, record: Record) -> None:
        direction = record.direction
        if record.kind == OPENED:
            source, destination = direction.source, direction.destination
            to_zero = not destination.port
            pair = (record.protocol, direction.to_server, to_zero, source.address, destination.address)
            handlers = self._openings.get(pair)
            if handlers is None:
                handlers = self._judge_opening(pair, record)
        else:
            key = (record.protocol, record.kind)
            handlers = self._flow_handlers.get(key)
            if handlers is None:
                handlers = self._flow_handlers[key] = self._judge.flow_handlers(record)
        if handlers:
            self._handle(handlers, record)
        if record.kind == "ended":
            flow = direction.flow
            for direction in (flow.client, flow.server):
                self._talk_of.pop(direction, None)

    def _judge_opening(self, pair: _Opening, record: Record) -> tuple[Handler, ...]:
        if len(self._openings) >= _MAXIMUM_OPENINGS:
            self._openings.clear()
        try:
            handlers = self._judge.flow_handlers(record)
        except Exception:
            self._fault(record)
            handlers = ()
        self._openings[pair] = handlers
        return handlers

    def _handle(self, handlers: tuple[Handler, ...], record: Record) -> None:
        """Whatever a rule does wrong with odd traffic costs a count and not the sensor."""
        for handle in handlers:
            try:
                handle(record)
            except Exception:
                self._fault(record)

    def _fault(self, record: Record) -> None:
        self.faults[record.protocol] = self.faults.get(record.protocol, 0) + 1

    def _talk_opened(self, talk: Talk, record: Record) -> None:
        for listener in self._listeners.talk_opened:
            listener(talk, record)

    def _tick(self, now: int) -> None:
        self._next_tick = now + TICK
        for detector in self._detectors:
            detector.tick(now)
