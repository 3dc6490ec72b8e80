"""A log on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.log.world import LogWorld, open_log


@pytest.fixture
def log(tmp_path: Path, database_url: str) -> Iterator[LogWorld]:
    """An empty log, on SQLite files and on PostgreSQL."""
    with open_log(tmp_path, database_url) as world:
        yield world
