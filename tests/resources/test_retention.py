"""Old audit records go, and what stays can still be verified; what somebody else takes away is found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.kernel.principal import SYSTEM
from holdfast.resources import retention
from holdfast.resources.events import AuditFeed
from holdfast.resources.retention import FORGOTTEN, Retention
from holdfast.resources.sealing import Sealer
from holdfast.resources.tables import audit
from holdfast.resources.verification import Verification, verify
from holdfast.resources.witness import WITNESS_FILE, HeadFile
from tests.resources.kinds import KINDS
from tests.support.world import World, open_world

DAY = 86_400.0


class Log:
    """A log that is written by the day and sealed by hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._witness = HeadFile(world.folder / WITNESS_FILE)
        self._sealer = Sealer(world.database, world.ring, world.clock, self._witness)
        self.retention = Retention(world.database, world.changes, world.clock)

    def day(self, *names: str) -> None:
        """Records of one day under a head of their own."""
        for name in names:
            self.world.put("thing", name, {"name": name})
        self._sealer.seal()
        self.world.clock.advance(DAY)

    def check(self) -> Verification:
        self._sealer.seal()
        return verify(self.world.database, self.world.ring, self.world.clock, self._witness)

    @property
    def sequences(self) -> list[int]:
        return [event.sequence for event in self.world.feed.read(0, 1000)]


@pytest.fixture
def log(tmp_path: Path, database_url: str) -> Iterator[Log]:
    with open_world(tmp_path, KINDS, url=database_url, seals=False) as world:
        log = Log(world)
        log.day("a", "b")
        log.day("c", "d")
        log.day("e")
        yield log


def test_what_is_too_old_goes_up_to_a_head_and_the_log_says_so(log: Log) -> None:
    assert log.retention.forget(2 * DAY) == 2
    assert log.sequences == [3, 4, 5, 6]
    newest = AuditFeed(log.world.database, log.world.clock).search(limit=1)[0]
    assert (newest.name, newest.data["through"]) == (FORGOTTEN, 2)
    assert log.check().findings == []


def test_nothing_goes_before_its_time_and_nothing_twice(log: Log) -> None:
    assert log.retention.forget(10 * DAY) == 0
    assert log.retention.forget(2 * DAY) == 2
    assert log.retention.forget(2 * DAY) == 0
    assert [event.name for event in log.world.feed.read(0)].count(FORGOTTEN) == 1


def test_a_record_that_no_head_covers_stays(log: Log) -> None:
    log.world.put("thing", "late", {"name": "late"})
    log.world.clock.advance(30 * DAY)
    assert log.retention.forget(DAY) == 5
    assert log.sequences == [6, 7]
    assert log.check().findings == []


def test_it_goes_on_cut_after_cut(log: Log) -> None:
    log.retention.forget(2 * DAY)
    log.day("f")
    assert log.retention.forget(2 * DAY) == 2
    assert log.retention.forget(DAY) == 1
    assert log.check().findings == []
    assert log.check().head == log.check().head


def test_a_long_backlog_goes_in_bites(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    log.world.clock.advance(30 * DAY)
    bites = [log.retention.forget(DAY) for _ in range(4)]
    assert bites[:2] == [2, 2]
    assert log.check().findings == []


def delete(log: Log, through: int) -> None:
    with log.world.database.write() as connection:
        connection.execute(audit.delete().where(audit.c.sequence <= through))


@pytest.mark.parametrize("through", [2, 4])
def test_a_beginning_that_somebody_else_took_away_is_found(log: Log, through: int) -> None:
    """At a head, where the rest still chains."""
    delete(log, through)
    assert [finding.code for finding in log.check().findings] == ["missing"]


def test_more_than_was_forgotten_is_found(log: Log) -> None:
    log.retention.forget(2 * DAY)
    delete(log, 4)
    assert "missing" in {finding.code for finding in log.check().findings}


def test_a_crash_between_saying_and_removing_leaves_a_log_in_order(log: Log) -> None:
    head = log.check().head
    log.world.changes.record(SYSTEM, FORGOTTEN, data={"through": 2, "head": head})
    assert log.check().findings == []


def test_a_record_that_lies_about_the_cut_does_not_help(log: Log) -> None:
    log.world.changes.record(SYSTEM, FORGOTTEN, data={"through": 2, "head": "00" * 32})
    log.world.changes.record(SYSTEM, FORGOTTEN, data={"through": "all", "head": 1})
    log.check()
    delete(log, 2)
    assert [finding.code for finding in log.check().findings] == ["missing"]
