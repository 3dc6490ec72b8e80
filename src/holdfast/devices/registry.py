"""The directory of devices over the resource store, with a cache that invalidations empty.

See `devices.directory` for the port. One cache entry is what the gateway needs to judge a CONNECT; it
depends on the device, its individual attestation, its group and the access settings, and its `epoch` is a
digest of all of these, so that a live session knows when it has to be judged again.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives.serialization import Encoding

from holdfast.devices.attestation import ATTESTATION, keys_of, thumbprints_of
from holdfast.devices.common_credentials import (
    PER_DEVICE,
    Cache,
    CommonCredentials,
    SasAllowed,
    always_trusted,
    sas_always_allowed,
)
from holdfast.devices.device import DEVICE, find_device
from holdfast.devices.directory import DeviceCredentials
from holdfast.devices.enrollment_group import DEFAULT_SAS_GROUP, Group
from holdfast.protocol.sas import derive_key
from holdfast.resources.model import Resource
from holdfast.resources.port import ResourceStore


class Registry:
    """The `Directory` of one process. Thread-safe."""

    def __init__(
        self,
        store: ResourceStore,
        *,
        sas_allowed: SasAllowed = sas_always_allowed,
        trusted: Callable[[], bool] = always_trusted,
    ) -> None:
        self._store = store
        self._devices: Cache[DeviceCredentials | None] = Cache(trusted)
        self._common = CommonCredentials(store, sas_allowed=sas_allowed, trusted=trusted)

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
        if kind in PER_DEVICE:
            self._devices.forget(id.lower())
        else:
            self._common.changed(kind, id)
            self._devices.clear()  # last: what is read of them from now on is made of what is new

    def _load(self, presented: str) -> DeviceCredentials | None:
        device = find_device(self._store, presented)
        if device is None:
            return None
        individual = self._store.get(ATTESTATION, device.id)
        group_id = str(device.body.get("group") or DEFAULT_SAS_GROUP)
        group, group_etag = self._common.group(group_id) or (None, "")
        sas_allowed = self._common.sas_allowed(device.organization)
        policies = self._common.policies() if sas_allowed else {}
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
