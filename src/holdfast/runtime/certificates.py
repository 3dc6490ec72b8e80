"""The listeners' certificate while the instance runs: renewed when due, taken up when it changed.

New connections get the new certificate, live ones keep theirs. Two processes that find it due at the same
moment both issue one under the same authority; each shows a good one, and the next look makes them agree.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from holdfast.kernel.errors import HoldfastError
from holdfast.runtime.instance import Instance, server_certificate_of
from holdfast.vault.authority import Issued, check_issued
from holdfast.vault.files import open_authority
from holdfast.vault.validity import InstanceKeys

LOOK_SECONDS = 60.0
"""Certificates last for weeks; a minute is soon enough after an operator replaced the files."""


def instance_keys(instance: Instance) -> InstanceKeys:
    """What people are shown of the instance's keys and certificates."""
    return InstanceKeys(
        certificate=lambda: server_certificate_of(instance),
        authority=lambda: open_authority(instance.certificates, instance.ring, instance.clock),
        ages=instance.ring.ages,
        brings_certificate=instance.settings.tls.certificate_file is not None,
    )


async def follow_certificate(
    instance: Instance,
    stopping: asyncio.Event,
    present: Issued,
    show: Callable[[Issued], None],
    seconds: float = LOOK_SECONDS,
) -> None:
    """Call `show` with each certificate that differs from the one before, until stopping.

    A look that fails (a half-copied file) is told in the log, and the next one decides.
    """
    log = structlog.get_logger()
    while not stopping.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stopping.wait()
            return
        try:
            found = await asyncio.to_thread(server_certificate_of, instance)
            if found != present:
                check_issued(found)
                show(found)
                present = found
                log.info("the listeners' certificate was renewed")
        except (HoldfastError, OSError, ValueError) as error:
            log.warning("the listeners' certificate cannot be renewed", reason=str(error))
