"""Bringing a database to the schema of this version, and refusing those that are not ours to change."""

from pathlib import Path

import alembic.command
import alembic.config
import alembic.migration
import alembic.script
import sqlalchemy
from sqlalchemy import Connection

from holdfast.kernel.errors import StartupError
from holdfast.storage.database import Database

SCRIPTS = Path(__file__).parent / "migrations"


def configuration() -> alembic.config.Config:
    """Alembic's configuration, without a file."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config


def revision(connection: Connection) -> str | None:
    """The schema revision of the database; None when it is empty."""
    return alembic.migration.MigrationContext.configure(connection).get_current_revision()


def migrate(database: Database, target: str = "head") -> None:
    """Apply the migrations that are missing, in one transaction: a killed migration leaves nothing behind.

    StartupError when the database was written by a newer version or is not Holdfast's.
    """
    config = configuration()
    with database.write() as connection:
        _refuse_foreign(connection, database.name, alembic.script.ScriptDirectory.from_config(config))
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, target)


def _refuse_foreign(connection: Connection, name: str, scripts: alembic.script.ScriptDirectory) -> None:
    present = revision(connection)
    known = {script.revision for script in scripts.walk_revisions()}
    if present is not None and present not in known:
        raise StartupError(
            f"{name} has schema {present}, which this version of Holdfast does not know: it was written "
            "by a newer version; start that version, or restore a backup made by this one."
        )
    if present is None and sqlalchemy.inspect(connection).get_table_names():
        raise StartupError(
            f"{name} holds tables that are not Holdfast's; name an empty database or another data folder."
        )
