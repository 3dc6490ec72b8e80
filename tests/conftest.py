"""Fixtures that several packages' tests share."""

import os

os.environ.setdefault("HOLDFAST_COMPILED", "off")  # before anything is imported: tests may replace functions

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgresql import Server, running_server

settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("explore" if os.environ.get("HOLDFAST_EXPLORE") else "same")
"""Every run tries the same examples, however slow the machine; HOLDFAST_EXPLORE=1 looks for new ones."""


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
