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

from cryptography.hazmat.primitives.serialization import Encoding

from holdfast.devices.attestation import ATTESTATION, keys_of, thumbprints_of
from holdfast.devices.device import DEVICE, find_device
from holdfast.devices.directory import DeviceCredentials
from holdfast.devices.enrollment_group import DEFAULT_SAS_GROUP, ENROLLMENT_GROUP, Group, read_group
from holdfast.devices.shared_access import SHARED_ACCESS_POLICY, PolicyKeys, policy_keys
from holdfast.kernel.organizations import OrganizationPath
from holdfast.protocol.sas import derive_key
from holdfast.resources.model import Resource
from holdfast.resources.port import ResourceStore

CACHE_ENTRIES = 50_000
"""About one kilobyte each; a gateway holds fewer sessions than this."""

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
        self._groups = Groups(store)
        self._sas_allowed = sas_allowed
        self._trusted = trusted
        self._entries: OrderedDict[str, DeviceCredentials | None] = OrderedDict()
        self._generation = 0
        self._policies: PolicyKeys | None = None
        """Of the whole application; None before they were read."""
        self._lock = threading.Lock()

    def credentials(self, device: str) -> DeviceCredentials | None:
        """See `Directory.credentials`."""
        key = device.lower()
        with self._lock:
            generation = self._generation
            if key in self._entries and self._trusted():
                return self._entries[key]
        found = self._load(device)
        with self._lock:
            if generation == self._generation:  # else it may be older than an invalidation
                self._entries[key] = found
                self._entries.move_to_end(key)
                if len(self._entries) > CACHE_ENTRIES:
                    self._entries.popitem(last=False)
        return found

    def cached(self, device: str) -> DeviceCredentials | None:
        """See `Directory.cached`."""
        return self._entries.get(device.lower()) if self._trusted() else None

    def forget(self, device: str) -> None:
        """See `Directory.forget`."""
        self.invalidate(DEVICE, device)

    def invalidate(self, kind: str, id: str) -> None:
        """Something changed: forget what depended on it."""
        with self._lock:
            self._generation += 1
            if kind in _PER_DEVICE:
                self._entries.pop(id.lower(), None)
            else:
                self._entries.clear()
                if kind == SHARED_ACCESS_POLICY:
                    self._policies = None

    def _shared_access(self) -> PolicyKeys:
        found = self._policies
        if found is None or not self._trusted():
            generation = self._generation
            found = policy_keys(self._store)
            with self._lock:
                if generation == self._generation:
                    self._policies = found
        return found

    def _load(self, presented: str) -> DeviceCredentials | None:
        id = find_device(self._store, presented)
        device = self._store.get(DEVICE, id) if id is not None else None
        if device is None:
            return None
        individual = self._store.get(ATTESTATION, device.id)
        group_id = str(device.body.get("group") or DEFAULT_SAS_GROUP)
        group, group_etag = self._groups.get(group_id) or (None, "")
        sas_allowed = self._sas_allowed(device.organization)
        policies = self._shared_access() if sas_allowed else {}
        parts = (device.etag, individual.etag if individual else "", group_etag, str(sas_allowed))
        found = _credentials(device, individual, group, sas_allowed, _epoch((*parts, repr(policies))))
        return replace(found, policies=policies)


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
