"""The packets behind alerts: a slice of the capture with what the two parties said before and after."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from holdfast.alerts.model import Alert
from holdfast.defender.capture.packets import Packet
from holdfast.defender.capture.writer import pcap_bytes
from holdfast.defender.pipeline import Batch
from holdfast.defender.record import Record

MAXIMUM_SIGHTINGS = 3
"""Reports of one violation whose packets are kept: the first ones, because they show how it began."""
MAXIMUM_PACKETS = 500
"""Packets in the slice of one alert."""
MAXIMUM_SLICES = 5000
"""Alerts of one run whose packets are kept; 500 packets of OT traffic are some 60 KB."""


class _Sighting(NamedTuple):
    alert: str
    record: Record


@dataclass(slots=True)
class Slices:
    """Collects packets while a sensor runs: `note` listens to the reporter, `collect` runs once a batch."""

    packets: dict[str, dict[int, Packet]] = field(default_factory=dict)
    """By alert and frame."""
    _waiting: list[_Sighting] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)

    def note(self, alert: Alert, record: Record | None) -> None:
        """A report became part of an alert."""
        if record is None:
            return
        seen = self._seen.get(alert.id, 0)
        if seen < MAXIMUM_SIGHTINGS * min(len(alert.violations), 10) and (seen or self._room()):
            self._seen[alert.id] = seen + 1
            self._waiting.append(_Sighting(alert.id, record))

    def collect(self, batch: Batch) -> None:
        """Take the packets of what was noted; called after the batch, while its packets are at hand."""
        for sighting in self._waiting:
            slices = self.packets.setdefault(sighting.alert, {})
            for packet in batch.packets.conversation(sighting.record):
                if len(slices) < MAXIMUM_PACKETS:
                    slices[packet.frame] = packet
        self._waiting.clear()

    def pcap(self, alert: str) -> bytes | None:
        """A capture file with an alert's packets; None where none were kept."""
        packets = self.packets.get(alert)
        return pcap_bytes(packets[frame] for frame in sorted(packets)) if packets else None

    def write(self, folder: Path) -> int:
        """Write `<alert>.pcap` for every alert that has packets; how many."""
        folder.mkdir(parents=True, exist_ok=True)
        written = 0
        for alert in self.packets:
            content = self.pcap(alert)
            if content is not None:
                (folder / f"{alert}.pcap").write_bytes(content)
                written += 1
        return written

    def _room(self) -> bool:
        return len(self._seen) < MAXIMUM_SLICES
