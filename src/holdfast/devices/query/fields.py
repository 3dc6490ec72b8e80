"""What names in filters mean for each kind of resource: paths of the store, and how values are written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from holdfast.devices.query.tokens import FilterError
from holdfast.kernel.organizations import OrganizationPath
from holdfast.resources.query import All, AnyOf, Compare, Condition, Operator, Scalar

ValueOf = Callable[[Scalar], Scalar]


@dataclass(frozen=True, slots=True)
class TableFields:
    """A fixed table of names, read in any letter case: published examples have `Enabled ne true`."""

    paths: Mapping[str, str]
    """Name → path of the store."""
    values: Mapping[str, ValueOf] = field(default_factory=dict)
    """Name → how its values are translated."""
    conditions: Mapping[str, Callable[[Operator, Scalar], Condition]] = field(default_factory=dict)
    """Names that are no plain path."""

    def compare(self, name: str, operator: Operator, value: Scalar) -> Condition:
        """See `Fields.compare`."""
        names = sorted({*self.paths, *self.conditions})
        known = next((one for one in names if one.lower() == name.lower()), None)
        if known is None:
            raise FilterError(f"There is no field {name[:60]} to filter by; there are {', '.join(names)}.")
        if known in self.conditions:
            return self.conditions[known](operator, value)
        translate = self.values.get(known)
        return Compare(self.paths[known], operator, translate(value) if translate else value)


Organizations = Callable[[str], OrganizationPath | None]
"""Organization id → its path; None when there is none."""


def organization_of(organizations: Organizations) -> ValueOf:
    """Translates organization ids of a filter into paths."""

    def translate(value: Scalar) -> Scalar:
        path = organizations(value) if isinstance(value, str) else None
        if path is None:
            raise FilterError(f"There is no organization {str(value)[:60]}.")
        return path

    return translate


def device_type(operator: Operator, value: Scalar) -> Condition:
    """`type eq 'EdgeDevice'`: what the command-line client asks for."""
    flags = {"edgedevice": "edge", "iotedge": "edge", "gatewaydevice": "gateway"}
    path = flags.get(str(value).lower())
    if path is None or operator not in {Operator.EQUAL, Operator.NOT_EQUAL}:
        raise FilterError("type can be eq or ne 'EdgeDevice' or 'GatewayDevice'.")
    return Compare(path, operator, True)


_DEVICE = {
    "id": "@id",
    "displayName": "displayName",
    "template": "template",
    "enabled": "enabled",
    "provisioned": "provisioned",
    "simulated": "simulated",
}


def device_filter_fields(organizations: Organizations) -> TableFields:
    """Names in the `$filter` of a list of devices."""
    places = {"scopes": "@organization", "organizations": "@organization"}
    translate = organization_of(organizations)
    return TableFields(
        paths=_DEVICE | places,
        values=dict.fromkeys(places, translate),
        conditions={"type": device_type},
    )


TEMPLATE_FILTER_FIELDS = TableFields(
    paths={
        "@id": "@id",
        "id": "@id",
        "displayName": "displayName",
        "capabilityModelId": "capabilityModel.@id",
    }
)
"""Names in the `$filter` of a list of device templates."""

NAMED_FILTER_FIELDS = TableFields(paths={"id": "@id", "displayName": "displayName"})
"""Names in the `$filter` of any other list."""

PropertyPaths = Callable[[str], tuple[str, ...]]
"""A property as a query names it (`name`, `component.name`) → paths where its values are; none: unknown."""


@dataclass(frozen=True, slots=True)
class GroupFields:
    """Names in a device group's query: `$` fields of the device, anything else is a property."""

    organizations: Organizations
    properties: PropertyPaths

    def compare(self, name: str, operator: Operator, value: Scalar) -> Condition:
        """See `Fields.compare`."""
        if name.startswith("$"):
            return self._device(name, operator, value)
        paths = self.properties(name)
        if not paths:
            raise FilterError(f"No device template has a property {name[:120]}.")
        conditions = tuple(Compare(path, operator, value) for path in paths)
        if len(conditions) == 1:
            return conditions[0]
        of_absence = operator is (Operator.EQUAL if value is None else Operator.NOT_EQUAL)
        return All(conditions) if of_absence else AnyOf(conditions)

    def _device(self, name: str, operator: Operator, value: Scalar) -> Condition:
        own = {f"${known.lower()}": path for known, path in _DEVICE.items()}
        lowered = name.lower()
        if lowered in {"$organizations", "$organization"}:
            return Compare("@organization", operator, organization_of(self.organizations)(value))
        if lowered not in own:
            known = ", ".join(sorted([f"${item}" for item in _DEVICE] + ["$organizations"]))
            raise FilterError(f"There is no field {name[:60]} of devices; there are {known}.")
        return Compare(own[lowered], operator, value)
