"""Traffic volumes far above the usual, of the whole network and between two devices."""

from collections.abc import Callable, Iterable

from holdfast.alerts.model import Report
from holdfast.defender.engines.model import FLOW, Watch, on
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.flows.model import Flow
from holdfast.defender.learned.traffic import Entry, LearnedTraffic
from holdfast.defender.record import SECOND, Record

PEAK = "bandwidth.peak"
TOTAL = "abnormal-traffic-bandwidth"
BETWEEN = "abnormal-traffic-bandwidth-between-devices"

_FLOOR = 1_000_000
"""Bytes a window below which nothing is worth telling."""
_WORTH_COUNTING = _FLOOR // 100
"""Bytes of a flow below which it counts only once it ended."""
_PATIENCE = 5
"""Windows to learn from before anything is reported; a level from a file counts at once."""
_TRANSPORTS = ("tcp", "udp", "icmp", "ip", "ethernet")


class Bandwidth:
    """Compares each window's volume with the highest learned one; a reported volume becomes the highest."""

    def __init__(
        self, reporter: Reporter, learned: LearnedTraffic, flows: Callable[[], Iterable[Flow]]
    ) -> None:
        self._reporter = reporter
        self._learned = learned
        self._flows = flows
        self._window = int(reporter.threshold(TOTAL).seconds * SECOND)
        self._seen: dict[int, int] = {}
        """Bytes of each flow that were counted already."""
        self._ended: dict[tuple[str, str], int] = {}
        """Bytes, by pair, of flows that ended within the window."""
        self._windows: dict[Entry, int] = {}
        self._measured = 0

    def watches(self) -> Iterable[Watch]:
        """See `Detector.watches`."""
        for transport in _TRANSPORTS:
            yield Watch(transport, on(FLOW, "ended"), self._end)

    def tick(self, now: int) -> None:
        """See `Detector.tick`; the counters of flows are only true at the end of a batch."""

    def measure(self, now: int) -> None:
        """A batch was read up to `now`; compare once a window has passed."""
        elapsed = now - self._measured
        if elapsed < self._window:
            return
        first = not self._measured
        self._measured = now
        volumes = self._volumes()
        if first:
            return  # what was counted did not begin with the window
        share = self._window / elapsed
        self._compare(TOTAL, "", "", sum(volumes.values()) * share, now)
        for (one, other), volume in volumes.items():
            if volume >= _FLOOR:
                self._compare(BETWEEN, one, other, volume * share, now)

    def _end(self, record: Record) -> None:
        flow = record.direction.flow
        pair = _pair(flow)
        octets = flow.client.octets + flow.server.octets
        self._ended[pair] = self._ended.get(pair, 0) + octets - self._seen.pop(flow.id, 0)

    def _volumes(self) -> dict[tuple[str, str], int]:
        volumes, self._ended = self._ended, {}
        seen = self._seen
        for flow in self._flows():
            octets = flow.client.octets + flow.server.octets
            if octets >= _WORTH_COUNTING:
                new = octets - seen.get(flow.id, 0)
                if new:
                    pair = _pair(flow)
                    volumes[pair] = volumes.get(pair, 0) + new
                    seen[flow.id] = octets
        return volumes

    def _compare(self, alert: str, one: str, other: str, volume: float, now: int) -> None:
        entry = (PEAK, one, other)
        peak = self._learned.levels.get(entry, 0.0)
        windows = self._windows[entry] = self._windows.get(entry, 0 if not peak else _PATIENCE) + 1
        factor = self._reporter.threshold(alert).factor
        if windows > _PATIENCE and volume > max(peak * factor, _FLOOR):
            seconds = self._window / SECOND
            report = Report(
                alert,
                now / SECOND,
                one,
                other,
                "",
                f"{volume * 8 / seconds / 1e6:.1f} Mbit/s",
                f"at most {peak * 8 / seconds / 1e6:.1f} Mbit/s so far",
            )
            self._reporter.about(report)
        if volume > peak:
            self._learned.set_level(entry, volume)


def _pair(flow: Flow) -> tuple[str, str]:
    return flow.client.source.address, flow.server.source.address
