"""Where the content of device files lies: in the data folder, or in the object storage of the settings."""

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from holdfast.devices.uploads.content import open_content
from holdfast.devices.uploads.orphans import sweep_orphans
from holdfast.kernel.clock import Randomness
from holdfast.kernel.errors import StartupError, UnavailableError
from holdfast.keys.port import KeyRing
from holdfast.log.open import open_state
from holdfast.runtime import metrics
from holdfast.runtime.instance import Instance
from holdfast.runtime.process import Role
from holdfast.runtime.settings import ObjectStorage, Settings
from holdfast.storage.blobs import Blobs

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.storage.s3_store import S3Store

WATCH_SECONDS = 60.0
"""Between two trials whether the storage takes anything."""
SWEEP_SECONDS = 86_400.0
"""Between two looks for pieces of files that nothing names; one reads every name and every record."""

logger = structlog.get_logger(__name__)


def open_device_files(
    settings: Settings, ring: KeyRing, randomness: Randomness
) -> "tuple[Blobs, S3Store | None]":
    """The content of device files, and the object storage that it goes to, if any. StartupError."""
    storage = open_object_storage(settings.object_storage)
    return open_content(settings.data, ring, randomness, storage), storage


def open_object_storage(settings: ObjectStorage) -> "S3Store | None":
    """The storage that the settings name; it is not asked anything yet. StartupError for unreadable files."""
    if settings.secret_key_file is None:
        return None
    from holdfast.storage.s3_store import S3Place, S3Store  # 15 MB of a client that few instances need

    authority = settings.authority_file
    place = S3Place(
        settings.endpoint.rstrip("/"),
        settings.bucket,
        settings.prefix.strip("/"),
        settings.region,
        settings.access_key_id,
        _content("secret_key_file", settings.secret_key_file).decode(errors="replace").strip(),
        _content("authority_file", authority) if authority else b"",
    )
    return S3Store(place)


def _content(setting: str, path: "Path") -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartupError(f"object_storage.{setting}: {path} cannot be read: {error.strerror}.") from None


async def watch_object_storage(role: Role, storage: "S3Store") -> None:
    """Say on the health page, in the log and as a metric when the storage takes nothing, until the role ends.

    A warning, not a problem: devices go on with everything but uploads.
    """
    role.warnings["object storage"] = storage.problem
    meaning = "1 while the object storage takes what is written to it."
    metrics.gauge(role.registry, "holdfast_object_storage_up", meaning).set_function(
        lambda: float(not storage.problem())
    )
    before = ""
    while not role.stopping.is_set():
        problem = await asyncio.to_thread(storage.check)
        if problem and problem != before:
            logger.warning("object storage fails", reason=problem)
        elif before and not problem:
            logger.info("object storage works again")
        before = problem
        await role.pause(WATCH_SECONDS)


async def sweep_device_files(role: Role, instance: Instance, stopping: asyncio.Event) -> None:
    """Once a day: delete what crashes left of uploads."""
    settings = role.settings
    blobs, _ = await asyncio.to_thread(open_device_files, settings, instance.ring, instance.randomness)
    state = await asyncio.to_thread(
        open_state, settings.data, instance.ring, instance.clock, instance.randomness, url=settings.database
    )
    while not stopping.is_set():
        try:
            swept = await asyncio.to_thread(sweep_orphans, state, blobs, instance.clock.now())
        except UnavailableError as error:
            logger.warning("device files not swept", reason=str(error))
        else:
            logger.info("device files swept", orphans=swept)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SWEEP_SECONDS):
                await stopping.wait()
