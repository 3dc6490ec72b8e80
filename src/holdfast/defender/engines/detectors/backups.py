"""Backups of controllers' programs that run at regular times, and the one that did not."""

from collections.abc import Iterable, Iterator

from holdfast.alerts.model import Report
from holdfast.defender.engines.model import Act, Bind, Table, Watch
from holdfast.defender.engines.reporter import Reporter
from holdfast.defender.record import SECOND, Record

ALERT = "expected-backup-operation-did-not-occur"
_REGULAR = 3
"""Equal pauses from which on a next backup is expected."""
_SPREAD = 0.1
_SEPARATE = 60 * SECOND
"""Uploads of one backup lie closer together than this."""
_MAXIMUM = 10_000


class _Schedule:
    """The backups of one controller by one client."""

    __slots__ = ("last", "newest", "pauses", "said")

    def __init__(self, time: int) -> None:
        self.last = time
        """Beginning of the newest backup."""
        self.newest = time
        """Its newest message."""
        self.pauses: list[int] = []
        self.said = False

    def pause(self) -> int:
        """The regular pause between backups; 0 while there is none."""
        if len(self.pauses) < _REGULAR:
            return 0
        mean = sum(self.pauses) // len(self.pauses)
        return mean if all(abs(each - mean) <= mean * _SPREAD for each in self.pauses) else 0


class Backups:
    """Watches uploads of programs."""

    def __init__(self, reporter: Reporter, tables: Iterable[Table]) -> None:
        self._reporter = reporter
        self._patience = int(reporter.threshold(ALERT).seconds * SECOND)
        self._deeds = [
            (table.protocol, deed) for table in tables for deed in table.deeds if deed.act is Act.UPLOAD
        ]
        self._schedules: dict[tuple[str, str], _Schedule] = {}

    def watches(self) -> Iterator[Watch | Bind]:
        """See `Detector.watches`."""
        for protocol, deed in self._deeds:
            yield deed.row(protocol, self._note)

    def tick(self, now: int) -> None:
        """Look for backups that are overdue."""
        for (client, device), schedule in self._schedules.items():
            pause = schedule.pause()
            if pause and not schedule.said and now > schedule.last + pause + self._patience:
                schedule.said = True
                report = Report(
                    ALERT,
                    now / SECOND,
                    client,
                    device,
                    "",
                    f"no backup for {(now - schedule.last) / SECOND:.0f} s",
                    f"a backup every {pause / SECOND:.0f} s",
                )
                self._reporter.about(report)

    def _note(self, record: Record) -> None:
        """A message of an upload."""
        key = (record.direction.source.address, record.direction.destination.address)
        schedule = self._schedules.get(key)
        if schedule is None:
            if len(self._schedules) < _MAXIMUM:
                self._schedules[key] = _Schedule(record.time)
            return
        if record.time - schedule.newest > _SEPARATE:
            schedule.pauses.append(record.time - schedule.last)
            del schedule.pauses[:-_REGULAR]
            schedule.last = record.time
            schedule.said = False
        schedule.newest = record.time
