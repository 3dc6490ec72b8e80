"""The control database of an instance: opened, migrated, and known to belong to these keys."""

from pathlib import Path

import sqlalchemy

from holdfast.kernel.errors import StartupError
from holdfast.keys.ring import FileKeyRing
from holdfast.storage import postgresql, sqlcipher
from holdfast.storage.columns import TEXT
from holdfast.storage.database import Database
from holdfast.storage.migrate import migrate

CONTROL_FILE = "control.db"
CONTROL_KEY = "control-database"
"""The purpose of its data key."""
_IDENTITY = "id"

instance = sqlalchemy.Table(
    "instance",
    sqlalchemy.MetaData(),
    sqlalchemy.Column("name", TEXT, primary_key=True),
    sqlalchemy.Column("value", TEXT, nullable=False),
)
"""What the database knows about the instance that it belongs to."""


def open_control(data_dir: Path, ring: FileKeyRing, url: str = "", *, prepare: bool = True) -> Database:
    """Open the control database and, with `prepare`, bring it to this version's schema.

    One process of the instance prepares; the others open it afterwards. `url` is `postgresql://…`, or empty
    for the encrypted file in the data folder. StartupError when the database is another instance's, another
    program's, newer, or cannot be written.
    """
    if url:
        database = postgresql.open_database(url)
    else:
        database = sqlcipher.open_database(data_dir / CONTROL_FILE, ring.data_key(CONTROL_KEY))
    try:
        if prepare:
            migrate(database)
            _claim_identity(database, ring.instance)
    except BaseException:
        database.close()
        raise
    return database


def _claim_identity(database: Database, identity: str) -> None:
    with database.write() as connection:
        wanted = sqlalchemy.select(instance.c.value).where(instance.c.name == _IDENTITY)
        owner = connection.execute(wanted).scalar()
        if owner is None:
            connection.execute(instance.insert().values(name=_IDENTITY, value=identity))
        elif owner != identity:
            raise StartupError(
                f"{database.name} belongs to another instance ({owner}) than the keys in the data folder "
                f"({identity}); use the data folder that was made with this database."
            )
