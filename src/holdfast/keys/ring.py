"""The key ring in a file: root keys wrapped by the provider, data and signing keys wrapped by a root key.

The file holds no key in the clear, so it may be backed up with the data. Several processes share it: whoever
needs a new key takes the lock, reads the file again and replaces it whole.
"""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.ids import new_id
from holdfast.keys import sealing
from holdfast.keys.errors import KeyUnavailableError
from holdfast.keys.files import locked, replace_durably
from holdfast.keys.port import KeyProvider, SigningKey

RING_FILE = "ring.json"
LOCK_FILE = "ring.lock"
SECRETS = "secrets"
"""The purpose whose data key seals secrets inside the database."""

_VERSION_BYTES = 2
"""A sealed secret starts with its key's version, so that it stays readable after a rotation."""


class _Root(msgspec.Struct, frozen=True):
    version: int
    provider: str
    wrapped: bytes
    created: float


class _Key(msgspec.Struct, frozen=True):
    """One version of a data or signing key, wrapped by the root key `root`."""

    version: int
    root: int
    wrapped: bytes
    created: float


class _Ring(msgspec.Struct, frozen=True):
    instance: str
    root: _Root
    keys: dict[str, list[_Key]] = {}
    """`data/PURPOSE` or `signing/PURPOSE` → its versions, oldest first."""


class KeyAge(NamedTuple):
    """A version of a key, without the key."""

    name: str
    """`root`, `data/PURPOSE` or `signing/PURPOSE`."""
    version: int
    created: float
    """Unix seconds."""


