"""Fixtures of the gateway's tests: a running platform on the event loop that production uses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import uvloop

from tests.gateway.platform import Platform, open_platform


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Only uvloop: its transports differ from asyncio's in what they inherit and when they write."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path) as platform:
        yield platform
