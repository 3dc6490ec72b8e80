"""The rhythm of polling: steady conversations that change their pace, fall silent or change their order.

Conversations in industrial protocols are counted in intervals of ten seconds of captured time. A conversation
whose intervals stay alike has a rhythm; the rhythm is a learned level, so it survives the end of a run.
"""

import heapq
from collections.abc import Iterable
from itertools import count
from typing import Final

from holdfast.alerts.model import Report
from holdfast.defender.engines.model import Watch
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.talks import Talk
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.record import SECOND, Record, seconds

INTERVAL: Final = 10 * SECOND
RATE: Final = "rhythm.rate"
GAP: Final = "rhythm.gap"
STEPS: Final = "rhythm.step"

_SPREAD: Final = 0.25
"""How far intervals of a steady conversation differ from their mean."""
_SLACK: Final = 2
"""Messages by which an interval may always differ: where the interval begins is chance."""
_OUT_OF_STEP: Final = 2
"""Intervals in a row that must deviate: one may be a retransmission or a pause."""

_NEVER: Final = 2**63 - 1


class _Rhythm:
    """What is known of one conversation."""

    __slots__ = ("counts", "deadline", "deviating", "gap", "partial", "rate", "waits")

    def __init__(self) -> None:
        self.counts: list[int] = []
        """Of the newest intervals, while the rate is not known."""
        self.rate = 0.0
        """Messages an interval, once it is steady."""
        self.deviating = 0
        self.partial = True
        """The present interval did not begin with the conversation running."""
        self.gap = 0
        """Longest time between the first messages of two intervals."""
        self.deadline = 0
        """When silence is reported."""
        self.waits = False
        """Whether it is among those whose silence would be noticed."""


