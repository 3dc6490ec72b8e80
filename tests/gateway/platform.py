"""A real gateway with everything that it stands on, in one process: store, log, cluster, registry,
provisioning."""

import asyncio
import contextlib
import ssl
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from holdfast.cluster.hub import Hub
from holdfast.cluster.local import LocalCluster
from holdfast.cluster.port import INVALIDATE
from holdfast.devices.attestation import ATTESTATION, ATTESTATION_KIND, with_keys
from holdfast.devices.common_credentials import CommonCredentials
from holdfast.devices.device import DEVICE, DEVICE_KIND
from holdfast.devices.directory import Attempt, Registration
from holdfast.devices.enrollment_group import ENROLLMENT_GROUP, ENROLLMENT_GROUP_KIND
from holdfast.devices.file_uploads import FILE_UPLOAD_KIND, upload_settings
from holdfast.devices.provisioning import ProvisioningService
from holdfast.devices.registry import Registry
from holdfast.devices.shared_access import SHARED_ACCESS_POLICY_KIND
from holdfast.devices.templates.kind import DEVICE_TEMPLATE_KIND
from holdfast.devices.uploads.content import open_content
from holdfast.devices.uploads.model import UploadLimits, Uploads
from holdfast.gateway.authentication import HubIdentity
from holdfast.gateway.gateway import FaceRules, Gateway, Ports
from holdfast.gateway.limits import GatewayLimits
from holdfast.gateway.network.tls import ServerCertificate
from holdfast.kernel.clock import ManualClock
from holdfast.kernel.json import JsonObject
from holdfast.kernel.network import NetworkRules, parse_network
from holdfast.log.open import open_reader, open_state, open_writer
from holdfast.log.port import PARTITIONS, Chunk, Position, Record
from holdfast.log.state import StoredDeviceState
from holdfast.log.writer import GroupCommitWriter
from holdfast.protocol.sas import decode_key, derive_key, sign_sas
from holdfast.vault.authority import Authority, create_authority
from tests.support.pki import Identity
from tests.support.running import own_address
from tests.support.world import World, open_world

SCOPE = "0ne00000001"
KINDS = [
    DEVICE_KIND,
    ENROLLMENT_GROUP_KIND,
    ATTESTATION_KIND,
    DEVICE_TEMPLATE_KIND,
    FILE_UPLOAD_KIND,
    SHARED_ACCESS_POLICY_KIND,
]


class ProvisioningInThreads:
    """The provisioning port as the control role will serve it, without the bus."""

    def __init__(self, service: ProvisioningService) -> None:
        self._service = service

    async def register(self, attempt: Attempt) -> Registration:
        return await asyncio.to_thread(self._service.register, attempt)