class FileKeyRing:
    """The keys of one instance; see `keys.port.KeyRing`. Thread-safe."""

    def __init__(self, folder: Path, provider: KeyProvider, clock: Clock, randomness: Randomness) -> None:
        self._path = folder / RING_FILE
        self._lock_path = folder / LOCK_FILE
        self._provider = provider
        self._clock = clock
        self._randomness = randomness
        self._mutex = threading.RLock()
        self._plain: dict[tuple[str, int], bytes] = {}
        if not self._path.exists():
            self._update(lambda ring: ring)
        self._ring = self._read()
        self.check_provider()

    @property
    def instance(self) -> str:
        """A random id of the instance that these keys belong to."""
        return self._ring.instance

    @property
    def provider_name(self) -> str:
        """Which kind of provider holds the outermost key."""
        return self._provider.name

    @property
    def rotated(self) -> float:
        """When the present root key was made, in Unix seconds."""
        return self._ring.root.created

    def ages(self) -> list[KeyAge]:
        """Every version of every key, the root key first."""
        root = self._ring.root
        return [KeyAge("root", root.version, root.created)] + [
            KeyAge(name, key.version, key.created)
            for name, versions in sorted(self._ring.keys.items())
            for key in versions
        ]

    def check_provider(self) -> None:
        """Ask the provider for the root key; KeyUnavailableError when it was revoked meanwhile."""
        self._provider.unwrap(self._ring.root.wrapped)

    def data_key(self, purpose: str) -> bytes:
        """See `KeyRing.data_key`: the newest version of the purpose's key."""
        return self._newest(f"data/{purpose}")[1]

    def data_keys(self, purpose: str) -> list[bytes]:
        """Every version of the purpose's key, the newest first; none when it was never asked for."""
        versions = self._ring.keys.get(f"data/{purpose}", [])
        return [self._key(f"data/{purpose}", key.version) for key in reversed(versions)]

    def seal(self, plain: bytes, context: str) -> bytes:
        """See `KeyRing.seal`."""
        version, key = self._newest(f"data/{SECRETS}")
        return version.to_bytes(_VERSION_BYTES, "big") + sealing.seal(key, plain, context, self._randomness)

    def open(self, sealed: bytes, context: str) -> bytes:
        """See `KeyRing.open`."""
        version = int.from_bytes(sealed[:_VERSION_BYTES], "big")
        return sealing.unseal(self._key(f"data/{SECRETS}", version), sealed[_VERSION_BYTES:], context)

    def signing_key(self, purpose: str) -> SigningKey:
        """See `KeyRing.signing_key`."""
        return _signing_key(self._newest(_signing(purpose))[1])

    def public_key(self, purpose: str, key_id: str) -> bytes | None:
        """See `KeyRing.public_key`."""
        for version in [key.version for key in self._ring.keys.get(_signing(purpose), [])]:
            key = _signing_key(self._key(_signing(purpose), version))
            if key.key_id == key_id:
                return key.public
        return None

    def rotate_signing_key(self, purpose: str) -> None:
        """Sign with a new key from now on; what older ones signed stays verifiable."""
        self._update(lambda ring: self._with_new_version(ring, _signing(purpose)))

    def wrap_with(self, provider: KeyProvider) -> None:
        """Wrap the root key with another provider's key; the root key itself stays the same."""

        def wrap(ring: _Ring) -> _Ring:
            plain = self._provider.unwrap(ring.root.wrapped)
            root = msgspec.structs.replace(ring.root, provider=provider.name, wrapped=provider.wrap(plain))
            return msgspec.structs.replace(ring, root=root)

        self._update(wrap)

    def rotate_root(self) -> None:
        """Make a new root key and wrap every key again with it; the keys themselves stay the same."""

        def rotate(ring: _Ring) -> _Ring:
            root_key = self._randomness.bytes(sealing.KEY_BYTES)
            root = self._wrap_root(root_key, ring.root.version + 1)
            return _Ring(ring.instance, root, self._wrap_again(ring, root_key, root.version))

        self._update(rotate)

    def rotate_data_key(self, purpose: str) -> None:
        """Add a version of a data key. For `secrets`, whose values name their version, and for owners who
        re-encrypt what the older version protects."""
        self._update(lambda ring: self._with_new_version(ring, f"data/{purpose}"))

    def _newest(self, name: str) -> tuple[int, bytes]:
        if not self._ring.keys.get(name):
            self._update(lambda ring: ring if ring.keys.get(name) else self._with_new_version(ring, name))
        version = self._ring.keys[name][-1].version
        return version, self._key(name, version)

    def _key(self, name: str, version: int) -> bytes:
        with self._mutex:
            if (name, version) not in self._plain:
                if not any(key.version == version for key in self._ring.keys.get(name, [])):
                    self._ring = self._read()
                self._plain[name, version] = self._unwrap(self._ring, name, version)
            return self._plain[name, version]

    def _unwrap(self, ring: _Ring, name: str, version: int) -> bytes:
        for key in ring.keys.get(name, []):
            if key.version == version:
                root_key = self._provider.unwrap(ring.root.wrapped)
                return sealing.unseal(root_key, key.wrapped, _context(name, version))
        raise KeyUnavailableError(
            f"Version {version} of the key “{name}” is not in this instance's key ring; "
            "what it protects was made by another instance."
        )

    def _update(self, change: Callable[[_Ring], _Ring]) -> None:
        """Change the file under its lock, from what it holds now."""
        with self._mutex, locked(self._lock_path):
            before = self._read() if self._path.exists() else None
            after = change(before or self._create())
            if after != before:
                replace_durably(self._path, msgspec.json.format(msgspec.json.encode(after)) + b"\n")
            self._ring = after

    def _create(self) -> _Ring:
        root = self._wrap_root(self._randomness.bytes(sealing.KEY_BYTES), 1)
        return _Ring(instance=new_id(self._clock, self._randomness), root=root)

    def _read(self) -> _Ring:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Ring)
        except (OSError, msgspec.DecodeError) as error:
            raise KeyUnavailableError(
                f"The key ring {self._path} cannot be read ({error}); "
                "restore it from a backup of this instance."
            ) from None

    def _with_new_version(self, ring: _Ring, name: str) -> _Ring:
        versions = ring.keys.get(name, [])
        version = versions[-1].version + 1 if versions else 1
        root_key = self._provider.unwrap(ring.root.wrapped)
        key = self._wrap(
            root_key, ring.root.version, name, version, self._randomness.bytes(sealing.KEY_BYTES)
        )
        return msgspec.structs.replace(ring, keys={**ring.keys, name: [*versions, key]})

    def _wrap_root(self, root_key: bytes, version: int) -> _Root:
        return _Root(version, self._provider.name, self._provider.wrap(root_key), self._clock.now())

    def _wrap(self, root_key: bytes, root: int, name: str, version: int, plain: bytes) -> _Key:
        wrapped = sealing.seal(root_key, plain, _context(name, version), self._randomness)
        return _Key(version, root, wrapped, self._clock.now())

    def _wrap_again(self, ring: _Ring, root_key: bytes, root: int) -> dict[str, list[_Key]]:
        return {
            name: [
                msgspec.structs.replace(
                    self._wrap(root_key, root, name, key.version, self._unwrap(ring, name, key.version)),
                    created=key.created,
                )
                for key in versions
            ]
            for name, versions in ring.keys.items()
        }


def _signing(purpose: str) -> str:
    return f"signing/{purpose}"


def _signing_key(private: bytes) -> SigningKey:
    public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return SigningKey(hashlib.sha256(public).hexdigest()[:16], private, public)


def _context(name: str, version: int) -> str:
    return f"holdfast key {name} {version}"
