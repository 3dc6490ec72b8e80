"""The listeners' certificate while the instance runs: renewed when due, taken up when it changed.

The control role issues (the built-in authority) or reads the operator's own files; gateways read what is
there. New connections get the new certificate, live ones keep theirs.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from holdfast.kernel.errors import HoldfastError
from holdfast.runtime.instance import Instance, server_certificate_of
from holdfast.vault.authority import Issued
from holdfast.vault.files import load_server

LOOK_SECONDS = 60.0
"""Certificates last for weeks; a minute is soon enough after an operator replaced the files."""


def issue_or_read(instance: Instance) -> Issued:
    """For the control role: the certificate, issued anew when it is due."""
    return server_certificate_of(instance)


def read(instance: Instance) -> Issued:
    """For all others: the certificate that is there."""
    if instance.settings.tls.certificate_file is not None:
        return server_certificate_of(instance)
    return load_server(instance.certificates, instance.ring)


async def follow_certificate(
    look: Callable[[], Issued],
    use: Callable[[Issued], None],
    present: Issued,
    stopping: asyncio.Event,
    seconds: float = LOOK_SECONDS,
) -> None:
    """Call `use` with each certificate that differs from the one before, until stopping.

    A look that fails (a half-copied file) is told in the log, and the next one decides.
    """
    log = structlog.get_logger()
    while not stopping.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stopping.wait()
            return
        try:
            found = await asyncio.to_thread(look)
            if found != present:
                use(found)
                present = found
                log.info("the listeners' certificate was renewed")
        except (HoldfastError, OSError, ValueError) as error:
            log.warning("the listeners' certificate cannot be renewed", reason=str(error))
