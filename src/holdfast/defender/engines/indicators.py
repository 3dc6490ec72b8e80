"""Indicators of compromise as data: which value belongs to which alert."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from holdfast.kernel.errors import InvalidError

MAXIMUM_INDICATORS: Final = 1_000_000
MAXIMUM_BYTES: Final = 256 * 1024 * 1024

_OWN: Final = Path(__file__).with_name("indicators.toml")


class IndicatorError(InvalidError):
    """A file of indicators cannot be used; the message says why."""

    code = "InvalidIndicators"


class IndicatorKind(StrEnum):
    """What a value is compared with."""

    DOMAIN = "domain"
    ADDRESS = "address"
    AGENT = "agent"
    URI = "uri"
    JA3 = "ja3"


_FAMILIES: Final = {
    "stuxnet": "suspicion-of-malicious-activity-stuxnet",
    "duqu": "suspicion-of-malicious-activity-duqu",
    "flame": "suspicion-of-malicious-activity-flame",
    "havex": "suspicion-of-malicious-activity-havex",
    "karagany": "suspicion-of-malicious-activity-karagany",
    "lightsout": "suspicion-of-malicious-activity-lightsout",
    "blackenergy": "suspicion-of-malicious-activity-blackenergy",
    "regin": "suspicion-of-malicious-activity-regin",
    "wannacry": "suspicion-of-malicious-activity-wannacry",
    "conficker": "suspicion-of-conficker-malware",
}
_GENERAL: Final = {
    IndicatorKind.DOMAIN: "malicious-domain-name-request",
    IndicatorKind.ADDRESS: "connection-attempt-to-known-malicious-ip",
    IndicatorKind.AGENT: "suspicion-of-malicious-activity",
    IndicatorKind.URI: "suspicious-traffic-detected",
    IndicatorKind.JA3: "suspicious-traffic-detected",
}


class Hit(NamedTuple):
    """An indicator that was found."""

    alert: str
    value: str
    source: str


@dataclass(slots=True)
class Indicators:
    """Finds values by kind. Exact kinds cost one lookup however many there are."""

    exact: dict[IndicatorKind, dict[str, Hit]] = field(
        default_factory=lambda: {kind: {} for kind in IndicatorKind}
    )
    parts: dict[IndicatorKind, list[Hit]] = field(default_factory=dict)
    """Kinds that are compared as parts of a text."""

    def add(self, kind: IndicatorKind, value: str, family: str, source: str) -> None:
        """Take one value. Raises IndicatorError for an unknown family or too many values."""
        if family and family not in _FAMILIES:
            raise IndicatorError(f"There is no family '{family}'; known are {', '.join(sorted(_FAMILIES))}.")
        if sum(map(len, self.exact.values())) >= MAXIMUM_INDICATORS:
            raise IndicatorError(f"More than {MAXIMUM_INDICATORS} indicators are not taken.")
        hit = Hit(_FAMILIES.get(family, _GENERAL[kind]), value, source)
        if kind in {IndicatorKind.AGENT, IndicatorKind.URI}:
            self.parts.setdefault(kind, []).append(hit)
        else:
            self.exact[kind][value.lower()] = hit

    def domain(self, name: str) -> Hit | None:
        """The indicator for a name or for one above it."""
        labels = name.lower().rstrip(".").split(".")
        known = self.exact[IndicatorKind.DOMAIN]
        for start in range(len(labels) - 1):
            hit = known.get(".".join(labels[start:]))
            if hit is not None:
                return hit
        return None

    def find(self, kind: IndicatorKind, value: str) -> Hit | None:
        """The indicator with exactly this value."""
        return self.exact[kind].get(value.lower())

    def within(self, kind: IndicatorKind, text: str) -> Hit | None:
        """The first indicator that is a part of `text`."""
        return next((hit for hit in self.parts.get(kind, ()) if hit.value in text), None)


def load_indicators(more: Iterable[Path] = ()) -> Indicators:
    """Our own indicators and those of further files. Raises IndicatorError."""
    indicators = Indicators()
    for path in (_OWN, *more):
        for kind, value, family, source in _read(path):
            indicators.add(kind, value, family, source)
    return indicators


def _read(path: Path) -> Iterator[tuple[IndicatorKind, str, str, str]]:
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise IndicatorError(f"{path} has more than {MAXIMUM_BYTES} bytes and is not read.")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise IndicatorError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IndicatorError(f"{path} is not TOML: {error}.") from None
    entries = document.get("indicator", [])
    for entry in entries if isinstance(entries, list) else []:
        yield from _entry(path, entry)


def _entry(path: Path, entry: object) -> Iterator[tuple[IndicatorKind, str, str, str]]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("values"), list):
        raise IndicatorError(f"An entry of {path} has no list of values.")
    try:
        kind = IndicatorKind(str(entry.get("kind")))
    except ValueError:
        raise IndicatorError(
            f"'{entry.get('kind')}' in {path} is none of {', '.join(IndicatorKind)}."
        ) from None
    for value in entry["values"]:
        yield kind, str(value), str(entry.get("family", "")), str(entry.get("source", path.name))
