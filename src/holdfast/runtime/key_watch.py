"""Whoever takes the outermost key away ends all access, also that of an instance which runs.

The processes hold keys in memory; so while the instance runs, the provider is asked for the root key again
and again, and an instance whose provider refuses stops.
"""

import asyncio
from collections.abc import Callable

import structlog

from holdfast.keys.errors import KeyUnavailableError
from holdfast.keys.ring import FileKeyRing

LOOK_SECONDS = 1.0
PATIENCE_LOOKS = 3
"""So many looks in vain end the instance: whoever replaces a file may leave a moment without one."""


async def watch_key(ring: FileKeyRing, stop: Callable[[], None], seconds: float = LOOK_SECONDS) -> str:
    """Look until the key is gone for good, then `stop`; why it is gone."""
    vain = 0
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(ring.check_provider)
            vain = 0
        except KeyUnavailableError as error:
            vain += 1
            if vain == PATIENCE_LOOKS:
                structlog.get_logger().error("stopping, because the key was taken away", reason=str(error))
                stop()
                return str(error)
