"""Opening the control database: what is made, what is kept, and what is refused in one sentence."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy

from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.kernel.errors import StartupError
from holdfast.keys.file import open_key_ring
from holdfast.keys.ring import FileKeyRing
from holdfast.storage.control import CONTROL_FILE, open_control
from holdfast.storage.instance import open_instance
from holdfast.storage.sqlcipher import connect
from tests.support.postgresql import Server


def ring_in(folder: Path) -> FileKeyRing:
    return open_key_ring(folder, ManualClock(), SystemRandomness())


def execute(url: str, folder: Path, ring: FileKeyRing, statement: str) -> None:
    database = open_control(folder, ring, url, prepare=False)
    with database.write() as connection:
        connection.execute(sqlalchemy.text(statement))
    database.close()


def test_it_is_made_once_and_opened_again(tmp_path: Path, database_url: str) -> None:
    ring = ring_in(tmp_path)
    for _ in range(2):
        database = open_control(tmp_path, ring, database_url)
        with database.read() as connection:
            assert connection.execute(sqlalchemy.text("SELECT value FROM instance")).scalar() == ring.instance
        database.close()


def test_it_belongs_to_its_keys(tmp_path: Path, database_url: str) -> None:
    ring = ring_in(tmp_path)
    open_control(tmp_path, ring, database_url).close()
    execute(database_url, tmp_path, ring, "UPDATE instance SET value = 'other' WHERE name = 'id'")
    with pytest.raises(StartupError, match="belongs to another instance"):
        open_control(tmp_path, ring, database_url)


def test_a_newer_schema_is_refused(tmp_path: Path, database_url: str) -> None:
    ring = ring_in(tmp_path)
    open_control(tmp_path, ring, database_url).close()
    execute(database_url, tmp_path, ring, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StartupError, match="newer version"):
        open_control(tmp_path, ring, database_url)


def test_readers_cannot_write(tmp_path: Path, database_url: str) -> None:
    database = open_control(tmp_path, ring_in(tmp_path), database_url)
    with pytest.raises(sqlalchemy.exc.DBAPIError, match=r"readonly|read-only"), database.read() as connection:
        connection.execute(sqlalchemy.text("DELETE FROM instance"))
    database.close()


def test_a_failed_write_leaves_nothing(tmp_path: Path, database_url: str) -> None:
    database = open_control(tmp_path, ring_in(tmp_path), database_url)

    def fail() -> None:
        with database.write() as connection:
            connection.execute(sqlalchemy.text("DELETE FROM instance"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as connection:
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM instance")).scalar() == 1
    database.close()


# SQLCipher files.


def test_the_file_is_encrypted_and_private(tmp_path: Path) -> None:
    open_control(tmp_path, ring_in(tmp_path)).close()
    content = (tmp_path / CONTROL_FILE).read_bytes()
    assert not content.startswith(b"SQLite format 3")
    assert b"CREATE TABLE" not in content
    assert (tmp_path / CONTROL_FILE).stat().st_mode & 0o777 == 0o600


def test_the_wrong_key_is_refused(tmp_path: Path) -> None:
    open_control(tmp_path, ring_in(tmp_path)).close()
    with pytest.raises(StartupError, match="cannot be decrypted"):
        open_control(tmp_path, ring_in(tmp_path / "other"))


def test_a_plain_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / CONTROL_FILE) as other:
        other.execute("CREATE TABLE theirs (a)")
    other.close()
    with pytest.raises(StartupError, match="cannot be decrypted"):
        open_control(tmp_path, ring_in(tmp_path))


def test_a_half_written_file_is_refused(tmp_path: Path) -> None:
    ring = ring_in(tmp_path)
    open_control(tmp_path, ring).close()
    path = tmp_path / CONTROL_FILE
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(StartupError, match=str(path)):
        open_control(tmp_path, ring)


def test_an_encrypted_database_of_another_program_is_refused(tmp_path: Path) -> None:
    ring = ring_in(tmp_path)
    other = connect(tmp_path / CONTROL_FILE, ring.data_key("control-database"))
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    with pytest.raises(StartupError, match="made by another program"):
        open_control(tmp_path, ring)


# PostgreSQL.


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://x", "only postgresql://"),
        ("no url", "is no URL"),
        ("postgresql://nobody@/nothing?host=/nowhere", "check the server"),
    ],
)
def test_a_wrong_url_is_refused(tmp_path: Path, url: str, sentence: str) -> None:
    with pytest.raises(StartupError, match=sentence):
        open_control(tmp_path, ring_in(tmp_path), url)


def test_a_password_in_the_url_is_never_said(tmp_path: Path) -> None:
    with pytest.raises(StartupError) as refused:
        open_control(tmp_path, ring_in(tmp_path), "postgresql://nobody:s3cret@/nothing?host=/nowhere")
    assert "s3cret" not in str(refused.value)


def test_tables_of_others_are_left_alone(tmp_path: Path, postgresql_server: Server) -> None:
    url = postgresql_server.database()
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE theirs (a INTEGER)"))
    engine.dispose()
    with pytest.raises(StartupError, match="not Holdfast's"):
        open_control(tmp_path, ring_in(tmp_path), url)


def test_a_server_that_gives_up_durability_is_refused(tmp_path: Path, postgresql_server: Server) -> None:
    url = f"{postgresql_server.database()}%20-csynchronous_commit%3Doff"
    with pytest.raises(StartupError, match="synchronous_commit"):
        open_control(tmp_path, ring_in(tmp_path), url)


# The instance.


def test_commands_open_what_exists_and_make_nothing(tmp_path: Path) -> None:
    clock, randomness = ManualClock(), SystemRandomness()
    with pytest.raises(StartupError, match="holdfast up"):
        open_instance(tmp_path, clock, randomness)
    assert list(tmp_path.iterdir()) == []
    ring = ring_in(tmp_path)
    open_control(tmp_path, ring).close()
    opened = open_instance(tmp_path, clock, randomness)
    assert opened.ring.instance == ring.instance
    opened.close()


def test_text_with_a_nul_names_nothing_and_fails_nowhere(tmp_path: Path, database_url: str) -> None:
    ring = ring_in(tmp_path)
    database = open_control(tmp_path, ring, database_url)
    asked = sqlalchemy.text("SELECT value FROM instance WHERE value IN (:text, :other)")
    with database.read() as connection:
        for around in ("\0", "a\0"):
            texts = {"text": around + str(ring.instance), "other": str(ring.instance) + around}
            assert connection.execute(asked, texts).scalar() is None
    database.close()
