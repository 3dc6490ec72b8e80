"""Sudden rates of messages, commands, uploads and twin changes; and devices that no longer say anything.

What is usual is learned for each group of devices: the most that a device of the group ever did within a
window.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from holdfast.defender.platform.judging import Burst, GroupOf, Quiet, Verdict
from holdfast.defender.platform.memory import (
    MAXIMUM_DEVICES,
    MAXIMUM_GROUPS,
    Heard,
    Level,
    Memory,
)
from holdfast.defender.platform.types import BY_ID, WINDOW_SECONDS
from holdfast.resources.model import Event

LEARNING_WINDOWS: Final = 12
"""Windows of devices of a group before one of them is judged: an hour of one device, or minutes of many."""
_RECORDS: Final = {
    "telemetry": "messages",
    "reported": "twin changes",
    "uploaded": "uploads",
}
_EVENTS: Final = {
    "device.message-queued": "cloud-to-device messages",
    "device.desired-patched": "twin changes",
    "deviceCommand.created": "commands",
}
"""Audit records that count, each for its device: the resource, or what the resource names as `device`."""
_SMOOTH: Final = 0.1
_REGULAR_TIMES: Final = 20
"""Messages after which a device's pace is known."""


class Rates(Quiet):
    """Counts what each device does in fixed windows, and compares it with its group's."""

    bursts: Collection[str] = tuple(_RECORDS)

    def __init__(self, group_of: GroupOf) -> None:
        self._threshold = BY_ID["sudden-rate"].threshold
        self._group_of = group_of
        self._window = 0
        self._counts: Counter[tuple[str, str]] = Counter()
        self._limits: dict[tuple[str, str], float] = {}
        """What devices that are past the threshold may do in this window; infinite for who was told."""

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.event`."""
        what = _EVENTS.get(event.name)
        if what is not None and event.outcome == "ok":
            device = str(event.data.get("device") or event.resource)
            window = int(event.time // WINDOW_SECONDS)
            yield from self._count(Burst(device, what, window, 1, event.time, event.time), memory)

    def burst(self, burst: Burst, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.burst`."""
        return self._count(burst._replace(kind=_RECORDS[burst.kind]), memory)

    def _count(self, burst: Burst, memory: Memory) -> Iterator[Verdict]:
        if burst.window > self._window:
            self._learn(memory)
            self._window = burst.window
        device, what = key = (burst.device, burst.kind)
        self._counts[key] += burst.messages
        count = self._counts[key]
        if count <= self._threshold.count:
            return
        if key not in self._limits:
            self._limits[key] = self._limit(device, what, memory)
        limit = self._limits[key]
        if count > limit:
            self._limits[key] = math.inf
            passed = max(math.floor(limit), self._threshold.count)
            minutes = WINDOW_SECONDS / 60
            yield Verdict(
                "sudden-rate", burst.last, device, "", f"over {passed} {what} in {minutes:g} minutes",
                f"at most {limit / self._threshold.factor:g}, as devices of its group",
            )  # fmt: skip

    def _limit(self, device: str, what: str, memory: Memory) -> float:
        """Infinite while it is not known what is usual."""
        level = memory.levels.get(f"{what}\x1f{self._group_of(device)}")
        if level is None or level.windows < LEARNING_WINDOWS:
            return math.inf
        return level.highest * self._threshold.factor

    def _learn(self, memory: Memory) -> None:
        """Take a window that is over as usual; one that was told raises the bar to its factor at most."""
        for (device, what), count in self._counts.items():
            name = f"{what}\x1f{self._group_of(device)}"
            level = memory.levels.get(name)
            if level is None:
                if len(memory.levels) >= MAXIMUM_GROUPS:
                    del memory.levels[next(iter(memory.levels))]
                level = memory.levels[name] = Level()
            known = level.windows >= LEARNING_WINDOWS
            most = max(level.highest * self._threshold.factor, float(self._threshold.count))
            level.highest = max(level.highest, min(float(count), most) if known else float(count))
            level.windows += 1
        self._counts.clear()
        self._limits.clear()


class Silence(Quiet):
    """Devices that used to send regularly."""

    bursts: Collection[str] = ("telemetry",)

    def __init__(self) -> None:
        self._threshold = BY_ID["device-gone-silent"].threshold

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.event`."""
        if event.name == "device.deleted":
            memory.heard.pop(event.resource, None)
        yield from ()

    def burst(self, burst: Burst, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.burst`. Its messages count as equally far apart."""
        heard = memory.heard.get(burst.device)
        if heard is None:
            if len(memory.heard) >= MAXIMUM_DEVICES:
                del memory.heard[next(iter(memory.heard))]
            heard = memory.heard[burst.device] = Heard(burst.first)
        else:
            _hear(heard, burst.first, 1)
        if burst.messages > 1:
            _hear(heard, burst.last, burst.messages - 1)
        yield from ()

    def look(self, now: float, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.look`."""
        for device, heard in memory.heard.items():
            patience = max(self._threshold.seconds, heard.mean * self._threshold.factor)
            if not heard.silent and heard.times >= _REGULAR_TIMES and now - heard.last > patience:
                heard.silent = True
                observed = f"silent for {round((now - heard.last) / 60)} minutes"
                expected = f"a message every {heard.mean:.0f} s"
                yield Verdict("device-gone-silent", now, device, "", observed, expected)


def _hear(heard: Heard, last: float, times: int) -> None:
    """Take in that the device was heard `times` more, equally far apart, the last time at `last`."""
    gap = max(0.0, last - heard.last) / times
    weight = 1.0 if heard.times < 2 else 1.0 - (1.0 - _SMOOTH) ** times
    heard.mean += weight * (gap - heard.mean)
    heard.times += times
    heard.last, heard.silent = max(heard.last, last), False
