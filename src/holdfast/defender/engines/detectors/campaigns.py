"""Behaviour that is known of malware: what it looks for and how it commands."""

from collections.abc import Iterable
from typing import Final

from holdfast.alerts.model import Report
from holdfast.defender.engines.model import FLOW, REQUESTS, Watch, on
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.engines.windows import DistinctValues
from holdfast.defender.record import SECOND, Record, seconds

_HAVEX_PORTS: Final = frozenset({102, 502, 11234, 12401, 44818})
"""What Havex's scanner tries: Siemens, Modbus, Measuresoft, 7-Technologies, Rockwell (F-Secure 2014)."""
_HAVEX_OWN: Final = frozenset({11234, 12401})
"""Ports that hardly anybody else tries."""
_HAVEX_COUNT: Final = 3
_WINDOW: Final = 120 * SECOND
_SMB_PORT: Final = 445
_COMMANDS: Final = frozenset({"C_SC_NA_1", "C_DC_NA_1", "C_SC_TA_1", "C_DC_TA_1"})
"""Single and double commands of IEC 60870-5-104."""
SWEEP: Final = "command-sweep-over-information-objects"


class Campaigns:
    """Counts what only malware does so widely."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._ports = DistinctValues(_HAVEX_COUNT, _WINDOW)
        worm = reporter.threshold("suspicion-of-malicious-activity-wannacry")
        self._shares = DistinctValues(worm.count, int(worm.seconds * SECOND))
        sweep = reporter.threshold(SWEEP)
        self._objects = DistinctValues(sweep.count, int(sweep.seconds * SECOND))
        self._looked: dict[str, int] = {}
        """When a device last tried one of the ports that only Havex tries."""

    def watches(self) -> Iterable[Watch]:
        """See `Detector.watches`."""
        yield Watch("tcp", on(FLOW, "opened"), self._attempt)
        yield Watch("iec104", on(REQUESTS, *_COMMANDS), self._command)

    def tick(self, now: int) -> None:
        """Forget what is too long ago."""
        self._looked = {source: time for source, time in self._looked.items() if now - time <= _WINDOW}

    def _attempt(self, record: Record) -> None:
        if not record.direction.to_server:
            return
        source, destination = record.direction.source.ip, record.direction.destination
        if destination.port == _SMB_PORT:
            self._share(record, source, destination.ip)
        if destination.port not in _HAVEX_PORTS:
            return
        if destination.port in _HAVEX_OWN:
            self._looked[source] = record.time
        if self._ports.add(source, destination.port, record.time) and source in self._looked:
            observed = "the ports that Havex scans for controllers and visualizations"
            self._say("suspicion-of-malicious-activity-havex", record, observed)

    def _share(self, record: Record, source: str, destination: str) -> None:
        if self._shares.add(source, destination, record.time):
            observed = f"file sharing of {self._shares.count} hosts tried, as worms do"
            self._say("suspicion-of-malicious-activity-wannacry", record, observed)

    def _command(self, record: Record) -> None:
        fields = record.fields
        source = record.direction.source.address
        for each in fields.get("objects") or ():
            if self._objects.add(source, (fields.get("ca"), each.get("ioa")), record.time):
                observed = f"commands to {self._objects.count} information objects one after the other"
                self._say(SWEEP, record, observed)

    def _say(self, alert: str, record: Record, observed: str) -> None:
        report = Report(
            alert,
            seconds(record.time),
            record.direction.source.address,
            "",
            record.protocol,
            observed,
            "conversations with known parties",
            record.frame,
        )
        self._reporter.about(report, record)
