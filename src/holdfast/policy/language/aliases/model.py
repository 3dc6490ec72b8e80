"""What is known of the aliases of a resource type: which path in a resource each short name stands for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from holdfast.policy.language.aliases.paths import WILDCARD

ROOT_FIELDS: Final = (
    "name", "type", "location", "kind", "id", "tags", "identity", "sku", "plan", "zones", "managedBy", "etag",
    "apiVersion", "fullName", "systemData", "extendedLocation",
)  # fmt: skip
"""Fields of a resource that stand beside `properties`."""
FOLDED_ROOT_FIELDS: Final = frozenset(name.lower() for name in ROOT_FIELDS)
COLLISION_PREFIX: Final = "_p_"
"""Marks a property that has the name of a root field: `properties.type` is normalized to `_p_type`."""
_WELL_KNOWN: Final = (
    "principalId", "tenantId", "userAssignedIdentities", "promotionCode", "createdBy", "createdByType",
    "createdAt", "lastModifiedBy", "lastModifiedByType", "lastModifiedAt",
)  # fmt: skip


def is_data_plane(resource_type: str) -> bool:
    """Whether resources of a type (`Microsoft.KeyVault.Data/vaults/keys`) have no `properties` wrapper."""
    return ".data/" in resource_type.lower()


def without_properties(path: str) -> str:
    """A path without the `properties` wrapper at its start."""
    return path.removeprefix("properties.").removeprefix("properties/")


@dataclass(frozen=True)
class Alias:
    """One alias: its full name, its short name within the type, and its path for each API version."""

    name: str
    short: str
    path: str
    versions: Mapping[str, str] = field(default_factory=dict)
    """Other paths by API version in lower case."""
    modifiable: bool = False
    kind: str = ""
    """The type that the catalog names: `String`, `Array`, … or empty."""

    @cached_property
    def collides(self) -> bool:
        """Whether the short name is that of a root field, though the value is a property."""
        return self.short.lower() in FOLDED_ROOT_FIELDS and self.path.lower().startswith("properties.")

    @cached_property
    def key(self) -> str:
        """The path in a normalized resource."""
        return (COLLISION_PREFIX if self.collides else "") + self.short.lower()

    @property
    def is_array(self) -> bool:
        """Whether the alias reaches into the members of an array."""
        return WILDCARD in self.short

    def path_at(self, api_version: str | None) -> str:
        """The path in a resource of this API version; the default one when the version is unknown."""
        return self.versions.get(api_version.lower(), self.path) if api_version else self.path


class TypeAliases:
    """The aliases of one resource type by their short name in lower case."""

    def __init__(
        self, resource_type: str, aliases: Mapping[str, Alias], sub_resources: frozenset[str] | None = None
    ) -> None:
        self.resource_type = resource_type
        self.aliases = dict(sorted(aliases.items()))
        self.sub_resources = _sub_resources(aliases) if sub_resources is None else sub_resources
        """Arrays, as dotted short names in lower case, whose members wrap their fields in `properties`."""

    @cached_property
    def casing(self) -> Mapping[str, str]:
        """The letter case in which each key is written in a resource."""
        known = dict(DEFAULT_CASING)
        for alias in self.aliases.values():
            for path in (alias.short, alias.path, *alias.versions.values()):
                for segment in path.replace(WILDCARD, "").split("."):
                    if segment and segment.lower() != "properties":
                        known.setdefault(segment.lower(), segment)
        return known

    @cached_property
    def versions(self) -> frozenset[str]:
        """Every API version for which some alias has a path of its own."""
        return frozenset(version for alias in self.aliases.values() for version in alias.versions)


DEFAULT_CASING: Final[Mapping[str, str]] = {name.lower(): name for name in ROOT_FIELDS + _WELL_KNOWN}


def _sub_resources(aliases: Mapping[str, Alias]) -> frozenset[str]:
    """Arrays of which some alias has `properties` right below the members."""
    found: set[str] = set()
    for alias in aliases.values():
        names = alias.short.split(f"{WILDCARD}.")
        parts = alias.path.split(f"{WILDCARD}.")
        array = ""
        for name, below in zip(names[:-1], parts[1:], strict=False):
            if below.startswith(("properties.", "properties/")):
                array = f"{array}.{name}" if array else name
                found.add(array.lower())
    return frozenset(found)
