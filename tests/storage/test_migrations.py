"""Migrations: up from nothing and from every earlier schema with its data, and killed in the middle."""

import itertools
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

from holdfast.alerts.store import tables as alerts
from holdfast.baseline.evidence import store as evidence
from holdfast.defender.network import tables as network
from holdfast.delivery.shelves import tables as delivery
from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.kernel.errors import StartupError
from holdfast.keys.file import open_key_ring
from holdfast.policy.compliance import tables as compliance
from holdfast.resources import tables as resources
from holdfast.storage import migrate as migrate_module
from holdfast.storage import postgresql, sqlcipher
from holdfast.storage.control import CONTROL_FILE, open_control
from holdfast.storage.database import Database
from holdfast.storage.migrate import CONTROL, SCRIPTS, configuration, migrate, revision, version_table
from holdfast.telemetry import last_values

SCHEMAS = sorted(folder.name for folder in SCRIPTS.iterdir() if (folder / "__init__.py").exists())
DESCRIBED = {
    CONTROL: [resources.metadata, alerts.metadata],
    "defender": [network.metadata],
    "delivery": [delivery.metadata],
    "evidence": [evidence.metadata],
    "policy": [compliance.metadata],
    "telemetry": [last_values.metadata],
}
"""What the code takes for the tables of each schema."""


def revisions(schema: str) -> list[str]:
    """The revisions of a schema, oldest first."""
    scripts = alembic.script.ScriptDirectory.from_config(configuration(schema))
    return [script.revision for script in scripts.walk_revisions()][::-1]


EVERY = [(schema, start) for schema in SCHEMAS for start in revisions(schema)]
SAMPLES = {
    sqlalchemy.Integer: 7,
    sqlalchemy.BigInteger: 7,
    sqlalchemy.Float: 1.5,
    sqlalchemy.LargeBinary: b"x",
    sqlalchemy.Boolean: True,
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
    skipped = ("log_batch", "log_counter")
    return [
        table
        for table in metadata.sorted_tables
        if table.name not in skipped and not table.name.startswith("alembic_version")
    ]


def fill(connection: Connection) -> list[Table]:
    """A row in each table that there is; the tables."""
    filled = own_tables(connection)
    for table in filled:
        connection.execute(table.insert().values({c.name: sample(c) for c in table.columns}))
    return filled


def assert_kept(connection: Connection, filled: list[Table]) -> None:
    """Each of those rows is there still, with all its values."""
    present = {table.name: table for table in own_tables(connection)}
    for old in filled:
        row = connection.execute(present[old.name].select()).one()._mapping
        assert {c.name: row[c.name] for c in old.columns} == {c.name: sample(c) for c in old.columns}


def migrate_all(database: Database) -> None:
    """Bring every schema up in one database, as on PostgreSQL."""
    for schema in (CONTROL, *SCHEMAS):
        migrate(database, schema)


def test_no_schema_is_without_description() -> None:
    assert list(DESCRIBED) == SCHEMAS


@pytest.mark.parametrize("schema", SCHEMAS)
def test_revisions_follow_one_another(schema: str) -> None:
    known = revisions(schema)
    assert [f"{number:04d}" for number in range(1, len(known) + 1)] == known


def test_the_schemas_are_what_the_tables_say(empty: Database) -> None:
    migrate_all(empty)
    with empty.read() as connection:
        for metadata in itertools.chain(*DESCRIBED.values()):
            known = metadata.tables
            context = alembic.migration.MigrationContext.configure(
                connection, opts={"include_name": lambda name, kind, _, k=known: kind != "table" or name in k}
            )
            assert alembic.autogenerate.compare_metadata(context, metadata) == []
    empty.close()


@pytest.mark.parametrize(("schema", "start"), EVERY)
def test_every_schema_comes_up_with_its_data(empty: Database, schema: str, start: str) -> None:
    migrate(empty, schema, start)
    with empty.write() as connection:
        before = fill(connection)
    migrate(empty, schema)
    with empty.read() as connection:
        assert revision(connection, schema) == revisions(schema)[-1]
        assert_kept(connection, before)
    empty.close()


@pytest.mark.parametrize("tables", [1, None])
def test_tables_that_are_older_than_their_history_are_taken_over(empty: Database, tables: int | None) -> None:
    migrate(empty)
    with empty.write() as connection:
        for (described,) in (DESCRIBED[schema] for schema in SCHEMAS if schema != CONTROL):
            described.create_all(connection, described.sorted_tables[:tables])
        before = fill(connection)
    migrate_all(empty)
    migrate_all(empty)
    with empty.read() as connection:
        assert all(revision(connection, schema) == revisions(schema)[-1] for schema in SCHEMAS)
        assert_kept(connection, before)
    empty.close()


def test_what_a_newer_version_wrote_is_refused(empty: Database) -> None:
    migrate_all(empty)
    for schema in SCHEMAS:
        with empty.write() as connection:
            connection.exec_driver_sql(f"UPDATE {version_table(schema)} SET version_num = '9999'")
        with pytest.raises(StartupError, match="9999"):
            migrate(empty, schema)
    empty.close()


def test_a_failed_migration_leaves_nothing_behind(
    empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    newest = revisions(CONTROL)[-1]
    broken = f"revision = '9999'\ndown_revision = '{newest}'\ndef upgrade(): raise ZeroDivisionError\n"
    (tmp_path / "scripts" / CONTROL / "9999_broken.py").write_text(broken)
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
        assert revision(connection) == revisions(CONTROL)[-1]
    database.close()
