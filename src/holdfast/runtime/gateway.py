"""The gateway role: the device listeners over the durable log."""

import asyncio
import gc
from collections.abc import Awaitable
from functools import partial

import structlog

from holdfast.access.application import Listener
from holdfast.access.reading import everything
from holdfast.access.settings import KIND as SETTINGS
from holdfast.access.settings import LocalMethod, allowed_methods, is_allowed
from holdfast.cluster.port import INVALIDATE
from holdfast.devices.common_credentials import SasAllowed
from holdfast.devices.file_uploads import upload_settings
from holdfast.devices.registry import Registry
from holdfast.devices.uploads.content import ADDRESS_KEY_PURPOSE
from holdfast.devices.uploads.model import UploadLimits, Uploads
from holdfast.devices.wire import RemoteProvisioning
from holdfast.gateway.authentication import HubIdentity
from holdfast.gateway.gateway import SILENCE_SECONDS, FaceRules, Gateway, Ports
from holdfast.gateway.https.files import end_overdue
from holdfast.gateway.limits import GatewayLimits
from holdfast.gateway.network.tls import ServerCertificate
from holdfast.kernel.json import JsonObject
from holdfast.kernel.network import parse_network
from holdfast.kernel.organizations import OrganizationPath
from holdfast.log.backend import Limits
from holdfast.log.open import open_writer
from holdfast.log.writer import GroupCommitWriter
from holdfast.resources.port import ResourceStore
from holdfast.runtime.certificates import follow_certificate
from holdfast.runtime.device_files import open_device_files, watch_object_storage
from holdfast.runtime.instance import Instance, open_instance, server_certificate_of
from holdfast.runtime.metrics import gauge
from holdfast.runtime.process import Role, spare_collections
from holdfast.runtime.rules import CurrentRules, follow_rules
from holdfast.runtime.settings import Settings
from holdfast.vault.authority import Issued

UPLOADS_SECONDS = 600.0
"""How often it is looked for uploads whose time is over."""

COLLECTED_OBJECTS = 10_000
"""New containers between two looks for cycles; a message that waits has about six (Python's default: 700)."""


async def run(role: Role) -> None:
    """Run the role until it is told to stop, or until the log can no longer be trusted."""
    instance = await asyncio.to_thread(open_instance, role.settings)
    try:
        writer = await asyncio.to_thread(_open_log, instance)
        try:
            await _serve(role, instance, writer)
        finally:
            await asyncio.to_thread(writer.close)
    finally:
        await asyncio.to_thread(instance.close)


def _open_log(instance: Instance) -> GroupCommitWriter:
    wanted = instance.settings.log
    limits = Limits(
        file_bytes=wanted.file_bytes,
        keep_seconds=wanted.retention_days * 86_400,
        keep_bytes=wanted.retention_bytes,
    )
    settings = instance.settings
    return open_writer(settings.data, instance.ring, instance.clock, limits, settings.database)


def sas_rule(store: ResourceStore) -> SasAllowed:
    """Whether devices of an organization may use symmetric keys: a local method that can be switched off."""

    def allowed(organization: OrganizationPath) -> bool:
        return is_allowed(allowed_methods(everything(store, SETTINGS)), LocalMethod.DEVICE_SAS, organization)

    return allowed


def gateway_limits(settings: Settings) -> GatewayLimits:
    """The settings' bounds in the gateway's terms."""
    return GatewayLimits(**settings.limits.model_dump())


