"""Fixtures that several packages' tests share."""

from collections.abc import Iterator

import pytest

from tests.support.postgresql import Server, running_server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """One PostgreSQL server for all tests of this process that ask for it."""
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The `url` that opens a fresh control database: run the test on both adapters."""
    if request.param == "sqlite":
        return ""
    server: Server = request.getfixturevalue("postgresql_server")
    return server.database()
