"""What the documented API of a sensor is answered from: all that a person may see, in whole lists."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from holdfast.alerts.store.reading import Numbered
from holdfast.defender.catalogue.table import ENGINES
from holdfast.defender.findings.risk import AssetRisk
from holdfast.defender.network.filters import EVERY_ASSET, AssetFilter, EventFilter
from holdfast.defender.network.reading import MAXIMUM_PAGE, Network, Place, Reach
from holdfast.defender.network.risk import kept_risk
from holdfast.defender.uplink.documents import AssetDocument, ConnectionDocument
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath, name, site_of

MAXIMUM: Final = 50_000
"""Devices or connections that one answer is made of."""
_ENGINES: Final = frozenset(ENGINES.values())


class Device(NamedTuple):
    """An asset, as it stands in its zone."""

    number: int
    organization: OrganizationPath
    sensors: Sequence[str]
    asset: AssetDocument
    risk: AssetRisk

    @property
    def zone(self) -> str:
        """The zone's id."""
        return name(self.organization)

    @property
    def site(self) -> str:
        """The site's id."""
        return site_of(self.organization)

    @property
    def addresses(self) -> Sequence[str]:
        """Everything it is found by."""
        return [*self.asset.ip_addresses, *self.asset.mac_addresses]


class Talk(NamedTuple):
    """A connection in its zone."""

    organization: str
    document: ConnectionDocument


@dataclass(frozen=True)
class Seen:
    """See the module."""

    network: Network
    reach: Reach
    kept: Sequence[Numbered]
    """Alerts within reach."""

    def devices(self, wanted: AssetFilter = EVERY_ASSET) -> Iterator[Device]:
        """All devices, or those that are wanted."""
        for document in self._pages(wanted):
            place = OrganizationPath(str(document["organization"]))
            sensors = document["sensors"]
            asset = msgspec.convert(document | {"risk": document["risk"] or _UNRATED}, AssetDocument)
            yield Device(
                int(str(document["id"])),
                place,
                [str(each) for each in sensors] if isinstance(sensors, list) else [],
                asset,
                kept_risk(document),
            )

    def connections(self) -> Iterator[Talk]:
        """Who talks to whom, those that were active last first."""
        for offset in range(0, MAXIMUM, MAXIMUM_PAGE):
            items = self.network.connections(self.reach, limit=MAXIMUM_PAGE, offset=offset).items
            for item in items:
                yield Talk(str(item["organization"]), msgspec.convert(item, ConnectionDocument))
            if len(items) < MAXIMUM_PAGE:
                return

    def alerts(self) -> Iterator[Numbered]:
        """What sensors told, oldest first: of what else raises alerts this API knows nothing."""
        return (each for each in reversed(self.kept) if each.alert.type.engine in _ENGINES)

    def events(self, wanted: EventFilter, limit: int) -> list[JsonObject]:
        """The timeline, newest first."""
        return self.network.events(self.reach, wanted, limit).items

    def numbers_at(self, places: Iterable[Place]) -> Mapping[Place, int]:
        """The devices at addresses of organizations."""
        return self.network.numbers_at(self.reach, list(dict.fromkeys(places)))

    def _pages(self, wanted: AssetFilter) -> Iterator[JsonObject]:
        for offset in range(0, MAXIMUM, MAXIMUM_PAGE):
            items = self.network.assets(self.reach, wanted, MAXIMUM_PAGE, offset).items
            yield from items
            if len(items) < MAXIMUM_PAGE:
                return


_UNRATED: Final[JsonObject] = {"score": 100.0, "grade": "secure", "deductions": []}
