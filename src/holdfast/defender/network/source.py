"""Who told something, and to whom it belongs."""

from typing import NamedTuple

from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath, name, site_of


class Source(NamedTuple):
    """A sensor or an uploaded capture."""

    sensor: str
    organization: OrganizationPath
    """Its zone: the node of the organization tree at which it lives."""
    replayed_at: float = 0.0
    """For captures when they were analyzed: what they show may be years old, and is not out of date."""

    @property
    def zone(self) -> str:
        """The zone's id; empty at the root."""
        return name(self.organization)

    @property
    def site(self) -> str:
        """The id of the node above the zone, or the zone's own where there is none above."""
        return site_of(self.organization)


def place_of(organization: str) -> JsonObject:
    """Organization, zone and site, as documents name them."""
    path = OrganizationPath(organization)
    return {"organization": path, "zone": name(path), "site": site_of(path)}
