"""What a probe is given: where the instance listens, where its files lie, and who the probe may be.

A probe stands outside. It opens sockets, asks over HTTP, reads raw bytes; it never calls into the product and
never trusts what the product says about itself. The running product fills this in (`runtime/`), a test fills
it in for the instance that it started.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.json import JsonObject
from holdfast.kernel.network import NetworkRules


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


class Scratch(Protocol):
    """Starts instances for a drill."""

    def __call__(
        self, application: Callable[[str], JsonObject]
    ) -> contextlib.AbstractContextManager["ProbeContext"]:
        """An instance of its own, gone afterwards, whose context has the keeper's token and no other.

        `application` makes what is merged into its application resource (the network rules) from the address
        that it listens on; probes connect from there unless they say otherwise.
        """
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
    seconds: float = 10.0
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
