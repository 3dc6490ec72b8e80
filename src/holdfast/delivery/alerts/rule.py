"""Which alerts leave the sensor or platform, and where to."""

from dataclasses import dataclass

from holdfast.alerts.model import Alert, Severity
from holdfast.kernel.organizations import ROOT, OrganizationPath, contains


@dataclass(frozen=True, slots=True)
class ForwardingRule:
    """Alerts that match every part that is set go to all destinations. Exclusions apply before."""

    name: str
    destinations: tuple[str, ...]
    """Names of destinations, as the outbox knows them."""
    minimum: Severity = Severity.LOW
    engines: frozenset[str] = frozenset()
    protocols: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    sensors: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    organization: OrganizationPath = ROOT
    """Only alerts at or below this node."""
    enabled: bool = True

    def wants(self, alert: Alert) -> bool:
        """Whether the rule forwards `alert`."""
        return (
            self.enabled
            and alert.severity.rank >= self.minimum.rank
            and (not self.engines or alert.type.engine in self.engines)
            and (not self.protocols or alert.protocol in self.protocols)
            and (not self.types or alert.type.id in self.types)
            and (not self.sensors or bool(self.sensors.intersection(alert.sensors)))
            and (not self.zones or alert.zone in self.zones)
            and (not self.sites or alert.site in self.sites)
            and contains(self.organization, alert.organization)
        )
