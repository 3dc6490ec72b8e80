"""Bringing a database to the schema of this version, and refusing those that are not ours to change."""

from pathlib import Path
from typing import Final

import alembic.command
import alembic.config
import alembic.migration
import alembic.script
import sqlalchemy
from sqlalchemy import Connection

from holdfast.kernel.errors import StartupError
from holdfast.storage.database import Database

SCRIPTS: Final = Path(__file__).parent / "migrations"
"""A folder for each schema: tables that have one writer and a history of their own. In files each schema has
its own database; on PostgreSQL they share the instance's, so each has its own version table there."""
CONTROL: Final = "control"


def configuration(schema: str = CONTROL) -> alembic.config.Config:
    """Alembic's configuration for the scripts of one schema, without a file."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("version_locations", str(SCRIPTS / schema))
    config.set_main_option("path_separator", "os")
    config.attributes["version_table"] = version_table(schema)
    return config


def version_table(schema: str) -> str:
    """The table that says up to which revision a schema is."""
    return "alembic_version" if schema == CONTROL else f"alembic_version_{schema}"


def revision(connection: Connection, schema: str = CONTROL) -> str | None:
    """The revision of a schema in the database; None when it was never migrated."""
    options = {"version_table": version_table(schema)}
    return alembic.migration.MigrationContext.configure(connection, opts=options).get_current_revision()


def migrate(database: Database, schema: str = CONTROL, target: str = "head") -> None:
    """Apply the migrations that are missing, in one transaction: a killed migration leaves nothing behind.

    StartupError when the database was written by a newer version or is not Holdfast's.
    """
    config = configuration(schema)
    with database.write() as connection:
        _refuse_foreign(connection, database.name, schema)
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, target)


def _refuse_foreign(connection: Connection, name: str, schema: str) -> None:
    present = revision(connection, schema)
    scripts = alembic.script.ScriptDirectory.from_config(configuration(schema))
    if present is not None and present not in {script.revision for script in scripts.walk_revisions()}:
        raise StartupError(
            f"{name} has schema {present}, which this version of Holdfast does not know: it was written "
            "by a newer version; start that version, or restore a backup made by this one."
        )
    # Control comes first; where it was let in, others may follow.
    if schema == CONTROL and present is None and sqlalchemy.inspect(connection).get_table_names():
        raise StartupError(
            f"{name} holds tables that are not Holdfast's; name an empty database or another data folder."
        )
