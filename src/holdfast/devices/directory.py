"""What the gateway asks about devices: who is this, may it connect, and where is it provisioned.

The gateway knows no SQL and no kinds: it holds a `Directory`. The implementation reads the resource store
with a cache that the relay's invalidations empty; provisioning goes through the control role, because
it changes resources.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath


@dataclass(frozen=True, slots=True)
class DeviceCredentials:
    """How a device may authenticate at the hub, and whether it may at all."""

    device: str
    organization: OrganizationPath
    enabled: bool
    """False: blocked, refused on every transport."""
    epoch: int
    """Changes whenever anything changed that a live session depends on: keys, certificates, enablement,
    its enrollment group, whether SAS is allowed. A session opened under another epoch is checked again."""
    symmetric_keys: tuple[bytes, ...] = ()
    """Decoded keys that may sign SAS tokens; empty where SAS is switched off for it."""
    thumbprints: tuple[str, ...] = ()
    """Lower-case hexadecimal SHA-1 or SHA-256 of accepted (also self-signed) certificates."""
    authorities: tuple[bytes, ...] = ()
    """DER of verified CA certificates whose leafs with CN = device id are accepted."""
    policies: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    """Shared access policies of the application: name → the keys that sign for this device as for any."""
    revoked_serials: frozenset[int] = frozenset()
    template: str = ""
    modules: tuple[str, ...] = ()
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A registration attempt at the provisioning endpoint, with what the device proved or sent."""

    registration: str
    """As the device spells it."""
    scope: str
    """The ID scope that it asked for."""
    payload: JsonObject
    """The custom payload (`modelId` and the like)."""
    address: str
    sas: str = ""
    """The SAS token, verified by the provisioning side; empty for a certificate."""
    chain: tuple[bytes, ...] = ()
    """DER of the presented certificates, leaf first; empty for SAS."""
    force: bool = False
    look_up: bool = False
    """Only say how the device is registered; change nothing."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The answer to an attempt, in the terms of the DPS protocol."""

    status: str
    """`assigned`, `assigning`, `failed` or `disabled`."""
    registration: str
    device: str = ""
    hub: str = ""
    """Host name that the device connects to next."""
    substatus: str = "initialAssignment"
    error_code: int = 0
    """Six-digit code of the protocol (401002 unauthorized, 400209 waiting or blocked, 404201 unknown, …)."""
    error_message: str = ""
    created: float = 0.0
    updated: float = 0.0
    etag: str = ""
    payload: JsonObject | None = None


class Directory(Protocol):
    """The device registry as the gateway sees it. Blocking calls; run in threads, cached hits are fast."""

    def credentials(self, device: str) -> DeviceCredentials | None:
        """The device's credentials, None when it does not exist. Ids compare without case."""
        ...

    def cached(self, device: str) -> DeviceCredentials | None:
        """Only what is in the cache and still trusted; never blocks."""
        ...

    def forget(self, device: str) -> None:
        """The device is known to have changed, whatever the news of it say: look it up the next time."""
        ...


class Provisioning(Protocol):
    """The provisioning service, in the control role behind the bus."""

    async def register(self, attempt: Attempt) -> Registration:
        """Judge the attempt and, when good, make or renew the device. UnavailableError: try later."""
        ...
