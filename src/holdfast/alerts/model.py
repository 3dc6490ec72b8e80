"""Alerts as every detector of the product raises them and every page, API and destination shows them.

A *report* is what a detector says about one moment. Reports of one kind between the same two parties fold
into one *alert*, whose *violations* tell apart what exactly was seen.
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from holdfast.kernel.organizations import ROOT, OrganizationPath


class Severity(StrEnum):
    """How bad, in the words of the console. Compare with `rank`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Grows with severity: 1, 2, 3."""
        return _RANKS[self]

    @property
    def sensor_name(self) -> str:
        """The word that the sensor's own API and the CEF and LEEF formats use."""
        return _SENSOR_NAMES[self]

    @property
    def cef(self) -> int:
        """The severity number of the Common Event Format, 0 to 10."""
        return _CEF[self]


_RANKS = {Severity.LOW: 1, Severity.MEDIUM: 2, Severity.HIGH: 3}
_SENSOR_NAMES = {Severity.LOW: "Minor", Severity.MEDIUM: "Major", Severity.HIGH: "Critical"}
_CEF = {Severity.LOW: 4, Severity.MEDIUM: 8, Severity.HIGH: 10}


class Status(StrEnum):
    """Where an alert is in its life. `lifecycle.TRANSITIONS` says what may follow what."""

    NEW = "new"
    ACTIVE = "active"
    """Somebody investigates; detection goes on as before."""
    CLOSED = "closed"


class Resolution(StrEnum):
    """Why an alert is closed; empty while it is open."""

    NONE = ""
    HANDLED = "handled"
    LEARNED = "learned"
    """What was seen is allowed from then on."""
    MUTED = "muted"
    """What was seen stays unwanted and raises no further alert."""
    EXPIRED = "expired"
    """Nothing of the kind was seen for the time that closes alerts by themselves."""
    MERGED = "merged"
    """It is part of another alert that holds what several sensors saw."""
    RESOLVED = "resolved"
    """Its cause is gone: what the alert was about is as it should be again."""
    EVICTED = "evicted"
    """The store was full and this was the least important of the oldest."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What it takes to raise an alert. A part that does not apply is 0."""

    count: int = 0
    """So many occurrences, or a length for alerts about lengths."""
    seconds: float = 0.0
    """Within this window, or longer than this for alerts about silence."""
    factor: float = 0.0
    """So many times the usual."""


@dataclass(frozen=True, slots=True)
class AlertType:
    """A kind of alert: everything about it that does not depend on the moment."""

    id: str
    """Lower case with hyphens; stable."""
    title: str
    engine: str
    """Which detector raises it: `policy violation`, `anomaly`, …"""
    severity: Severity
    category: str
    techniques: tuple[str, ...] = ()
    """Ids of MITRE ATT&CK for ICS."""
    tactics: tuple[str, ...] = ()
    meaning: str = ""
    steps: tuple[str, ...] = ()
    """What to do about it, in order."""
    enabled: bool = True
    """Whether it is on before anybody decides."""
    threshold: Threshold = Threshold()


class Report(NamedTuple):
    """What a detector saw once."""

    type: str
    """Id of the alert type."""
    time: float
    """Unix seconds."""
    source: str
    """Address of the party that acted; empty where there is none."""
    destination: str
    """Address of the party that was acted upon; empty where there is none."""
    protocol: str
    observed: str
    """What was seen, in words."""
    expected: str
    """What was known or allowed, in words."""
    frame: int = 0
    """Number of the frame that shows it, counted from 1 over the run; 0 where no packet is behind it."""
    learn: tuple[str | int, ...] = ()
    """The learned-traffic entry that would allow it; empty where it cannot be learned."""
    severity: Severity | None = None
    """Another severity than the type's."""


class Origin(NamedTuple):
    """Who saw something, and to whom it belongs."""

    sensor: str = "platform"
    """A sensor's name, or the platform itself."""
    organization: OrganizationPath = ROOT
    """The alert is shown to whoever reads alerts at this node or above it."""
    site: str = ""
    """Addresses mean something else at another site; alerts of different sites are never folded."""
    zone: str = ""

    @property
    def text(self) -> str:
        """One text for one origin, of which ids are made."""
        if self.organization == ROOT and not self.site:
            return self.sensor
        return "\x1e".join((self.sensor, self.organization, self.site))


PLATFORM = Origin()
"""What the platform sees of itself."""


class Sighting(NamedTuple):
    """A report with where it comes from: what producers hand to the platform."""

    report: Report
    origin: Origin = PLATFORM


class Matter(NamedTuple):
    """What an open alert is about."""

    type: str
    source: str
    destination: str
    organization: OrganizationPath = ROOT
    site: str = ""


class Key(NamedTuple):
    """What makes two reports one alert."""

    type: str
    source: str
    destination: str


MAXIMUM_FRAMES = 32
"""Frames that one violation remembers; the first ones, because they show how it began."""


@dataclass(slots=True)
class Violation:
    """One distinct thing that was seen, and how often."""

    observed: str
    expected: str
    first: float
    last: float
    count: int = 1
    frames: list[int] = field(default_factory=list)
    learn: tuple[str | int, ...] = ()


@dataclass(slots=True)
class Comment:
    """What a person wrote beside an alert."""

    time: float
    author: str
    text: str


@dataclass(slots=True)
class Alert:
    """One alert with everything that was seen of it. Changed only by `book` and `lifecycle`."""

    id: str
    type: AlertType
    severity: Severity
    """The type's, unless a person changed it."""
    source: str
    destination: str
    protocol: str
    first: float
    last: float
    sensors: list[str]
    """Who saw it, in order of arrival."""
    zone: str = ""
    count: int = 0
    status: Status = Status.NEW
    resolution: Resolution = Resolution.NONE
    closed_at: float = 0.0
    violations: list[Violation] = field(default_factory=list)
    dropped_violations: int = 0
    """Distinct violations that were counted and not kept, because there were too many."""
    comments: list[Comment] = field(default_factory=list)
    organization: OrganizationPath = ROOT
    site: str = ""

    @property
    def key(self) -> Key:
        """What further reports of this alert have in common."""
        return Key(self.type.id, self.source, self.destination)

    @property
    def matter(self) -> Matter:
        """The same with the place, for stores that hold the alerts of many."""
        return Matter(self.type.id, self.source, self.destination, self.organization, self.site)

    @property
    def open(self) -> bool:
        """Whether further reports belong to it."""
        return self.status is not Status.CLOSED


def alert_id(sensor: str, key: Key, first: float) -> str:
    """A stable identifier: the same sensor that sees the same again makes the same id.

    So a spool that is sent twice creates nothing twice.
    """
    text = "\x1f".join((sensor, *key, repr(first)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:26]
