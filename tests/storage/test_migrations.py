"""Migrations: up from nothing and from every earlier schema with its data, and killed in the middle."""

import shutil
import subprocess
import sys
from pathlib import Path

import alembic.autogenerate
import alembic.migration
import alembic.script
import pytest
import sqlalchemy
from sqlalchemy import Connection, MetaData, Table

from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.keys.file import open_key_ring
from holdfast.resources import tables
from holdfast.storage import migrate as migrate_module
from holdfast.storage import postgresql, sqlcipher
from holdfast.storage.control import CONTROL_FILE, open_control
from holdfast.storage.database import Database
from holdfast.storage.migrate import SCRIPTS, configuration, migrate, revision

REVISIONS = [
    script.revision for script in alembic.script.ScriptDirectory.from_config(configuration()).walk_revisions()
][::-1]
SAMPLES = {
    sqlalchemy.Integer: 7,
    sqlalchemy.BigInteger: 7,
    sqlalchemy.Float: 1.5,
    sqlalchemy.LargeBinary: b"x",
}


@pytest.fixture
def empty(tmp_path: Path, database_url: str) -> Database:
    """A database without tables."""
    if database_url:
        return postgresql.open_database(database_url)
    return sqlcipher.open_database(tmp_path / CONTROL_FILE, b"k" * 32)


def sample(column: sqlalchemy.Column[object]) -> object:
    """A value for a column."""
    return next((value for type_, value in SAMPLES.items() if isinstance(column.type, type_)), "x")


def own_tables(connection: Connection) -> list[Table]:
    """The tables with data of the product, as the database describes them."""
    metadata = MetaData()
    metadata.reflect(connection)
    skipped = ("alembic_version", "log_batch", "log_counter")
    return [table for table in metadata.sorted_tables if table.name not in skipped]


def test_revisions_follow_one_another() -> None:
    assert [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS


def test_the_schema_is_what_the_tables_say(empty: Database) -> None:
    known = tables.metadata.tables
    migrate(empty)
    with empty.read() as connection:
        context = alembic.migration.MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, _: kind != "table" or name in known}
        )
        assert alembic.autogenerate.compare_metadata(context, tables.metadata) == []
    empty.close()


@pytest.mark.parametrize("start", REVISIONS)
def test_every_schema_comes_up_with_its_data(empty: Database, start: str) -> None:
    migrate(empty, start)
    with empty.write() as connection:
        before = own_tables(connection)
        for table in before:
            connection.execute(table.insert().values({c.name: sample(c) for c in table.columns}))
    migrate(empty)
    with empty.read() as connection:
        assert revision(connection) == REVISIONS[-1]
        present = {table.name: table for table in own_tables(connection)}
        for old in before:
            table = present[old.name]
            row = connection.execute(table.select()).one()._mapping
            assert {c.name: row[c.name] for c in old.columns} == {c.name: sample(c) for c in old.columns}
    empty.close()


def test_migrating_again_changes_nothing(empty: Database) -> None:
    migrate(empty)
    migrate(empty)
    with empty.read() as connection:
        assert revision(connection) == REVISIONS[-1]
    empty.close()


def test_a_failed_migration_leaves_nothing_behind(
    empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    broken = f"revision = '9999'\ndown_revision = '{REVISIONS[-1]}'\ndef upgrade(): raise ZeroDivisionError\n"
    (tmp_path / "scripts" / "versions" / "9999_broken.py").write_text(broken)
    monkeypatch.setattr(migrate_module, "SCRIPTS", tmp_path / "scripts")
    with pytest.raises(ZeroDivisionError):
        migrate(empty)
    with empty.read() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
    empty.close()


@pytest.mark.parametrize("write", [1, 15, 40, 70])
def test_a_killed_migration_is_done_again_at_the_next_start(tmp_path: Path, write: int) -> None:
    code = (
        "import sys; from pathlib import Path; from holdfast.kernel.clock import *;"
        "from holdfast.keys.file import open_key_ring; from holdfast.storage.control import open_control\n"
        "folder = Path(sys.argv[1])\n"
        "open_control(folder, open_key_ring(folder, ManualClock(), SystemRandomness()))"
    )
    strace = ["strace", "-f", "-o", "/dev/null", "-e", "trace=pwrite64"]
    kill = ["-e", f"inject=pwrite64:signal=KILL:when={write}"]
    killed = subprocess.run([*strace, *kill, sys.executable, "-c", code, str(tmp_path)], timeout=60)
    assert killed.returncode != 0
    ring = open_key_ring(tmp_path, ManualClock(), SystemRandomness())
    database = open_control(tmp_path, ring)
    with database.read() as connection:
        assert revision(connection) == REVISIONS[-1]
    database.close()
