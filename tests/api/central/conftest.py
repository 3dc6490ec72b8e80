"""A running instance for the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.api.central.published import Central
from tests.support.running import running


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    with running(tmp_path_factory.mktemp("central") / "data") as instance:
        client = Central(instance)
        yield client
        client.close()
