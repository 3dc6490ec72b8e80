"""Rows that readers of a process share: each reader sees what it would see alone."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from holdfast.log.backend import Limits
from holdfast.log.open import open_reader
from holdfast.log.sqlite import segments
from holdfast.log.sqlite.recent import RecentRows, Row
from tests.log.world import BEGINNING, LogWorld, bodies, consume, entry, open_log

FILE_BYTES = 64 << 10


def stored(*sequences: int) -> list[Row]:
    return [(sequence, bytes(1000)) for sequence in sequences]


def test_rows_are_there_from_where_they_were_fetched() -> None:
    recent = RecentRows()
    recent.add(4, stored(5, 7, 8))  # 6 has no records
    assert recent.behind(4, 10) == stored(5, 7, 8)
    assert recent.behind(5, 1) == stored(7)
    assert recent.behind(6, 10) == stored(7, 8)
    assert recent.behind(3, 10) == []  # 4 may have records
    assert recent.behind(8, 10) == []


def test_rows_behind_a_gap_replace_those_before_it_and_older_ones_are_not_taken() -> None:
    recent = RecentRows()
    recent.add(4, stored(5, 6))
    recent.add(5, stored(6, 7))
    assert recent.behind(4, 10) == stored(5, 6, 7)
    recent.add(9, stored(10))
    assert recent.behind(4, 10) == []
    recent.add(2, stored(3, 4))
    assert (recent.behind(2, 10), recent.behind(9, 10)) == ([], stored(10))


def test_the_oldest_go_when_there_are_too_many() -> None:
    recent = RecentRows(maximum=3000)
    for sequence in range(1, 10):
        recent.add(sequence - 1, stored(sequence))
    assert recent.behind(7, 10) == stored(8, 9)
    assert recent.behind(6, 10) == []
    recent.add(9, [(10, bytes(5000))])
    assert recent.behind(9, 10) == []
    recent.add(10, stored(11))
    assert recent.behind(10, 10) == stored(11)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)), max_size=40), st.integers(0, 12_000))
def test_what_is_there_is_what_the_log_has(fetches: list[tuple[int, int]], maximum: int) -> None:
    log = stored(*(number for number in range(1, 40) if number % 3))

    def of_the_log(after: int, limit: int) -> list[Row]:
        return [row for row in log if row[0] > after][:limit]

    recent = RecentRows(maximum)
    for after, limit in fetches:
        found = recent.behind(after, limit)
        assert found in ([], of_the_log(after, limit)[: len(found)])
        recent.add(after, of_the_log(after, limit))


def test_readers_that_share_rows_see_every_record_once_over_many_files(tmp_path: Path) -> None:
    with open_log(tmp_path, limits=Limits(file_bytes=FILE_BYTES)) as log:
        recent = RecentRows()
        readers = [open_reader(tmp_path, log.ring, log.clock, recent=recent) for _ in range(3)]
        fast = dict(BEGINNING)
        seen: list[str] = []
        for number in range(120):
            log.append(entry(f"device-{number % 5}", f"{number} {'x' * 3000}"))
            log.settle()
            records, fast = consume(readers[0], after=fast)
            seen += bodies(records)
        assert len(segments.segments(tmp_path / "log")) > 3
        assert seen == [f"{number} {'x' * 3000}" for number in range(120)]
        assert bodies(consume(readers[1], limit=7)[0]) == seen
        assert bodies(consume(readers[2])[0]) == seen
        for reader in readers:
            reader.close()


def test_a_reader_takes_from_another_what_it_need_not_fetch(log: LogWorld) -> None:
    if log.url:
        return  # PostgreSQL has no rows to decrypt
    recent = RecentRows()
    first, second = (open_reader(log.folder, log.ring, log.clock, recent=recent) for _ in range(2))
    log.append(entry("a", "1"), entry("b", "2"))
    assert bodies(consume(first)[0]) == ["1", "2"]
    rows = recent.behind(0, 10)
    assert len(rows) == 1
    assert next(iter(second.block(1, 9, frozenset(BEGINNING))))[1] is rows[0][1]
    for reader in (first, second):
        reader.close()
