"""An instance whose console an administrator is signed in to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.access.http import Http, open_http
from tests.console.pages.access.browser import Browser


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Http]:
    with open_http(tmp_path) as http:
        yield http


@pytest.fixture
def browser(http: Http) -> Browser:
    return Browser(http, "root")
