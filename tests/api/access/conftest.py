"""The instance that these tests talk to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.access.http import Http, open_http


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Http]:
    with open_http(tmp_path) as opened:
        yield opened
