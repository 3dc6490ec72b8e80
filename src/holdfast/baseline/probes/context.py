"""What a probe is given: where the instance listens, where its files lie, and who the probe may be.

A probe stands outside. It opens sockets, asks over HTTP, reads raw bytes; it never calls into the product and
never trusts what the product says about itself. The running product fills this in (`runtime/`), a test fills
it in for the instance that it started.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.network import NetworkRules
from holdfast.kernel.principal import PrincipalKind


class Surface(StrEnum):
    """A place where the product can be reached. A claim that holds on several is proven on each."""

    DEVICE_MQTT = "device MQTT"
    DEVICE_HTTPS = "device HTTPS"
    PEOPLE = "console and API"
    SENSOR_MQTT = "sensor MQTT"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An open listener."""

    address: str
    """The IP address to connect to."""
    port: int
    server_name: str
    """What the certificate must be valid for."""

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


PERSONA_PREFIX: Final = "baseline-probe-"
"""What the ids of the personas' API tokens begin with; nobody else's do."""


def is_persona(kind: str, identity: str) -> bool:
    """Whether an actor is one of the probes' tokens; people and devices may be called the same."""
    return kind == PrincipalKind.API_TOKEN and identity.startswith(PERSONA_PREFIX)


class Persona(StrEnum):
    """A principal of the probes, recognized by its credential, in an organization of its own."""

    KEEPER = "keeper"
    """May do what probes set up and clean up."""
    READER = "reader"
    """May read devices in the probes' organization and nothing else."""
    OUTSIDER = "outsider"
    """Has the reader's role in an organization beside that of the probes."""
    SCRIPT = "script"
    """A service principal with the reader's role."""
    EXPIRED = "expired"
    """A token of the reader whose end has passed."""
    FOREIGN = "foreign"
    """A well-formed token that another issuer signed."""


class Need(StrEnum):
    """What a probe cannot do without; where it is missing, the claim is not assessed."""

    LISTENERS = "listeners"
    FILES = "data folder"
    PERSONAS = "principals"
    SCRATCH = "scratch instance"


DRILLS: Final = "127.64.0.0/10"
"""Where instances for drills listen and where the probes come from that visit them."""


class Drill(Protocol):
    """A running instance of its own, which a probe may break."""

    context: "ProbeContext"
    """With the keeper's token, who administers it, and no other; probes connect from its own address."""

    def stop(self) -> None:
        """End it; its files stay."""
        ...

    def start(self) -> str:
        """Start it again: nothing when it is ready, otherwise what it says why it does not start."""
        ...


class Scratch(Protocol):
    """Starts instances for drills."""

    def __call__(self) -> contextlib.AbstractContextManager[Drill]:
        """An instance of its own, ready, and gone afterwards."""
        ...

    def shared(self) -> contextlib.AbstractContextManager["ProbeContext"]:
        """An instance that the probes of one run share: what each makes there does not concern the others."""
        ...

    def end_shared(self) -> None:
        """End the shared one, if it was started: the run is over."""
        ...


@dataclass(frozen=True, slots=True)
class ProbeContext:
    """Everything that a probe may use."""

    clock: Clock
    randomness: Randomness
    source: str
    """The loopback address (127.x.y.z) that probes connect from, so that they do not trip our own alarms."""
    endpoints: Mapping[Surface, Endpoint] = field(default_factory=dict)
    authority: Path | None = None
    """PEM of the authority that signed the listeners' certificate; None trusts the system's."""
    data: Path | None = None
    """The data folder, for reading raw files."""
    tokens: Mapping[Persona, str] = field(default_factory=dict)
    """The value of the `Authorization` header of each persona."""
    rules: Mapping[Surface, NetworkRules] = field(default_factory=dict)
    """The network rules that are configured for each listener; whether they work is the probes' business."""
    organization: str = ""
    """Where the probes make what they need; the application itself when empty."""
    scratch: Scratch | None = None
    """Starts an instance of its own, for what must not be done to the assessed one."""
    key: Path | None = None
    """Of a drill: the file with the key that wraps all others, outside the data folder."""
    seconds: float = 30.0
    """How long a single step may take before the probe gives up."""

    def has(self, need: Need) -> bool:
        """Whether `need` is met."""
        return {
            Need.LISTENERS: bool(self.endpoints),
            Need.FILES: self.data is not None,
            Need.PERSONAS: bool(self.tokens),
            Need.SCRATCH: self.scratch is not None,
        }[need]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never appear in an observation."""
        return tuple(token.rpartition(" ")[2] for token in self.tokens.values())
