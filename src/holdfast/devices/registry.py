"""The directory of devices over the resource store, with a cache that invalidations empty.

See `devices.directory` for the port. One cache entry is what the gateway needs to judge a CONNECT; it
depends on the device, its individual attestation, its group and the access settings, and its `epoch` is a
digest of all of these, so that a live session knows when it has to be judged again.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from holdfast.devices.attestation import ATTESTATION, keys_of, thumbprints_of
from holdfast.devices.device import DEVICE, find_device
from holdfast.devices.directory import DeviceCredentials
from holdfast.devices.enrollment_group import DEFAULT_SAS_GROUP, ENROLLMENT_GROUP, Group, read_group
from holdfast.devices.shared_access import PolicyKeys, policy_keys
from holdfast.kernel.organizations import OrganizationPath
from holdfast.protocol.sas import derive_key
from holdfast.resources.model import Resource
from holdfast.resources.port import ResourceStore

CACHE_ENTRIES = 50_000
"""About one kilobyte each; a gateway holds fewer sessions than this."""

T = TypeVar("T")

_PER_DEVICE = frozenset({DEVICE, ATTESTATION})

SasAllowed = Callable[[OrganizationPath], bool]
"""Whether devices of an organization may use symmetric keys (a local method that can be switched off)."""


def sas_always_allowed(_organization: OrganizationPath) -> bool:
    """The rule where nobody switched symmetric keys off."""
    return True


class Groups:
    """Enrollment groups as provisioning reads them; parsed once for each etag."""

    def __init__(self, store: ResourceStore) -> None:
        self._store = store
        self._parsed: dict[str, tuple[str, Group]] = {}

    def get(self, id: str) -> tuple[Group, str] | None:
        """The group and its etag."""
        resource = self._store.get(ENROLLMENT_GROUP, id)
        return None if resource is None else (self.parse(resource), resource.etag)

    def parse(self, resource: Resource) -> Group:
        """The group of a resource that is at hand."""
        etag, group = self._parsed.get(resource.id, ("", None))
        if group is None or etag != resource.etag:
            group = read_group(resource)
            self._parsed[resource.id] = (resource.etag, group)
        return group


class _Cache(Generic[T]):
    """What was read, by name. What is invalidated while it is read is not kept."""

    def __init__(self, trusted: Callable[[], bool]) -> None:
        self._trusted = trusted
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._reading: dict[str, object] = {}
        self._lock = threading.Lock()

    def kept(self, name: str) -> T | None:
        """What is at hand and can be trusted."""
        return self._kept.get(name) if self._trusted() else None

    def get(self, name: str, read: Callable[[], T]) -> T:
        """What is at hand, else what `read` gives."""
        mark = object()
        with self._lock:
            if name in self._kept and self._trusted():
                return self._kept[name]
            self._reading[name] = mark
        try:
            found = read()
        except Exception:
            self.forget(name)
            raise
        with self._lock:
            if self._reading.get(name) is mark:
                del self._reading[name]
                self._kept[name] = found
                self._kept.move_to_end(name)
                if len(self._kept) > CACHE_ENTRIES:
                    self._kept.popitem(last=False)
        return found

    def forget(self, name: str) -> None:
        """It changed."""
        with self._lock:
            self._kept.pop(name, None)
            self._reading.pop(name, None)

    def clear(self) -> None:
        """Anything may have changed."""
        with self._lock:
            self._kept.clear()
            self._reading.clear()


class Registry:
    """The `Directory` of one process. Thread-safe."""

    def __init__(
        self,
        store: ResourceStore,
        *,
        sas_allowed: SasAllowed = sas_always_allowed,
        trusted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._sas_allowed = sas_allowed
        self._devices: _Cache[DeviceCredentials | None] = _Cache(trusted)
        # What devices have in common: after a restart it is asked for by all of them within seconds.
        self._groups: _Cache[tuple[Group, str] | None] = _Cache(trusted)
        self._allowed: _Cache[bool] = _Cache(trusted)
        self._policies: _Cache[PolicyKeys] = _Cache(trusted)

    def credentials(self, device: str) -> DeviceCredentials | None:
        """See `Directory.credentials`."""
        return self._devices.get(device.lower(), lambda: self._load(device))

    def cached(self, device: str) -> DeviceCredentials | None:
        """See `Directory.cached`."""
        return self._devices.kept(device.lower())

    def forget(self, device: str) -> None:
        """See `Directory.forget`."""
        self.invalidate(DEVICE, device)

    def invalidate(self, kind: str, id: str) -> None:
        """Something changed: forget what depended on it."""
        if kind in _PER_DEVICE:
            self._devices.forget(id.lower())
        else:
            for common in (self._groups, self._allowed, self._policies):
                common.clear()
            self._devices.clear()  # last: what is read of them from now on is made of what is new

    def _load(self, presented: str) -> DeviceCredentials | None:
        store = self._store
        device = store.get(DEVICE, presented) or self._spelled_otherwise(presented)
        if device is None:
            return None
        individual = store.get(ATTESTATION, device.id)
        group_id = str(device.body.get("group") or DEFAULT_SAS_GROUP)
        group, group_etag = self._groups.get(group_id, lambda: _group(store, group_id)) or (None, "")
        place = device.organization
        sas_allowed = self._allowed.get(place, lambda: self._sas_allowed(place))
        policies = self._policies.get("", lambda: policy_keys(store)) if sas_allowed else {}
        parts = (device.etag, individual.etag if individual else "", group_etag, str(sas_allowed))
        found = _credentials(device, individual, group, sas_allowed, _epoch((*parts, repr(policies))))
        return replace(found, policies=policies)

    def _spelled_otherwise(self, presented: str) -> Resource | None:
        id = find_device(self._store, presented)
        return self._store.get(DEVICE, id) if id is not None else None


def _group(store: ResourceStore, id: str) -> tuple[Group, str] | None:
    resource = store.get(ENROLLMENT_GROUP, id)
    return None if resource is None else (read_group(resource), resource.etag)


def _epoch(parts: tuple[str, ...]) -> int:
    return int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:8], "big")


def _credentials(
    device: Resource, individual: Resource | None, group: Group | None, sas_allowed: bool, epoch: int
) -> DeviceCredentials:
    body = device.body
    must_register = bool(body.get("registration")) and body.get("provisioned") is not True
    enabled = body.get("enabled") is True and not must_register
    keys: tuple[bytes, ...] = ()
    thumbprints: tuple[str, ...] = ()
    authorities: tuple[bytes, ...] = ()
    revoked: frozenset[int] = frozenset()
    if individual is not None:
        keys = keys_of(individual.body)
        thumbprints = thumbprints_of(individual.body)
    elif group is not None:
        enabled = enabled and group.enabled
        keys = _derived(device, group)
        authorities = tuple(a.public_bytes(Encoding.DER) for a in group.authorities)
        revoked = group.revoked
    modules = body.get("modules")
    return DeviceCredentials(
        device=device.id,
        organization=device.organization,
        enabled=enabled,
        epoch=epoch,
        symmetric_keys=keys if sas_allowed else (),
        thumbprints=thumbprints,
        authorities=authorities,
        revoked_serials=revoked,
        template=str(body.get("template") or ""),
        modules=tuple(str(m) for m in modules) if isinstance(modules, list) else (),
        simulated=body.get("simulated") is True,
    )


def _derived(device: Resource, group: Group) -> tuple[bytes, ...]:
    """Keys derived from the group's: of the id as the device spelled it at registration, else as stored."""
    registration = device.body.get("registration")
    spelled = registration.get("registrationId") if isinstance(registration, dict) else None
    return tuple(derive_key(key, str(spelled or device.id)) for key in group.keys)