async def _serve(role: Role, instance: Instance, writer: GroupCommitWriter) -> None:
    bus = role.cluster.bus
    directory = Registry(
        instance.store,
        sas_allowed=sas_rule(instance.store),
        trusted=lambda: bus.silent_for() <= SILENCE_SECONDS,
    )

    def invalidate(topic: str, message: JsonObject) -> None:
        directory.invalidate(topic.removeprefix(INVALIDATE), str(message.get("id", "")))

    bus.subscribe(INVALIDATE, invalidate)  # before the gateway's own: it judges sessions by this cache
    issued = await asyncio.to_thread(server_certificate_of, instance)
    ports = Ports(
        log=writer,
        cluster=role.cluster,
        directory=directory,
        provisioning=RemoteProvisioning(bus),
        clock=role.clock,
        randomness=role.randomness,
        uploads=_uploads(role, instance),
    )
    gateway = Gateway(
        ports,
        [ServerCertificate(issued.chain_pem, issued.key_pem)],
        HubIdentity(frozenset(name.lower() for name in role.settings.host_names)),
        gateway_limits(role.settings),
    )
    role.spawn(follow_certificate(instance, role.stopping, issued, lambda renewed: _show(gateway, renewed)))
    _measure(role, gateway, writer)
    rules = {kind: CurrentRules(instance.store, kind) for kind in (Listener.DEVICES, Listener.SENSORS)}
    await follow_rules(role, list(rules.values()), gateway.enforce_network_rules)
    gateway.start()
    role.spawn(_end_overdue_uploads(role, gateway))
    try:
        await _listen(role, gateway, rules)
        _calm_collector()
        role.ready = True
        await _until_stopped(role, writer)
    finally:
        await gateway.stop()


def _uploads(role: Role, instance: Instance) -> Uploads:
    settings = instance.settings
    blobs, storage = open_device_files(settings, instance.ring, instance.randomness)
    if storage is not None:
        role.spawn(watch_object_storage(role, storage))
    return Uploads(
        blobs=blobs,
        key=instance.ring.data_key(ADDRESS_KEY_PURPOSE),
        settings=partial(upload_settings, instance.store),
        limits=UploadLimits(**settings.uploads.model_dump()),
    )


async def _end_overdue_uploads(role: Role, gateway: Gateway) -> None:
    """Now and then: forget what devices began to upload and never finished."""
    while not role.stopping.is_set():
        await end_overdue(gateway.services)
        await role.pause(UPLOADS_SECONDS)


def _show(gateway: Gateway, issued: Issued) -> None:
    gateway.renew([ServerCertificate(issued.chain_pem, issued.key_pem)])


async def _listen(role: Role, gateway: Gateway, rules: dict[Listener, CurrentRules]) -> None:
    devices, sensors = role.settings.devices, role.settings.sensors
    trusted = tuple(parse_network(text) for text in devices.trusted_proxies)
    access = FaceRules(rules[Listener.DEVICES], trusted)
    starts: list[Awaitable[int]] = [
        gateway.listen_mqtt("devices", devices.addresses, devices.mqtt_port, access),
        gateway.listen_https("devices", devices.addresses, devices.https_port, access),
    ]
    if sensors.addresses:
        watched = FaceRules(rules[Listener.SENSORS])
        starts.append(gateway.listen_mqtt("sensors", sensors.addresses, sensors.mqtt_port, watched))
    ports = [await start for start in starts]
    structlog.get_logger().info("serving devices", addresses=devices.addresses, ports=ports)


def _calm_collector() -> None:
    """Collect garbage when a burst is over, not within it: what waits for the log is thousands of objects,
    all of them freed without the collector."""
    spare_collections()
    gc.set_threshold(COLLECTED_OBJECTS, 20, 100)


async def _until_stopped(role: Role, writer: GroupCommitWriter) -> None:
    """Return when the role shall stop. A failed fsync ends the process: only a new one may trust the disk."""
    while not role.stopping.is_set() and not writer.fatal:
        try:
            async with asyncio.timeout(0.5):
                await role.stopping.wait()
        except TimeoutError:
            continue


def _measure(role: Role, gateway: Gateway, writer: GroupCommitWriter) -> None:
    role.checks["log"] = writer.healthy
    figures = {
        "holdfast_gateway_sessions": ("Device sessions held.", lambda: len(gateway.services.live.all())),
        "holdfast_gateway_refusals": (
            "Refused connections and logins.",
            lambda: gateway.services.refusals.total,
        ),
        "holdfast_log_pending_bytes": (
            "Bytes of memory that what is not yet durable takes.",
            writer.pending_bytes,
        ),
    }
    for name, (meaning, read) in figures.items():
        gauge(role.registry, name, meaning).set_function(read)