@dataclass
class Platform:
    """Everything, and short ways to do what tests do all the time."""

    folder: Path
    world: World
    hub: Hub
    cluster: LocalCluster
    control: LocalCluster
    registry: Registry
    writer: GroupCommitWriter
    state: StoredDeviceState
    gateway: Gateway
    authority: Authority
    address: str
    rules: list[NetworkRules] = field(default_factory=lambda: [NetworkRules()])
    """The last one counts."""
    mqtt_port: int = 0
    https_port: int = 0

    @property
    def clock(self) -> ManualClock:
        return self.world.clock

    @property
    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.authority.certificate_pem.decode())

    def context_for(self, identity: Identity, *others: Identity) -> ssl.SSLContext:
        """A client's context that presents `identity` and the certificates above it."""
        context = self.client_context
        with tempfile.NamedTemporaryFile("w", suffix=".pem", dir=self.folder) as file:
            file.write(identity.key_pem + identity.pem + "".join(other.pem for other in others))
            file.flush()
            context.load_cert_chain(file.name)
        return context

    # ---- the registry

    async def change(self, kind: str, id: str, body: JsonObject) -> None:
        """A change of a resource, and what the relay tells everybody of it."""
        self.world.put(kind, id, body)
        await self.control.bus.publish(f"{INVALIDATE}{kind}", {"id": id})

    def key_group(self, name: str = "keys") -> bytes:
        """An enrollment group with keys; its primary key."""
        attestation = with_keys({"type": "symmetricKey"}, self.world.randomness)
        body: JsonObject = {"displayName": name, "type": "iot", "attestation": attestation}
        self.world.put(ENROLLMENT_GROUP, name, body)
        keys = attestation["symmetricKey"]
        assert isinstance(keys, dict)
        return decode_key(str(keys["primaryKey"]))

    def certificate_group(self, name: str, authority: Identity) -> None:
        """An enrollment group with a verified CA."""
        certificates: JsonObject = {"primary": {"certificate": authority.pem, "verified": True}}
        attestation: JsonObject = {"type": "x509", "x509": {"signingCertificates": certificates}}
        body: JsonObject = {"displayName": name, "type": "iot", "attestation": attestation}
        self.world.put(ENROLLMENT_GROUP, name, body)

    def device_with_key(self, device: str, group_key: bytes, group: str = "keys", **fields: object) -> bytes:
        """A device of a group with keys; its own key."""
        self.world.put(DEVICE, device, {"provisioned": True, "group": group, **fields})  # type: ignore[dict-item]  # fields are JSON
        return derive_key(group_key, device)

    def device_with_thumbprint(self, device: str, identity: Identity) -> None:
        """A device that is known by its own certificate."""
        self.world.put(DEVICE, device, {"provisioned": True})
        clients: JsonObject = {"clientCertificates": {"primary": {"certificate": identity.pem}}}
        self.world.put(ATTESTATION, device, {"type": "x509", "x509": clients})

    def token(self, device: str, key: bytes, ttl: float = 3600, module: str = "") -> str:
        """A token for the hub."""
        resource = f"{self.address}/devices/{device}" + (f"/modules/{module}" if module else "")
        return sign_sas(resource, key, int(self.clock.now() + ttl))

    # ---- the log

    def records(self, kind: str = "") -> list[Record]:
        """What is in the log, in the order of each device."""
        reader = open_reader(self.folder, self.world.ring, self.clock)
        try:
            chunk = Chunk([], {number: Position(number, 0) for number in range(PARTITIONS)}, complete=False)
            records: list[Record] = []
            while not chunk.complete:
                chunk = reader.poll(chunk.positions, kind=kind)
                records += chunk.records
            return records
        finally:
            reader.close()

    def bodies(self, kind: str = "telemetry") -> list[bytes]:
        """The bodies of records."""
        return [record.body for record in self.records(kind)]


@contextlib.asynccontextmanager
async def open_platform(
    folder: Path,
    limits: GatewayLimits | None = None,
    *,
    mqtt_port: int = 0,
    https_port: int = 0,
    proxies: tuple[str, ...] = (),
    addresses: tuple[str, ...] = (),
    upload_limits: UploadLimits | None = None,
) -> AsyncIterator[Platform]:
    """A running platform in `folder`, on a loopback address of its own. Its clock stands still at the
    start."""
    clock = ManualClock(current=time.time())
    with open_world(folder, KINDS, clock) as world:
        hub = Hub(clock)
        await hub.start(folder / "hub.sock")
        cluster = await LocalCluster.join(folder / "hub.sock", "gateway-1", "gateway", clock)
        control = await LocalCluster.join(folder / "hub.sock", "control-1", "control", clock)
        writer = open_writer(folder, world.ring, clock)
        registry = Registry(world.store)
        cluster.bus.subscribe(
            INVALIDATE,
            lambda topic, message: registry.invalidate(
                topic.removeprefix(INVALIDATE), str(message.get("id"))
            ),
        )
        address, *others = addresses or (own_address(),)
        authority = create_authority("test root", clock.now())
        issued = authority.issue_server([address, "localhost"], clock.now())
        common = CommonCredentials(world.store)
        world.changes.observe(common.changed)
        service = ProvisioningService(world.store, world.changes, common, clock, id_scope=SCOPE, hub=address)
        uploads = Uploads(
            open_content(folder, world.ring, world.randomness),
            world.ring.data_key("addresses"),
            partial(upload_settings, world.store),
            upload_limits or UploadLimits(),
        )
        provisioning = ProvisioningInThreads(service)
        ports = Ports(writer, cluster, registry, provisioning, clock, world.randomness, uploads)
        gateway = Gateway(
            ports,
            [ServerCertificate(issued.chain_pem, issued.key_pem)],
            HubIdentity(frozenset({address})),
            limits or GatewayLimits(),
        )
        state = open_state(folder, world.ring, clock, world.randomness, writer)
        platform = Platform(
            folder, world, hub, cluster, control, registry, writer, state, gateway, authority, address
        )
        access = FaceRules(lambda: platform.rules[-1], tuple(map(parse_network, proxies)))
        gateway.start()
        platform.mqtt_port = await gateway.listen_mqtt("devices", [address, *others], mqtt_port, access)
        platform.https_port = await gateway.listen_https("devices", [address, *others], https_port, access)
        try:
            yield platform
        finally:
            await gateway.stop()
            await asyncio.to_thread(writer.close)
            await cluster.close()
            await control.close()
            await hub.stop()
