"""Forgetting what has become history: jobs that ended, and calls of commands, a month ago."""

from collections.abc import Iterator
from itertools import islice

from holdfast.access.reading import everything
from holdfast.devices.commands import DEVICE_COMMAND
from holdfast.devices.jobs.kinds import JOB, JOB_DEVICE
from holdfast.devices.jobs.model import ENDED
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.port import ChangePath, ResourceStore
from holdfast.resources.query import All, Compare, In, Operator

RETENTION = 30 * 86_400.0
"""Seconds that an ended job and a called command are kept; as in the hosted service."""
ROWS = 100
"""Deletions made in one transaction."""
MOST = 5_000
"""Calls of commands forgotten at once: nothing else waits for long."""


def forget_old(store: ResourceStore, changes: ChangePath, now: float) -> None:
    """Delete what ended longer ago than the retention."""
    status = In("status", tuple(sorted(status.value for status in ENDED)))
    old = Compare("@modified", Operator.LESS, now - RETENTION)
    for job in everything(store, JOB, All((status, old))):
        _delete(changes, everything(store, JOB_DEVICE, Compare("job", Operator.EQUAL, job.id)))
        changes.apply(SYSTEM, Change(Action.DELETE, JOB, job.id))
    _delete(changes, islice(everything(store, DEVICE_COMMAND, old), MOST))


def _delete(changes: ChangePath, resources: Iterator[Resource]) -> None:
    while some := list(islice(resources, ROWS)):
        changes.apply_all(SYSTEM, [Change(Action.DELETE, one.kind, one.id) for one in some])
