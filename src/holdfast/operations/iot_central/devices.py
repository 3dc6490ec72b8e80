"""Devices of the source: themselves, how they prove who they are, their properties, who speaks for them.

Most devices have keys that come from an enrollment group: with the group's keys here, they need nothing of
their own. Only a device whose key comes from no group gets an individual enrollment.
"""

import base64
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

from holdfast.devices.bulk.csv_files import DeviceRow
from holdfast.devices.bulk.fleet import attestation_of
from holdfast.kernel.json import JsonObject
from holdfast.operations.iot_central.assets import address, carried
from holdfast.operations.iot_central.model import Asset
from holdfast.operations.iot_central.source import PREVIEW, Source
from holdfast.protocol.sas import SasError, decode_key, derive_key

Document = Any  # JSON of the source, any

_FIELDS = ("displayName", "template", "enabled", "simulated", "organizations", "type")
_METADATA = "$metadata"


@dataclass
class Fleet:
    """How the devices are read."""

    rows: dict[str, DeviceRow] = field(default_factory=dict)
    """Lower-case id → its line in the exported CSV: saves a request or two a device."""
    done: Container[str] = ()
    """Marks of devices that an earlier run finished; see `mark`."""
    properties: bool = True
    """Whether cloud and desired properties are carried."""
    group_keys: list[bytes] = field(default_factory=list)
    """Keys of the enrollment groups, decoded; filled while those are read."""

    def learn(self, group: JsonObject) -> None:
        """Take the keys of an enrollment group into account."""
        attestation = group.get("attestation")
        keys = attestation.get("symmetricKey") if isinstance(attestation, dict) else None
        for value in keys.values() if isinstance(keys, dict) else ():
            try:
                self.group_keys.append(decode_key(str(value)))
            except SasError:
                continue

    def read(self, source: Source) -> Iterator[Asset]:
        """Every device with what belongs to it."""
        for device in source.items("devices"):
            identifier, marked = device["id"], mark(device)
            path = address("devices", identifier)
            yield Asset("devices", identifier, path, carried(device, *_FIELDS))
            if marked in self.done:
                continue
            if attestation := self._attestation(source, identifier):
                yield Asset("attestations", identifier, f"{path}/attestation", attestation)
            properties = _properties(source, identifier) if self.properties else {}
            yield Asset("properties", identifier, f"{path}/properties", properties, merge=True, marks=marked)
        yield from _relationships(source)

    def _attestation(self, source: Source, device: str) -> JsonObject | None:
        """The individual enrollment that the device needs here; None when its group admits it."""
        row = self.rows.get(device.lower())
        if row is not None and (row.keys[0] or row.thumbprints[0]):
            found: Document = attestation_of(row)
        else:
            found = source.optional(f"{address('devices', device)}/attestation") or _credentials(
                source, device
            )
        if not found:
            return None
        primary = (found.get("symmetricKey") or {}).get("primaryKey")
        return None if primary and self._comes_from_a_group(device, str(primary)) else found

    def _comes_from_a_group(self, device: str, primary: str) -> bool:
        return any(base64.b64encode(derive_key(key, device)).decode() == primary for key in self.group_keys)


def mark(device: Document) -> str:
    """What is noted of a device when all of it is here: another state of it has another mark."""
    return f"{device['id']} {device.get('etag', '')}"


def _credentials(source: Source, device: str) -> Document:
    """The keys that a device uses, in the form of an individual enrollment."""
    found = source.optional(f"{address('devices', device)}/credentials") or {}
    keys = found.get("symmetricKey")
    return {"type": "symmetricKey", "symmetricKey": keys} if keys else None


def _properties(source: Source, device: str) -> JsonObject:
    """Values that people wrote: cloud properties as they are, writable ones as they are asked for."""
    found = source.optional(f"{address('devices', device)}/properties") or {}
    return _written(found)


def _written(section: Document) -> JsonObject:
    metadata = section.get(_METADATA) or {}
    result: JsonObject = {}
    for name, value in section.items():
        told = metadata.get(name)
        if name == _METADATA:
            continue
        if told is None and isinstance(value, dict) and _METADATA in value:
            if inner := _written(value):
                result[name] = inner
        elif told is None:  # no device said it: a cloud property
            result[name] = value
        elif "desiredValue" in told:
            result[name] = told["desiredValue"]
    for name, told in metadata.items():
        if name not in section and "desiredValue" in told:
            result[name] = told["desiredValue"]
    return result


def _relationships(source: Source) -> Iterator[Asset]:
    wanted = "type eq 'GatewayDevice' or type eq 'EdgeDevice'"
    for gateway in source.items("devices", PREVIEW, filter=wanted):
        collection = f"{address('devices', gateway['id']).removeprefix('/api/')}/relationships"
        for relationship in source.items(collection):
            identifier = relationship["id"]
            body = carried(relationship, "source", "target")
            path = f"/api/{collection}/{identifier}"
            yield Asset("relationships", f"{gateway['id']}/{identifier}", path, body)
