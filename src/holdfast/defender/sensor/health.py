"""The sensor's own health: what it says of itself to the platform, and the alerts it raises about itself."""

import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from holdfast.alerts.model import Report

SILENT: Final = "no-traffic-detected-on-sensor-interface"
TRAFFIC: Final = "traffic-detected-on-sensor-interface"
LOST: Final = "packets-lost-by-the-sensor"
OVERLOADED: Final = "sensor-is-overloaded"

SILENT_SECONDS = 60.0
"""Mirror ports of running plants are never silent for so long: PROFINET and GOOSE repeat within seconds."""
LOST_SHARE = 0.001
"""Lost packets among all from which on somebody should know."""
BUSY_PERCENT = 90.0
BUSY_SECONDS = 300.0
MEMORY_OCTETS = 2 * 2**30
"""Twice what a plant of 12,000 assets takes."""


class Usage(NamedTuple):
    """What the process uses."""

    processor_seconds: float
    memory: int
    """Bytes."""


def usage() -> Usage:
    """Of this process now."""
    times = os.times()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Usage(times.user + times.system, pages * resource.getpagesize())


class Reading(NamedTuple):
    """Counters at one moment."""

    time: float
    """Unix seconds."""
    packets: int
    dropped: int
    usage: Usage
    given_up: int = 0
    """Messages for the platform that the spool had no room for."""


@dataclass(slots=True)
class Watchdog:
    """Judges readings that come every few seconds; its reports have the interface as their source."""

    interface: str
    processor: float = 0.0
    """Per cent of one core, between the two newest readings."""
    silent_since: float = 0.0
    _before: Reading | None = None
    _is_silent: bool = False
    _seen_traffic: bool = False
    _busy_since: float | None = None

    def judge(self, reading: Reading) -> Iterator[Report]:
        """What is worth telling."""
        before, self._before = self._before, reading
        if before is None:
            self.silent_since = reading.time
            return
        passed = max(reading.time - before.time, 0.001)
        spent = reading.usage.processor_seconds - before.usage.processor_seconds
        self.processor = max(0.0, 100.0 * spent / passed)
        yield from self._traffic(before, reading)
        yield from self._losses(before, reading)
        yield from self._load(reading)
        yield from self._spool(before, reading)

    def _traffic(self, before: Reading, reading: Reading) -> Iterator[Report]:
        if reading.packets > before.packets:
            if self._is_silent or not self._seen_traffic:
                yield self._report(TRAFFIC, reading, "packets arrive", "")
            self._is_silent, self._seen_traffic = False, True
            self.silent_since = reading.time
        elif not self._is_silent and reading.time - self.silent_since >= SILENT_SECONDS:
            self._is_silent = True
            seconds = f"no packet for {SILENT_SECONDS:g} s"
            yield self._report(SILENT, reading, seconds, "traffic of the mirrored network")

    def _losses(self, before: Reading, reading: Reading) -> Iterator[Report]:
        lost, taken = reading.dropped - before.dropped, reading.packets - before.packets
        if lost > LOST_SHARE * (lost + taken):
            yield self._report(
                LOST, reading, "packets were lost", f"at most {LOST_SHARE * 100:g} % of the packets lost"
            )

    def _load(self, reading: Reading) -> Iterator[Report]:
        if self.processor < BUSY_PERCENT:
            self._busy_since = None
        elif self._busy_since is None:
            self._busy_since = reading.time
        elif reading.time - self._busy_since >= BUSY_SECONDS:
            self._busy_since = reading.time
            expected = f"a processor below {BUSY_PERCENT:g} %"
            yield self._report(OVERLOADED, reading, "the processor is busy all the time", expected)
        if reading.usage.memory > MEMORY_OCTETS:
            expected = f"below {MEMORY_OCTETS // 2**20} MB"
            yield self._report(OVERLOADED, reading, "the sensor holds too much memory", expected)

    def _spool(self, before: Reading, reading: Reading) -> Iterator[Report]:
        if reading.given_up > before.given_up:
            observed = "the spool is full: messages for the platform were given up"
            yield self._report(OVERLOADED, reading, observed, "every message kept until the platform has it")

    def _report(self, kind: str, reading: Reading, observed: str, expected: str) -> Report:
        return Report(kind, reading.time, self.interface, "", "", observed, expected)
