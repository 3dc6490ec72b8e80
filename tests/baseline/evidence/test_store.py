"""Evidence is kept, found again by moment, and handed over."""

from pathlib import Path

import pytest
import sqlalchemy

from holdfast.baseline.evidence.bundle import verify_bundle
from holdfast.baseline.evidence.envelope import EvidenceError
from holdfast.baseline.evidence.store import DATABASE_FILE, EvidenceStore, open_evidence
from holdfast.baseline.probes.observation import Outcome
from holdfast.kernel.clock import ManualClock
from holdfast.storage.sqlcipher import open_database
from tests.baseline.evidence.items import INSTANCE, KEY, NOW, observation

DATABASE_KEY = b"\7" * 32
CLOCK = ManualClock(NOW)


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return open_evidence(tmp_path, DATABASE_KEY, INSTANCE, KEY, CLOCK)


def test_the_newest_run_of_a_probe_replaces_the_one_before(store: EvidenceStore) -> None:
    store.add_observations([observation(subject="a"), observation(subject="gone")])
    store.add_observations([observation("other.probe", subject="b")])
    failed = observation(subject="a", outcome=Outcome.FAILED, collected=NOW + 60)
    store.add_observations([failed])
    assert {(item.subject, item.outcome) for item in store.latest(NOW + 60)} == {
        ("a", Outcome.FAILED),
        ("b", Outcome.PASSED),
    }
    assert {item.subject for item in store.latest(NOW)} == {"a", "gone", "b"}


def test_how_things_stood_on_an_earlier_day_has_an_answer(store: EvidenceStore) -> None:
    store.add_observations([observation(), observation(outcome=Outcome.FAILED, collected=NOW + 86_400)])
    (then,) = store.latest(NOW + 100)
    (later,) = store.latest(NOW + 90_000)
    assert (then.outcome, later.outcome) == (Outcome.PASSED, Outcome.FAILED)
    assert store.latest(NOW - 1) == ()


def test_history_is_by_probe_and_period(store: EvidenceStore) -> None:
    store.add_observations([observation(collected=NOW + day * 86_400) for day in range(4)])
    store.add_observations([observation("other.probe")])
    found = list(store.history("transit.plaintext-refused", NOW + 1, NOW + 3 * 86_400))
    assert [item.collected for item in found] == [NOW + day * 86_400 for day in (1, 2, 3)]


def test_a_period_is_handed_over_as_a_bundle(store: EvidenceStore) -> None:
    store.add_observations([observation(collected=NOW + day) for day in range(5)])
    store.add_decision("GS-1", {"owner": "Ada"})
    verified = verify_bundle(store.bundle(NOW + 1, NOW + 3), KEY.public)
    assert [item.link.sequence for item in verified.items] == [2, 3, 4]
    assert verify_bundle(store.bundle(NOW + 50, NOW + 60), KEY.public).items == ()
    assert len(verify_bundle(store.bundle(0, NOW + 60), KEY.public).items) == 6


def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    first = open_evidence(tmp_path, DATABASE_KEY, INSTANCE, KEY, CLOCK)
    head = first.add_observations([observation()])
    again = open_evidence(tmp_path, DATABASE_KEY, INSTANCE, KEY, CLOCK)
    assert again.head() == head
    assert again.add_observations([observation()]).sequence == 2
    assert len(verify_bundle(again.bundle(0, NOW + 1), again.public_key).items) == 2


def test_nothing_to_add_changes_nothing(store: EvidenceStore) -> None:
    assert store.add_observations([]) == store.head()


def test_an_edited_row_is_noticed(tmp_path: Path, store: EvidenceStore) -> None:
    store.add_observations([observation(), observation(subject="b")])
    database = open_database(tmp_path / DATABASE_FILE, DATABASE_KEY)
    swap = "UPDATE evidence SET envelope = replace(envelope, 'payload', 'pay1oad') WHERE sequence = 1"
    with database.write() as connection:
        connection.execute(sqlalchemy.text(swap))
    with pytest.raises(EvidenceError):
        store.latest()


def test_a_dropped_row_is_noticed_in_the_bundle(tmp_path: Path, store: EvidenceStore) -> None:
    store.add_observations([observation(subject=name) for name in "abc"])
    database = open_database(tmp_path / DATABASE_FILE, DATABASE_KEY)
    with database.write() as connection:
        connection.execute(sqlalchemy.text("DELETE FROM evidence WHERE sequence = 2"))
    with pytest.raises(EvidenceError, match="Item 2 is missing"):
        verify_bundle(store.bundle(0, NOW + 1), KEY.public)


def test_the_file_shows_nothing(tmp_path: Path, store: EvidenceStore) -> None:
    store.add_observations([observation(observed="a very telling sight")])
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"telling" not in raw
    assert b"SQLite format 3" not in raw
