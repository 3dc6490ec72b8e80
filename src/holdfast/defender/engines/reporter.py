"""How detectors raise alerts: what is not worth telling is filtered here, everything else goes to the
book."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from holdfast.alerts.book import AlertBook
from holdfast.alerts.model import Alert, Report, Severity, Threshold
from holdfast.defender.engines.model import Blame
from holdfast.defender.engines.places import Place, Places
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record, seconds

MAXIMUM_TEXT: Final = 300
"""Characters of one observed or expected text; what comes from the wire may be long."""


@dataclass(slots=True)
class Reporter:
    """Turns what detectors see into reports."""

    book: AlertBook
    places: Places
    industrial: frozenset[str] = frozenset()
    """Protocols of processes: they are reported even between office addresses."""
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    """Decisions of people about single alert types."""
    sighted: Callable[[Alert, Record | None], None] | None = None
    """Told about every report that became part of an alert, for packet slices."""
    filtered: int = 0
    """Reports that were left out because only office addresses are involved."""

    def threshold(self, alert: str) -> Threshold:
        """What it takes to raise an alert."""
        return self.thresholds.get(alert) or self.book.types[alert].threshold

    def record(
        self,
        alert: str,
        record: Record,
        observed: str,
        expected: str,
        *,
        blame: Blame = Blame.SPEAKER,
        learn: Entry = (),
        severity: Severity | None = None,
    ) -> None:
        """Raise `alert` for a message; the blamed party is the alert's source."""
        direction = record.direction
        speaker, listener = direction.source.address, direction.destination.address
        source, destination = (speaker, listener) if blame is Blame.SPEAKER else (listener, speaker)
        self.about(
            Report(
                alert,
                seconds(record.time),
                source,
                destination,
                record.protocol,
                shown(observed),
                shown(expected),
                record.frame,
                learn,
                severity,
            ),
            record,
        )

    def about(self, report: Report, record: Record | None = None) -> None:
        """Raise an alert that is not about one message alone."""
        if self._only_office(report):
            self.filtered += 1
            return
        alert = self.book.report(report)
        if alert is not None and self.sighted is not None:
            self.sighted(alert, record)

    def _only_office(self, report: Report) -> bool:
        if not self.places.office or report.protocol in self.industrial:
            return False
        if self.book.types[report.type].engine == "malware":
            return False
        parties = [party for party in (report.source, report.destination) if party]
        return bool(parties) and all(self.places.of(party) is Place.OFFICE for party in parties)


def shown(text: str) -> str:
    """Text that may come from the wire, made fit to be shown: one line, bounded, nothing invisible."""
    if len(text) > MAXIMUM_TEXT:
        text = text[: MAXIMUM_TEXT - 1] + "…"
    return (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    )
