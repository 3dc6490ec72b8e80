"""What the credentials of devices have in common: enrollment groups, keys of shared access policies, whether
symmetric keys are allowed. Read once, and again after a change: a fleet that comes back asks for the same
within seconds.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from holdfast.access.reading import everything
from holdfast.devices.attestation import ATTESTATION
from holdfast.devices.device import DEVICE
from holdfast.devices.enrollment_group import ENROLLMENT_GROUP, Group, read_group
from holdfast.devices.shared_access import PolicyKeys, policy_keys
from holdfast.kernel.organizations import OrganizationPath
from holdfast.resources.port import ResourceStore
from holdfast.resources.query import Compare, Operator

CACHE_ENTRIES = 50_000
"""About one kilobyte each; a gateway holds fewer sessions than this."""

PER_DEVICE = frozenset({DEVICE, ATTESTATION})
"""Kinds of which each resource concerns one device alone."""

T = TypeVar("T")

SasAllowed = Callable[[OrganizationPath], bool]
"""Whether devices of an organization may use symmetric keys (a local method that can be switched off)."""


def sas_always_allowed(_organization: OrganizationPath) -> bool:
    """The rule where nobody switched symmetric keys off."""
    return True


def always_trusted() -> bool:
    """Where every change is told before anybody asks again."""
    return True


class Cache(Generic[T]):
    """What was read, by name. What is invalidated while it is read is not kept. Thread-safe."""

    def __init__(self, trusted: Callable[[], bool]) -> None:
        """`trusted`: whether no news can be missing; while they may be, all is read each time."""
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


class CommonCredentials:
    """All of it, for one process. Thread-safe; blocks when it has to read."""

    def __init__(
        self,
        store: ResourceStore,
        *,
        sas_allowed: SasAllowed = sas_always_allowed,
        trusted: Callable[[], bool] = always_trusted,
    ) -> None:
        self._store = store
        self._rule = sas_allowed
        self._group: Cache[tuple[Group, str] | None] = Cache(trusted)
        self._groups: Cache[tuple[Group, ...]] = Cache(trusted)
        self._allowed: Cache[bool] = Cache(trusted)
        self._policies: Cache[PolicyKeys] = Cache(trusted)

    def group(self, id: str) -> tuple[Group, str] | None:
        """An enrollment group and its etag."""
        return self._group.get(id, lambda: self._read_group(id))

    def groups(self, attestation: str) -> tuple[Group, ...]:
        """Every enrollment group with an attestation (`symmetricKey`, `x509`), by id."""
        return self._groups.get(attestation, lambda: self._read_groups(attestation))

    def sas_allowed(self, organization: OrganizationPath) -> bool:
        """Whether devices there may use symmetric keys."""
        return self._allowed.get(organization, lambda: self._rule(organization))

    def policies(self) -> PolicyKeys:
        """The keys of the shared access policies that are enabled."""
        return self._policies.get("", lambda: policy_keys(self._store))

    def changed(self, kind: str, _id: str) -> None:
        """A resource changed, here or in another process."""
        if kind not in PER_DEVICE:
            for cache in (self._group, self._groups, self._allowed, self._policies):
                cache.clear()

    def _read_group(self, id: str) -> tuple[Group, str] | None:
        resource = self._store.get(ENROLLMENT_GROUP, id)
        return None if resource is None else (read_group(resource), resource.etag)

    def _read_groups(self, attestation: str) -> tuple[Group, ...]:
        where = Compare("attestation.type", Operator.EQUAL, attestation)
        return tuple(map(read_group, everything(self._store, ENROLLMENT_GROUP, where)))
