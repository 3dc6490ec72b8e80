"""Rows of the log: any bytes are read as records or refused as damaged, and nothing else happens."""

import contextlib

from holdfast.log.rows import DamagedRecordError, records_of


def target(data: bytes) -> None:
    """Read the bytes as a row of the log."""
    with contextlib.suppress(DamagedRecordError):
        for record in records_of(1, data):
            assert isinstance(record.body, bytes)