class Rhythms:
    """Watches talks of industrial protocols; the only detector that sees every message, by its count."""

    def __init__(self, reporter: Reporter, learned: LearnedTraffic, industrial: frozenset[str]) -> None:
        self._reporter = reporter
        self._learned = learned
        self._industrial = industrial
        period = reporter.threshold("abnormal-periodic-behavior-in-communication-channel")
        self._intervals, self._factor = period.count, period.factor
        silence = reporter.threshold("inactive-communication-channel")
        self._patience = int(silence.seconds * SECOND)
        self._waiting: list[tuple[int, int, Talk]] = []
        self._order = count()
        self._last_tick = 0

    def watches(self) -> Iterable[Watch]:
        """None: talks are counted by the detection itself."""
        return ()

    def interval(self, talk: Talk, now: int) -> None:
        """The interval of a talk is over, and a message of the next one was counted already."""
        if talk.protocol not in self._industrial:
            talk.until = _NEVER
            return
        rhythm = talk.rhythm
        if isinstance(rhythm, _Rhythm):
            self._close(talk, rhythm, now)
        else:
            talk.rhythm = self._begin(talk, now)
        talk.count = 1
        talk.until = now - now % INTERVAL + INTERVAL
        talk.last = now

    def tick(self, now: int) -> None:
        """Look for conversations that fell silent."""
        paused = now - self._last_tick > self._patience // 2  # nobody was heard: the capture has a hole
        self._last_tick = now
        waiting = self._waiting
        while waiting and waiting[0][0] <= now:
            _deadline, _order, talk = heapq.heappop(waiting)
            rhythm = talk.rhythm
            assert isinstance(rhythm, _Rhythm)
            if paused:
                rhythm.deadline = now + rhythm.gap + self._patience
            if rhythm.deadline > now:
                heapq.heappush(waiting, (rhythm.deadline, next(self._order), talk))
            else:
                rhythm.waits = False
                self._say_silent(talk, rhythm, now)

    def step(self, talk: Talk, before: str, record: Record) -> None:
        """A request of another function than the one before."""
        what = (talk.protocol, before, record.kind)
        if self._learned.judge(STEPS, talk.source, talk.destination, what, seconds(record.time)):
            return
        known = [
            f"{first} then {second}"
            for _protocol, first, second in self._learned.known(STEPS, talk.source, talk.destination)
        ]
        self._reporter.record(
            "new-function-transition",
            record,
            f"{before} then {record.kind}",
            "; ".join(known[:8]) or "one function only",
            learn=(STEPS, talk.source, talk.destination, *what),
        )

    def _begin(self, talk: Talk, now: int) -> _Rhythm:
        rhythm = _Rhythm()
        parties = (talk.source, talk.destination, talk.protocol)
        rhythm.rate = self._learned.levels.get((RATE, *parties), 0.0)
        gap = self._learned.levels.get((GAP, *parties), 0.0)
        rhythm.gap = int(gap * SECOND)
        if rhythm.gap:
            self._wait(talk, rhythm, now)
        return rhythm

    def _close(self, talk: Talk, rhythm: _Rhythm, now: int) -> None:
        """The interval ended at `talk.until`; the message that shows it belongs to the next."""
        if rhythm.partial:
            rhythm.partial = False
        elif rhythm.rate:
            self._compare(talk, rhythm, talk.count - 1, now)
        else:
            self._take(talk, rhythm, talk.count - 1)
        if now >= talk.until + INTERVAL:  # whole intervals without a message lie between
            rhythm.partial = True
            rhythm.deviating = 0
            rhythm.counts.clear()
        if rhythm.rate:
            self._learn_gap(talk, rhythm, now)

    def _take(self, talk: Talk, rhythm: _Rhythm, messages: int) -> None:
        counts = rhythm.counts
        counts.append(messages)
        if len(counts) < self._intervals:
            return
        mean = sum(counts) / len(counts)
        if all(abs(number - mean) <= max(1.0, mean * _SPREAD) for number in counts):
            rhythm.rate = mean
            counts.clear()
            self._learned.set_level((RATE, talk.source, talk.destination, talk.protocol), round(mean, 2))
        else:
            del counts[0]

    def _compare(self, talk: Talk, rhythm: _Rhythm, messages: int, now: int) -> None:
        slow, fast = rhythm.rate / self._factor, rhythm.rate * self._factor
        if slow <= messages <= fast or abs(messages - rhythm.rate) <= _SLACK:
            rhythm.deviating = 0
            return
        rhythm.deviating += 1
        if rhythm.deviating < _OUT_OF_STEP:
            return
        self._say(
            "abnormal-periodic-behavior-in-communication-channel",
            talk,
            now,
            f"{messages} messages in {INTERVAL // SECOND} s",
            f"about {rhythm.rate:.0f} messages in {INTERVAL // SECOND} s",
        )
        rhythm.deviating = 0
        rhythm.rate = 0.0  # the new pace is learned like the old one, so that one change is one alert

    def _learn_gap(self, talk: Talk, rhythm: _Rhythm, now: int) -> None:
        gap = now - talk.last
        if gap > rhythm.gap and (rhythm.waits or not rhythm.gap):
            rhythm.gap = gap
            self._learned.set_level(
                (GAP, talk.source, talk.destination, talk.protocol), round(seconds(gap), 1)
            )
        self._wait(talk, rhythm, now)

    def _wait(self, talk: Talk, rhythm: _Rhythm, now: int) -> None:
        rhythm.deadline = now + rhythm.gap + self._patience
        if not rhythm.waits:
            rhythm.waits = True
            heapq.heappush(self._waiting, (rhythm.deadline, next(self._order), talk))

    def _say_silent(self, talk: Talk, rhythm: _Rhythm, now: int) -> None:
        self._say(
            "inactive-communication-channel",
            talk,
            now,
            f"no message for {seconds(now - talk.last):.0f} s",
            f"a message at least every {seconds(rhythm.gap):.0f} s",
        )

    def _say(self, alert: str, talk: Talk, now: int, observed: str, expected: str) -> None:
        self._reporter.about(
            Report(alert, seconds(now), talk.source, talk.destination, talk.protocol, observed, expected)
        )
