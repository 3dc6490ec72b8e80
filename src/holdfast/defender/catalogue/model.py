"""What the catalogue says about an alert beyond the alert itself."""

from dataclasses import dataclass

from holdfast.alerts.model import AlertType


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique of MITRE ATT&CK for ICS."""

    id: str
    name: str
    tactics: tuple[str, ...]
    """Every tactic under which the matrix lists it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the catalogue."""

    alert: AlertType
    absent: str = ""
    """Why the sensor does not raise it; empty for alerts that it raises."""
    correction: str = ""
    """Where and why the row departs from the documented table."""
    documented: bool = True
    """False for alerts that are ours alone."""
    threshold_documented: bool = True
    """Whether the threshold is the documented one; some documented alerts come without any."""

    @property
    def shown(self) -> bool:
        """Whether the sensor raises it."""
        return not self.absent
