"""An instance's storage as a process opens it, and what the first start makes.

The supervisor `prepare`s once: folder, keys, migrations, certificate, default resources. Every role then
`open_instance`s what is there.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.access.application import APPLICATION, DEFAULT_BODY
from holdfast.alerts.store.moving import relocate_alerts
from holdfast.defender.network.open import open_network
from holdfast.defender.network.open import prepare as prepare_network
from holdfast.delivery.shelves.sql import open_shelf
from holdfast.devices.attestation import with_keys
from holdfast.devices.enrollment_group import DEFAULT_SAS_GROUP, ENROLLMENT_GROUP
from holdfast.kernel.clock import Clock, Randomness, SystemClock, SystemRandomness
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import SYSTEM
from holdfast.keys.file import FileProvider, open_key_ring
from holdfast.keys.ring import RING_FILE, FileKeyRing
from holdfast.policy.builtin.catalog import BASELINE, baseline_assignment
from holdfast.policy.compliance.states import open_states
from holdfast.policy.kinds.names import ASSIGNMENT
from holdfast.resources.changes import QueuedChangePath
from holdfast.resources.events import AuditFeed
from holdfast.resources.model import Action, Change
from holdfast.resources.port import PolicyGate
from holdfast.resources.sealing import Sealer
from holdfast.resources.store import SqlResourceStore
from holdfast.resources.witness import WITNESS_FILE, HeadFile
from holdfast.runtime.drills import ProbesAuthorizer
from holdfast.runtime.kinds import KINDS
from holdfast.runtime.settings import Settings
from holdfast.runtime.start_checks import check_clock, check_parts
from holdfast.storage.control import open_control
from holdfast.storage.database import Database
from holdfast.storage.folder import DataFolder, open_folder
from holdfast.telemetry.open import open_last_values
from holdfast.vault.authority import Issued
from holdfast.vault.files import open_authority, server_certificate

CERTIFICATES = "certificates"
"""Folder of the sealed authority and server certificate."""
ROOT_CA_FILE = "root-ca.pem"
"""The authority's certificate in the data folder: what devices and people trust."""


@dataclass(frozen=True)
class Instance:
    """Keys, control database, and the readers over it."""

    settings: Settings
    ring: FileKeyRing
    database: Database
    store: SqlResourceStore
    events: AuditFeed
    clock: Clock = field(default_factory=SystemClock)
    randomness: Randomness = field(default_factory=SystemRandomness)

    @property
    def certificates(self) -> Path:
        """Where the sealed certificates are."""
        return self.settings.data / CERTIFICATES

    def change_path(self, gate: PolicyGate | None = None) -> QueuedChangePath:
        """The change path, for the one role that writes the control database; close it first."""
        heads = HeadFile(self.settings.data / WITNESS_FILE)
        sealer = Sealer(self.database, self.ring, self.clock, heads)
        return QueuedChangePath(
            self.database,
            KINDS,
            self.ring,
            self.clock,
            self.randomness,
            gate=gate,
            authorizer=ProbesAuthorizer(),
            sealer=sealer,
            beside=(relocate_alerts,),
        )

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def _provider(settings: Settings, randomness: Randomness) -> FileProvider | None:
    """The operator's own key file, made for a new instance; None for the one in the data folder."""
    path = settings.key_file
    if path is None:
        return None
    is_new = not path.exists() and not (settings.data / "keys" / RING_FILE).exists()
    return FileProvider.create(path, randomness) if is_new else FileProvider(path, randomness)


def key_ring(settings: Settings) -> FileKeyRing:
    """The instance's keys, made when there are none."""
    randomness = SystemRandomness()
    return open_key_ring(settings.data, SystemClock(), randomness, _provider(settings, randomness))


def open_instance(settings: Settings, *, prepare: bool = False) -> Instance:
    """Open the storage of an instance; `prepare` makes and migrates it. StartupError says what is wrong."""
    clock, randomness = SystemClock(), SystemRandomness()
    ring = key_ring(settings)
    database = open_control(settings.data, ring, settings.database, prepare=prepare)
    store = SqlResourceStore(database, KINDS, ring)
    return Instance(settings, ring, database, store, AuditFeed(database, clock), clock, randomness)


@dataclass(frozen=True)
class Prepared:
    """What the supervisor knows after preparing."""

    folder: DataFolder
    id_scope: str
    root_ca: Path


@contextmanager
def prepare(settings: Settings) -> Iterator[tuple[Prepared, Instance]]:
    """Claim the data folder and bring everything in it to this version; the instance is open inside.

    The folder stays claimed, unless something fails.
    """
    folder = open_folder(settings.data)
    with ExitStack() as after_failure:
        folder.claim()
        after_failure.callback(folder.release)
        (settings.data / "run").mkdir(mode=0o700, exist_ok=True)
        with closing(open_instance(settings, prepare=True)) as instance:
            yield _bring_up_to_date(settings, folder, instance), instance
        after_failure.pop_all()


def _bring_up_to_date(settings: Settings, folder: DataFolder, instance: Instance) -> Prepared:
    is_new = instance.store.get(APPLICATION, APPLICATION) is None
    heads = HeadFile(settings.data / WITNESS_FILE)
    check_parts(
        is_new=is_new, heads=heads, database=instance.database.name, certificates=instance.certificates
    )
    if not settings.accept_clock:
        check_clock(instance.clock.now(), instance.events)
    for opened in (open_last_values, open_states, open_shelf):
        with closing(opened(settings.data, instance.ring, settings.database)) as tables:
            tables.prepare()
    with closing(open_network(settings.data, instance.ring, settings.database)) as network:
        prepare_network(network)
    authority = open_authority(instance.certificates, instance.ring, instance.clock)
    id_scope = _default_resources(instance)
    server_certificate_of(instance)  # made before several roles ask for it
    root_ca = settings.data / ROOT_CA_FILE
    root_ca.write_bytes(authority.certificate_pem)
    return Prepared(folder, id_scope, root_ca)


def server_certificate_of(instance: Instance) -> Issued:
    """The listeners' certificate: the operator's own, else the one that the built-in authority issued."""
    tls = instance.settings.tls
    if tls.certificate_file is not None and tls.key_file is not None:
        return Issued(tls.certificate_file.read_bytes(), tls.key_file.read_bytes())
    names = instance.settings.host_names
    return server_certificate(instance.certificates, instance.ring, instance.clock, names)


def _default_resources(instance: Instance) -> str:
    """Make what every instance has; the ID scope."""
    changes = instance.change_path()
    try:
        application = instance.store.get(APPLICATION, APPLICATION)
        if application is None:
            scope = instance.settings.id_scope or f"0ne{instance.randomness.bytes(4).hex().upper()}"
            body: JsonObject = {
                **DEFAULT_BODY,
                "displayName": instance.settings.application_name,
                "idScope": scope,
            }
            changes.apply(SYSTEM, Change(Action.CREATE, APPLICATION, APPLICATION, body))
            group: JsonObject = {
                "displayName": DEFAULT_SAS_GROUP,
                "type": "iot",
                "attestation": with_keys({"type": "symmetricKey"}, instance.randomness),
            }
            changes.apply(SYSTEM, Change(Action.CREATE, ENROLLMENT_GROUP, DEFAULT_SAS_GROUP, group))
            changes.apply(SYSTEM, Change(Action.CREATE, ASSIGNMENT, BASELINE, {**baseline_assignment()}))
            return scope
        return str(application.body["idScope"])
    finally:
        changes.close()
