"""Outstations that restart again and again: DNP3's restart indication is a state, so its edges count."""

from collections.abc import Iterable

from holdfast.defender.engines.model import FAILURES, NOTICES, RESPONSES, Bind, on
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.talks import Handler
from holdfast.defender.engines.windows import Occurrences
from holdfast.defender.record import SECOND, Record

_ALERTS = ("outstation-restarts-frequently", "excessive-restart-rate-of-an-outstation")
_MAXIMUM = 50_000


class Restarts:
    """Counts how often an outstation's restart indication appears anew."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._counters = []
        for alert in _ALERTS:
            threshold = reporter.threshold(alert)
            self._counters.append((alert, Occurrences(threshold.count, int(threshold.seconds * SECOND))))
        self._restarted: dict[tuple[str, object], bool] = {}

    def watches(self) -> Iterable[Bind]:
        """See `Detector.watches`."""
        yield Bind("dnp3", on(RESPONSES | FAILURES | NOTICES, "RESPONSE", "UNSOLICITED_RESPONSE"), self._bind)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def _bind(self, record: Record) -> Handler:
        station = (record.direction.source.address, record.fields.get("src"))
        restarted = "device_restart" in (record.fields.get("indicators") or ())
        return self._appears(station) if restarted else self._gone(station)

    def _appears(self, station: tuple[str, object]) -> Handler:
        def note(record: Record) -> None:
            if self._restarted.get(station):
                return
            if len(self._restarted) >= _MAXIMUM:
                self._restarted.clear()
            self._restarted[station] = True
            for alert, counter in self._counters:
                if counter.add(station, record.time):
                    minutes = counter.window // (60 * SECOND)
                    observed = f"{counter.count} restarts of outstation {station[1]} within {minutes} min"
                    self._reporter.record(alert, record, observed, "a restart now and then")

        return note

    def _gone(self, station: tuple[str, object]) -> Handler:
        def note(_record: Record) -> None:
            self._restarted[station] = False

        return note
