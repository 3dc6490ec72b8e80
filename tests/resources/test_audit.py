"""The audit log's chain: what was edited, dropped, reordered, added or cut off is found."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Connection

from holdfast.resources.chain import Head
from holdfast.resources.rows import from_event, to_event
from holdfast.resources.sealing import Sealer, heads_after
from holdfast.resources.tables import audit, audit_head
from holdfast.resources.verification import Verification, verify
from holdfast.resources.witness import WITNESS_FILE, HeadFile
from tests.resources.kinds import KINDS
from tests.support.world import World, open_world


def witness(world: World) -> HeadFile:
    return HeadFile(world.folder / WITNESS_FILE)


def check(world: World) -> Verification:
    return verify(world.database, world.ring, world.clock, witness(world))


def codes(world: World) -> set[str]:
    return {finding.code for finding in check(world).findings}


@pytest.fixture
def sealed(tmp_path: Path, database_url: str) -> Iterator[World]:
    """Nine records under three heads."""
    with open_world(tmp_path, KINDS, url=database_url, seals=False) as world:
        sealer = Sealer(world.database, world.ring, world.clock, witness(world))
        for number in range(9):
            world.put("thing", f"t{number}", {"name": f"n{number}"})
            if number % 3 == 2:
                sealer.seal()
                world.clock.advance(5)
        yield world


def test_an_untouched_log_is_intact(sealed: World) -> None:
    result = check(sealed)
    assert (result.ok, result.records, result.heads, result.unsealed) == (True, 9, 3, 0)
    assert result.head == heads_after(sealed.database, 0)[-1].head
    assert [head.last for head in witness(sealed).read()] == [3, 6, 9]


def test_the_change_path_seals_by_itself(world: World) -> None:
    world.put("thing", "a", {})
    world.changes.close()
    assert check(world).heads == 1
    assert check(world).unsealed == 0


def edit_record(connection: Connection) -> None:
    record = connection.execute(sqlalchemy.select(audit.c.record).where(audit.c.sequence == 5)).scalar_one()
    connection.execute(audit.update().where(audit.c.sequence == 5).values(record=record.replace("n4", "nX")))


def edit_record_and_digest(connection: Connection) -> None:
    record = connection.execute(sqlalchemy.select(audit.c.record).where(audit.c.sequence == 5)).scalar_one()
    values = from_event(to_event(record.replace("n4", "nX")))
    connection.execute(audit.update().where(audit.c.sequence == 5).values(**values))


def edit_searched_column(connection: Connection) -> None:
    connection.execute(audit.update().where(audit.c.sequence == 5).values(actor="somebody-else"))


def drop_one(connection: Connection) -> None:
    connection.execute(audit.delete().where(audit.c.sequence == 5))


def drop_one_and_renumber(connection: Connection) -> None:
    connection.execute(audit.delete().where(audit.c.sequence == 5))
    connection.execute(audit.update().where(audit.c.sequence == 6).values(sequence=5))


def swap_two(connection: Connection) -> None:
    for old, new in ((5, 100), (6, 5), (100, 6)):
        connection.execute(audit.update().where(audit.c.sequence == old).values(sequence=new))


def cut_off_the_end(connection: Connection) -> None:
    connection.execute(audit.delete().where(audit.c.sequence > 6))


def cut_off_the_end_with_its_head(connection: Connection) -> None:
    cut_off_the_end(connection)
    connection.execute(audit_head.delete().where(audit_head.c.last > 6))


def cut_everything(connection: Connection) -> None:
    connection.execute(audit.delete())
    connection.execute(audit_head.delete())


def drop_a_head(connection: Connection) -> None:
    connection.execute(audit_head.delete().where(audit_head.c.last == 6))


def forge_a_head(connection: Connection) -> None:
    connection.execute(audit_head.update().where(audit_head.c.last == 6).values(signature="00" * 64))


def move_a_head_in_time(connection: Connection) -> None:
    connection.execute(audit_head.update().where(audit_head.c.last == 6).values(time=1.0))


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (edit_record, {"edited"}),
        (edit_record_and_digest, {"chain"}),
        (edit_searched_column, {"edited"}),
        (drop_one, {"missing", "chain"}),
        (drop_one_and_renumber, {"edited", "missing", "chain"}),
        (swap_two, {"edited", "chain"}),
        (cut_off_the_end, {"cut"}),
        (cut_off_the_end_with_its_head, {"cut"}),
        (cut_everything, {"cut"}),
        (drop_a_head, {"missing", "cut"}),
        (forge_a_head, {"signature", "witness"}),
        (move_a_head_in_time, {"signature", "witness"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_tampering_is_found(sealed: World, tamper: Callable[[Connection], None], found: set[str]) -> None:
    with sealed.database.write() as connection:
        tamper(connection)
    assert codes(sealed) == found


def test_a_shortened_second_copy_is_found(sealed: World) -> None:
    path = witness(sealed).path
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:1]))
    assert codes(sealed) == {"witness"}
    path.unlink()
    assert codes(sealed) == {"witness"}


def test_heads_of_another_instance_are_not_ours(sealed: World) -> None:
    path = witness(sealed).path
    head = Head(1, 3, "ab" * 32, 1.0, "no-key", "00" * 64)
    HeadFile(path).append([head])
    assert "witness" in codes(sealed)


def test_records_after_the_last_head_wait_and_are_overdue_after_a_minute(sealed: World) -> None:
    with sealed.database.write() as connection:
        connection.execute(audit_head.delete().where(audit_head.c.last == 9))
    path = witness(sealed).path
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert (check(sealed).ok, check(sealed).unsealed) == (True, 3)
    sealed.clock.advance(120)
    assert codes(sealed) == {"unsealed"}


def test_a_head_that_a_crash_kept_from_the_file_follows(sealed: World) -> None:
    path = witness(sealed).path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:40])
    Sealer(sealed.database, sealed.ring, sealed.clock, witness(sealed)).seal()
    assert [head.last for head in witness(sealed).read()] == [3, 6, 9]
    assert check(sealed).ok


@pytest.mark.parametrize("seals_at", [1, 2])
def test_what_a_running_instance_seals_meanwhile_is_no_finding(sealed: World, seals_at: int) -> None:
    class Busy(HeadFile):
        """A file that grows just before it is read for the nth time."""

        reads = 0

        def read(self) -> list[Head]:
            self.reads += 1
            if self.reads == seals_at:
                Sealer(sealed.database, sealed.ring, sealed.clock, witness(sealed)).seal()
            return super().read()

    sealed.put("thing", "later", {})
    assert verify(sealed.database, sealed.ring, sealed.clock, Busy(witness(sealed).path)).ok


def test_old_heads_stay_verifiable_when_the_signing_key_changes(sealed: World) -> None:
    sealed.ring.rotate_signing_key("audit")
    sealed.put("thing", "later", {})
    Sealer(sealed.database, sealed.ring, sealed.clock, witness(sealed)).seal()
    assert len({head.key for head in heads_after(sealed.database, 0)}) == 2
    assert check(sealed).ok


def test_progress_is_told(sealed: World) -> None:
    told: list[int] = []
    verify(sealed.database, sealed.ring, sealed.clock, witness(sealed), told.append)
    assert told[-1] == 9
