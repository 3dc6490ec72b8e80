"""Rotating the keys of an instance that is stopped: each kind by itself, each in the audit log.

A rotation that a crash cuts is finished by a second run.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from enum import StrEnum
from pathlib import Path

from holdfast.baseline.evidence.store import DATABASE_FILE
from holdfast.defender.network.open import FILE as DEFENDER_FILE
from holdfast.defender.network.open import KEY_PURPOSE as DEFENDER
from holdfast.delivery.shelves.sql import FILE as DELIVERY_FILE
from holdfast.delivery.shelves.sql import KEY_PURPOSE as DELIVERY
from holdfast.kernel.clock import SystemRandomness
from holdfast.kernel.errors import StartupError
from holdfast.kernel.principal import SYSTEM
from holdfast.keys.file import KEY_FILE, FileProvider
from holdfast.keys.ring import RING_FILE, SECRETS, FileKeyRing, KeyAge
from holdfast.log.open import FOLDER as LOG_FOLDER
from holdfast.log.open import KEY_PURPOSE as LOG
from holdfast.policy.compliance.states import FILE as POLICY_FILE
from holdfast.policy.compliance.states import KEY_PURPOSE as POLICY
from holdfast.runtime.baseline import PURPOSE as EVIDENCE
from holdfast.runtime.instance import key_ring, open_instance
from holdfast.runtime.settings import Settings
from holdfast.storage.control import CONTROL_FILE, CONTROL_KEY
from holdfast.storage.folder import open_folder
from holdfast.storage.sqlcipher import opens, rekey
from holdfast.telemetry.open import FILE as TELEMETRY_FILE
from holdfast.telemetry.open import KEY_PURPOSE as TELEMETRY

ENCRYPTED: Mapping[str, str] = {
    CONTROL_KEY: CONTROL_FILE,
    LOG: f"{LOG_FOLDER}/*.db",
    TELEMETRY: TELEMETRY_FILE,
    DELIVERY: DELIVERY_FILE,
    POLICY: POLICY_FILE,
    DEFENDER: DEFENDER_FILE,
    EVIDENCE: DATABASE_FILE,
}
"""Purpose of a data key → the database files that it encrypts."""

Progress = Callable[[int, int], None]
"""Is told how many files are done, and how many there are."""


class Rotated(StrEnum):
    """What can be rotated."""

    PROVIDER = "provider"
    """The key file; the root key is wrapped again."""
    ROOT = "root"
    """The root key; every other key is wrapped again."""
    SECRETS = "secrets"
    """What seals secrets from now on; older ones stay readable."""
    SIGNING = "signing"
    """What signs the audit log, evidence and tokens from now on; older signatures stay valid."""
    DATABASES = "databases"
    """The keys of the database files, which are encrypted again; takes as long as copying them."""


def ages(settings: Settings) -> list[KeyAge]:
    """The keys of an instance, running or not."""
    return _ring(settings).ages()


def rotate(settings: Settings, what: Rotated, progress: Progress) -> None:
    """Rotate one kind of keys. StartupError when the instance runs or there is none."""
    ring = _ring(settings)
    folder = open_folder(settings.data)
    folder.claim()
    with ExitStack() as stack:
        stack.callback(folder.release)
        _ROTATIONS[what](ring, settings, progress)
        instance = stack.enter_context(closing(open_instance(settings)))
        changes = stack.enter_context(closing(instance.change_path()))
        changes.record(SYSTEM, "key.rotated", resource=what.value)


def _ring(settings: Settings) -> FileKeyRing:
    if not (settings.data / "keys" / RING_FILE).exists():
        raise StartupError(f"There is no instance in {settings.data}; name its data folder with --data.")
    return key_ring(settings)


def _provider(ring: FileKeyRing, settings: Settings, _progress: Progress) -> None:
    present = FileProvider(settings.key_file or settings.data / "keys" / KEY_FILE, SystemRandomness())
    ring.wrap_with(present.successor())
    ring.check_provider()


def _root(ring: FileKeyRing, _settings: Settings, _progress: Progress) -> None:
    ring.rotate_root()


def _secrets(ring: FileKeyRing, _settings: Settings, _progress: Progress) -> None:
    ring.rotate_data_key(SECRETS)


def _signing(ring: FileKeyRing, _settings: Settings, _progress: Progress) -> None:
    names = {age.name for age in ring.ages()}
    for purpose in sorted(name.removeprefix("signing/") for name in names if name.startswith("signing/")):
        ring.rotate_signing_key(purpose)


def _databases(ring: FileKeyRing, settings: Settings, progress: Progress) -> None:
    """A file that the newest key does not open says that an earlier run was cut: that run goes on."""
    files = [(purpose, file) for purpose in ENCRYPTED for file in _files(settings.data, purpose)]
    if all(opens(file, ring.data_keys(purpose)[0]) for purpose, file in files):
        for purpose in sorted({purpose for purpose, _ in files}):
            ring.rotate_data_key(purpose)
    for done, (purpose, file) in enumerate(files, 1):
        newest, *older = ring.data_keys(purpose)
        if not opens(file, newest):
            rekey(file, next(key for key in older if opens(file, key)), newest)
        progress(done, len(files))


def _files(data: Path, purpose: str) -> list[Path]:
    return sorted(data.glob(ENCRYPTED[purpose]))


_ROTATIONS: Mapping[Rotated, Callable[[FileKeyRing, Settings, Progress], None]] = {
    Rotated.PROVIDER: _provider,
    Rotated.ROOT: _root,
    Rotated.SECRETS: _secrets,
    Rotated.SIGNING: _signing,
    Rotated.DATABASES: _databases,
}
