"""A world on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resources.kinds import KINDS
from tests.support.world import World, open_world


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """An instance with the test kinds, on SQLite and on PostgreSQL."""
    with open_world(tmp_path, KINDS, url=database_url) as opened:
        yield opened
