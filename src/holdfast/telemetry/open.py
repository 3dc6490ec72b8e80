"""Opening the telemetry database of an instance: a file of the worker's own, or the instance's PostgreSQL."""

from pathlib import Path

from holdfast.keys.port import KeyRing
from holdfast.storage.sqlcipher import open_database
from holdfast.telemetry.last_values import LastValues

FILE = "telemetry.db"
KEY_PURPOSE = "telemetry"


def open_last_values(data: Path, ring: KeyRing, _url: str = "") -> LastValues:
    """The last values; `prepare` them in the supervisor before anybody reads."""
    return LastValues(open_database(data / FILE, ring.data_key(KEY_PURPOSE)))
