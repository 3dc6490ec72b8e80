"""Which enrolled device an asset is: the same thing, once seen on the wire and once through its credentials.

A device says its addresses or serial number in properties (`ipAddress`, `macAddress`, `serialNumber` and the
names of the device information interface, as reported or as cloud properties); where exactly one device of
the asset's organization or below its site says one that the asset has, they are the same thing. Where none
says anything, it is the one device that connects from its IP address; several behind one address are none.
"""

from collections.abc import Callable, Iterator, Sequence

from holdfast.defender.uplink.documents import AssetDocument
from holdfast.devices.device import DEVICE
from holdfast.kernel.organizations import ROOT, OrganizationPath, contains
from holdfast.resources.model import Reader
from holdfast.resources.query import AnyOf, Condition, In, Query

_ADDRESSES = ("ipAddress", "ipaddress", "address")
_HARDWARE = ("macAddress", "macaddress", "mac")
_SERIALS = ("serialNumber", "serial")
_SIDES = ("reported", "cloud")
_MAXIMUM_ADDRESSES = 8


Connecting = Callable[[Sequence[str]], Sequence[str]]
"""The devices that connect from some addresses; two are enough."""


def linked_device(reader: Reader, asset: AssetDocument, organization: str, connecting: Connecting) -> str:
    """The id of the device that an asset of an organization is; empty where none or several claim to be."""
    conditions = tuple(_conditions(asset))
    if not conditions:
        return ""
    home = OrganizationPath(organization)
    found = _claiming(reader, conditions, home)
    if found:
        return found[0] if len(found) == 1 else ""
    return _connecting(reader, connecting(asset.ip_addresses[:_MAXIMUM_ADDRESSES]), home)


def _claiming(reader: Reader, conditions: tuple[Condition, ...], home: OrganizationPath) -> list[str]:
    """Two of those whose properties fit: at home, else anywhere."""
    found = reader.find(Query(DEVICE, (home,), AnyOf(conditions), limit=2)).items
    if not found and home != ROOT:
        found = reader.find(Query(DEVICE, (ROOT,), AnyOf(conditions), limit=2)).items
    return [device.id for device in found]


def _connecting(reader: Reader, devices: Sequence[str], home: OrganizationPath) -> str:
    device = reader.get(DEVICE, devices[0]) if len(devices) == 1 else None
    same = device is not None and (contains(home, device.organization) or contains(device.organization, home))
    return device.id if device is not None and same else ""


def _conditions(asset: AssetDocument) -> Iterator[Condition]:
    hardware = [each for mac in asset.mac_addresses for each in (mac, mac.upper())]
    for names, values in (
        (_ADDRESSES, asset.ip_addresses),
        (_HARDWARE, hardware),
        (_SERIALS, [asset.serial] if asset.serial else []),
    ):
        if values:
            for side in _SIDES:
                yield from (In(f"{side}.{name}", tuple(values[:_MAXIMUM_ADDRESSES])) for name in names)
