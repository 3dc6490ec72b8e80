"""Writes the timeline: from what devices do, from alerts, and from the inventory."""

from collections.abc import Callable, Iterable, Iterator

from holdfast.alerts.model import Alert
from holdfast.defender.engines.model import Act, Bind, Deed, Table, Watch
from holdfast.defender.inventory.model import Asset, Fact, Name
from holdfast.defender.record import SECOND, Record
from holdfast.defender.timeline.model import EventSeverity, EventType, Timeline, TimelineEvent
from holdfast.defender.timeline.notes import NOTES, Note

_ACTS = {
    Act.PROGRAM: EventType.PROGRAM_DEVICE,
    Act.UPLOAD: EventType.PROGRAM_UPLOAD_DEVICE,
    Act.CONFIGURE: EventType.CONFIGURATION_CHANGE,
    Act.INSPECT: EventType.CONFIGURATION_READ,
    Act.STOP: EventType.PLC_STOP,
    Act.START: EventType.PLC_START,
    Act.RESET: EventType.PLC_RESET,
    Act.FIRMWARE: EventType.FIRMWARE_UPDATE,
}
_CATEGORIES = {"Scan": EventType.SCAN, "Internet Access": EventType.INTERNET_ACCESS}
"""Alerts that have an event of their own, by category."""
_ATTRIBUTES = {
    Name.FIRMWARE: EventType.FIRMWARE_CHANGED,
    Name.PLC_MODE: EventType.PLC_OPERATING_MODE_CHANGED,
    Name.HARDWARE: EventType.HARDWARE_UPDATE_BY_IDENTIFIER,
}


class Recorder:
    """Watches on behalf of the timeline."""

    def __init__(self, timeline: Timeline, tables: Iterable[Table]) -> None:
        self._timeline = timeline
        self._deeds = [(table.protocol, deed) for table in tables for deed in table.deeds]

    def watches(self) -> Iterator[Watch | Bind]:
        """See `Detector.watches`."""
        for protocol, deed in self._deeds:
            yield deed.row(protocol, self._deed(deed))
        for note in NOTES:
            yield Watch(note.protocol, note.select, self._note(note))

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def alert(self, alert: Alert) -> None:
        """An alert was opened."""
        kind = _CATEGORIES.get(alert.type.category, EventType.ALERT_REPORTED)
        self._add(alert.first, kind, alert.type.title, alert.source, alert.destination, EventSeverity.ALERT)

    def asset(self, asset: Asset, frame: int) -> None:
        """A device was seen for the first time."""
        self._add(asset.first, EventType.DEVICE_CREATE, "Device found", asset.address, frame=frame)

    def merged(self, asset: Asset, _other: str) -> None:
        """Two assets turned out to be one device."""
        self._add(asset.last, EventType.DEVICE_UNIFICATION, "Two entries are one device", asset.address)

    def learned(self, asset: Asset, fact: Fact, before: str, protocol: str, frame: int, time: float) -> None:
        """An attribute of a device has another value than before."""
        kind = _ATTRIBUTES.get(fact.name)
        if kind is not None and before:
            title = f"{fact.name.value} is {fact.value} ({protocol}), was {before}"
            self._add(time, kind, title, asset.address, frame=frame)

    def _deed(self, deed: Deed) -> Callable[[Record], None]:
        kind = _ACTS[deed.act]

        def note(record: Record) -> None:
            direction = record.direction
            self._add(
                record.time / SECOND,
                kind,
                f"{record.protocol}: {deed.text}",
                direction.source.address,
                direction.destination.address,
                EventSeverity.NOTICE,
                frame=record.frame,
            )

        return note

    def _note(self, note: Note) -> Callable[[Record], None]:
        def take(record: Record) -> None:
            text = note.text(record)
            if text:
                ends = (record.direction.source.address, record.direction.destination.address)
                first, second = reversed(ends) if note.by_server else ends
                time = record.time / SECOND
                self._add(time, note.type, text, first, second, note.severity, record.frame)

        return take

    def _add(
        self,
        time: float,
        kind: EventType,
        title: str,
        source: str,
        destination: str = "",
        severity: EventSeverity = EventSeverity.INFO,
        frame: int = 0,
    ) -> None:
        devices = tuple(device for device in (source, destination) if device)
        self._timeline.add(TimelineEvent(time, kind, severity, title, devices, frame=frame))
