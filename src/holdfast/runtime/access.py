"""Access control put together over an instance: what turns a request into a principal, and its services."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import structlog
from sqlalchemy.exc import SQLAlchemyError

from holdfast.access.control import AccessControl, Site, compose
from holdfast.access.first_start import FirstStart, first_start
from holdfast.access.local_usage import InUse
from holdfast.access.ports import Ports
from holdfast.access.reading import pages
from holdfast.access.tokens.service import ApiTokens
from holdfast.alerts.port import AlertSink
from holdfast.cluster.port import INVALIDATE, Bus, Cluster
from holdfast.devices.attestation import ATTESTATION
from holdfast.devices.enrollment_group import ENROLLMENT_GROUP
from holdfast.devices.shared_access import SHARED_ACCESS_POLICY
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath
from holdfast.resources.changes import QueuedChangePath
from holdfast.resources.model import Reader
from holdfast.resources.query import Compare, Operator, Query
from holdfast.runtime.instance import Instance
from holdfast.runtime.settings import Settings

TEND_SECONDS = 60.0
"""How often access control looks after its keys, reminders and what is over."""
SILENCE_SECONDS = 1.0
"""Without news from the hub for so long, nothing that is remembered is trusted."""


def ports_of(instance: Instance, changes: QueuedChangePath) -> Ports:
    """What access control stands on."""
    return Ports(changes, instance.store, instance.ring, instance.clock, instance.randomness)


def open_access(
    instance: Instance,
    changes: QueuedChangePath,
    application: str,
    cluster: Cluster,
    loop: asyncio.AbstractEventLoop,
    alerts: AlertSink,
) -> AccessControl:
    """The services of access control; `application` is the `sr` of its API tokens."""

    def take(name: str, amount: float, capacity: float, per_second: float) -> float:
        taking = cluster.limits.take(name, amount, capacity, per_second)
        return asyncio.run_coroutine_threadsafe(taking, loop).result()

    access = compose(
        ports_of(instance, changes),
        instance.database,
        site_of(instance.settings, application),
        take,
        trusts_memory=lambda: cluster.bus.silent_for() <= SILENCE_SECONDS,
        alerts=alerts,
    )
    changes.observe(access.authenticator.changed)
    return access


def follow_changes(bus: Bus, changed: Callable[[str, str], None]) -> None:
    """Tell of every change that any process made."""

    def listen(topic: str, message: JsonObject) -> None:
        changed(topic.removeprefix(INVALIDATE), str(message.get("id", "")))

    bus.subscribe(INVALIDATE, listen)


async def tend(access: AccessControl, stopping: asyncio.Event) -> None:
    """Look after access control until `stopping` is set; a failure is told and tried again."""
    while not stopping.is_set():
        try:
            await asyncio.to_thread(access.tend)
        except (HoldfastError, SQLAlchemyError):
            structlog.get_logger().exception("looking after access control failed; it is tried again")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), TEND_SECONDS)


def sas_in_use(reader: Reader, node: OrganizationPath) -> Iterator[InUse]:
    """What would stop working without symmetric keys of devices: enrollment groups, keys that sign for every
    device, and single devices."""
    groups = Query(ENROLLMENT_GROUP, (node,), Compare("attestation.type", Operator.EQUAL, "symmetricKey"))
    for group in pages(reader, groups):
        name = str(group.body["displayName"])
        yield InUse(ENROLLMENT_GROUP, group.id, name, group.organization, 0.0)
    for policy in pages(reader, Query(SHARED_ACCESS_POLICY, (node,))):
        if policy.body["enabled"]:
            yield InUse(SHARED_ACCESS_POLICY, policy.id, policy.id, policy.organization, 0.0)
    for attestation in pages(reader, Query(ATTESTATION, (node,), limit=500)):
        if attestation.body["type"] == "symmetricKey":
            yield InUse("device", attestation.id, attestation.id, attestation.organization, 0.0)


def site_of(settings: Settings, application: str) -> Site:
    """The instance as browsers reach it."""
    return Site(application, settings.host_names[0], origins_of(settings))


def origins_of(settings: Settings) -> list[str]:
    """Where browsers and verifiers of our tokens find the instance; the first is the issuer's address."""
    hosts, port = settings.host_names, settings.people.port
    return [f"https://{host}" if port == 443 else f"https://{host}:{port}" for host in hosts]


def welcome(instance: Instance, changes: QueuedChangePath, application: str) -> FirstStart | None:
    """What the first administrator of a new instance is given, shown once and kept nowhere."""
    ports = ports_of(instance, changes)
    return first_start(ports, ApiTokens(ports, application))
