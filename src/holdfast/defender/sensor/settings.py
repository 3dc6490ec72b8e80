"""How one sensor is set up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.alerts.exclusion import ExclusionRule, Network
from holdfast.alerts.model import Threshold
from holdfast.defender.rules.model import CustomRule


@dataclass(frozen=True, slots=True)
class SensorSettings:
    """The defaults fit a sensor that nobody has set up yet."""

    name: str = "local"
    zone: str = ""
    site: str = ""
    local: tuple[Network, ...] = ()
    """Public ranges that belong to the plant."""
    office: tuple[Network, ...] = ()
    """IT subnets: only malware is reported between two of their addresses."""
    scanners: frozenset[str] = frozenset()
    """Addresses of approved scanners and management servers."""
    enabled: Mapping[str, bool] = field(default_factory=dict)
    """Alert types that are turned on or off against their default."""
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    exclusions: tuple[ExclusionRule, ...] = ()
    rules: tuple[CustomRule, ...] = ()
    indicators: tuple[Path, ...] = ()
    """Files of indicators beside our own."""
