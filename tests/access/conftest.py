"""The fixture that most tests of access control share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.access.world import AccessWorld, open_access


@pytest.fixture
def here(tmp_path: Path) -> Iterator[AccessWorld]:
    """An instance of its own, without anybody in it."""
    with open_access(tmp_path) as world:
        yield world
