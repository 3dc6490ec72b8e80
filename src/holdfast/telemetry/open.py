"""Opening the telemetry database of an instance: a file of the worker's own, or the instance's PostgreSQL."""

from pathlib import Path

from holdfast.keys.port import KeyRing
from holdfast.storage import postgresql, sqlcipher
from holdfast.telemetry.last_values import LastValues

FILE = "telemetry.db"
KEY_PURPOSE = "telemetry"


def open_last_values(data: Path, ring: KeyRing, url: str = "") -> LastValues:
    """The last values; `prepare` them in the supervisor before anybody reads.

    `url` is the instance's PostgreSQL, or empty for the file in the data folder.
    """
    if url:
        return LastValues(postgresql.open_database(url))
    return LastValues(sqlcipher.open_database(data / FILE, ring.data_key(KEY_PURPOSE)))
