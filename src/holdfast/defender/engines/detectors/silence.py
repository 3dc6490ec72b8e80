"""Devices that no longer answer."""

from collections.abc import Iterable
from functools import partial
from typing import Final

from holdfast.alerts.model import Report
from holdfast.defender.engines.model import FAILURES, FLOW, REQUESTS, RESPONSES, Bind, Watch, on
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.talks import Handler
from holdfast.defender.engines.windows import Occurrences
from holdfast.defender.record import SECOND, Record, seconds

_MAXIMUM: Final = 50_000


class Unresponsive:
    """Connection attempts that stay without an answer, at devices that answered before."""

    ALERT = "device-is-suspected-to-be-disconnected-unresponsive"

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        threshold = reporter.threshold(self.ALERT)
        self._attempts = Occurrences(threshold.count, int(threshold.seconds * SECOND))
        self._answered: dict[str, None] = {}

    def watches(self) -> Iterable[Watch | Bind]:
        """See `Detector.watches`."""
        for transport in ("tcp", "udp", "icmp"):
            yield Bind(transport, on(FLOW, "opened"), self._attempts_at)
            yield Watch(transport, on(FLOW, "established", "answered", "refused"), self._answer)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _attempts_at(self, record: Record) -> Handler | None:
        """What counts the attempts to reach a device."""
        direction = record.direction
        return partial(self._attempt, direction.destination.address) if direction.to_server else None

    def _attempt(self, device: str, record: Record) -> None:
        attempts = self._attempts
        if device in self._answered and attempts.add(device, record.time):
            attempts.clear(device)  # the next alert is due after as many more
            minutes = attempts.window // (60 * SECOND)
            observed = f"{attempts.count} attempts within {minutes} min without an answer"
            self._reporter.record(self.ALERT, record, observed, "an answer, as before")

    def _answer(self, record: Record) -> None:
        device = record.direction.flow.server.source.address
        self._attempts.clear(device)
        self._answered.pop(device, None)
        self._answered[device] = None
        if len(self._answered) > _MAXIMUM:
            del self._answered[next(iter(self._answered))]


class _Unit:
    """One Modbus unit as one client sees it."""

    __slots__ = ("answered", "requests", "since")

    def __init__(self) -> None:
        self.requests = 0
        """Since the last answer."""
        self.since = 0
        """Time of the oldest of them."""
        self.answered = 0
        """Time of the last answer; 0 before the first."""

    def request(self, record: Record) -> None:
        """A request was sent to it."""
        if not self.requests:
            self.since = record.time
        self.requests += 1

    def answer(self, record: Record) -> None:
        """It answered, well or with an exception."""
        self.requests = 0
        self.answered = record.time


class UnresponsiveModbus:
    """Modbus units behind a living connection that leave requests unanswered."""

    ALERT = "suspicion-of-unresponsive-modbus-device"

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        threshold = reporter.threshold(self.ALERT)
        self._count, self._window = threshold.count, int(threshold.seconds * SECOND)
        self._units: dict[tuple[str, str, object], _Unit] = {}

    def watches(self) -> Iterable[Bind]:
        """See `Detector.watches`."""
        yield Bind("modbus", on(REQUESTS), self._request)
        yield Bind("modbus", on(RESPONSES | FAILURES), self._answer)

    def tick(self, now: int) -> None:
        """Look at units whose requests have waited long enough."""
        for (client, device, unit), state in self._units.items():
            if state.requests < self._count or now - state.since < _GRACE:
                continue
            if state.answered and now - state.answered <= self._window:
                observed = f"{state.requests} requests to unit {unit} without an answer"
                self._reporter.about(
                    Report(
                        self.ALERT, seconds(now), client, device, "modbus", observed, "an answer, as before"
                    )
                )
                state.answered = 0  # said once; the next answer starts anew

    def _request(self, record: Record) -> Handler:
        direction = record.direction
        return self._find(direction.source.address, direction.destination.address, record).request

    def _answer(self, record: Record) -> Handler:
        direction = record.direction
        return self._find(direction.destination.address, direction.source.address, record).answer

    def _find(self, client: str, device: str, record: Record) -> _Unit:
        key = (client, device, record.fields.get("unit"))
        state = self._units.get(key)
        if state is None:
            if len(self._units) >= _MAXIMUM:
                del self._units[next(iter(self._units))]
            state = self._units[key] = _Unit()
        return state


_GRACE: Final = 5 * SECOND
"""How long the oldest request must have waited: serial devices behind a gateway are slow."""
