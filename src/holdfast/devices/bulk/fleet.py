"""Making many devices from the rows of a file, and rows from devices."""

import base64
from collections.abc import Iterator
from typing import NamedTuple

from holdfast.access.reading import pages
from holdfast.devices.attestation import ATTESTATION, checked_attestation, keys_of
from holdfast.devices.bulk.csv_files import KEYS, THUMBPRINTS, CsvError, DeviceRow, Problem
from holdfast.devices.device import DEVICE, find_device
from holdfast.devices.enrollment_group import DEFAULT_SAS_GROUP, ENROLLMENT_GROUP, read_group
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.principal import Principal
from holdfast.protocol.sas import derive_key
from holdfast.resources.model import Action, Change, Reader, Resource
from holdfast.resources.port import ChangePath, ResourceStore
from holdfast.resources.query import Condition, Query

TRANSACTION = 200
"""Rows that are made together."""


class Made(NamedTuple):
    """What became of the rows."""

    created: int
    updated: int
    unchanged: int


class Placing(NamedTuple):
    """What a file does not say of its new devices."""

    template: str = ""
    organization: OrganizationPath | None = None


def make_devices(
    store: ResourceStore,
    changes: ChangePath,
    principal: Principal,
    rows: list[DeviceRow],
    placing: Placing,
) -> Made:
    """Create what is not there, rename what is, and give devices the credentials of their rows.

    A file can be imported again: rows that are as they should be change nothing. CsvError with the line of a
    credential that cannot be used, before anything is made.
    """
    _check_credentials(rows)
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    for begin in range(0, len(rows), TRANSACTION):
        batch: list[Change] = []
        for row in rows[begin : begin + TRANSACTION]:
            outcome, due = _row_changes(store, row, placing)
            counts[outcome] += 1
            batch += due
        if batch:
            changes.apply_all(principal, batch)
    return Made(**counts)


def _check_credentials(rows: list[DeviceRow]) -> None:
    problems: list[Problem] = []
    for row in rows:
        try:
            if attestation := attestation_of(row):
                checked_attestation(attestation)
        except InvalidError as error:
            column = KEYS[0] if row.keys[0] else THUMBPRINTS[0]
            problems.append(Problem(row.line, column, str(error)))
    if problems:
        raise CsvError(problems)


def attestation_of(row: DeviceRow) -> JsonObject | None:
    """The individual enrollment that the credentials of a row come to; None when it has none."""
    if row.keys[0]:
        primary, secondary = row.keys
        return {
            "type": "symmetricKey",
            "symmetricKey": {"primaryKey": primary, "secondaryKey": secondary or primary},
        }
    if row.thumbprints[0]:
        places = zip(("primary", "secondary"), row.thumbprints, strict=True)
        certificates: JsonObject = {
            place: {"info": {"sha1Thumbprint": thumbprint}} for place, thumbprint in places if thumbprint
        }
        return {"type": "x509", "x509": {"clientCertificates": certificates}}
    return None


def _row_changes(store: ResourceStore, row: DeviceRow, placing: Placing) -> tuple[str, list[Change]]:
    device = find_device(store, row.id)
    due: list[Change] = []
    if device is None:
        body: JsonObject = {"displayName": row.name or row.id}
        if placing.template:
            body["template"] = placing.template
        due.append(Change(Action.CREATE, DEVICE, row.id, body, organization=placing.organization))
    elif row.name and row.name != device.body["displayName"]:
        due.append(Change(Action.MERGE, DEVICE, device.id, {"displayName": row.name}))
    attestation = attestation_of(row)
    if attestation is not None and not _holds(store, row, device, attestation):
        identifier = device.id if device else row.id
        place = device.organization if device else placing.organization
        due.append(Change(Action.PUT, ATTESTATION, identifier, attestation, organization=place))
    if device is None:
        return "created", due
    return ("updated" if due else "unchanged"), due


def _holds(store: ResourceStore, row: DeviceRow, device: Resource | None, attestation: JsonObject) -> bool:
    """Whether the device has these credentials already: of its own, or from its enrollment group."""
    own = store.get(ATTESTATION, device.id) if device else None
    if own is not None:
        return own.body == checked_attestation(attestation)
    if not row.keys[0]:
        return False
    return keys_of(attestation)[0] in group_keys(store, device, row.id)


def group_keys(store: Reader, device: Resource | None, identifier: str) -> tuple[bytes, ...]:
    """The keys that a device has from its enrollment group, or would have from the default one."""
    name = str(device.body.get("group") or DEFAULT_SAS_GROUP) if device else DEFAULT_SAS_GROUP
    group = store.get(ENROLLMENT_GROUP, name)
    return tuple(derive_key(key, identifier) for key in read_group(group).keys) if group else ()


def rows_of(
    store: Reader, reach: tuple[OrganizationPath, ...], where: Condition | None, *, credentials: bool
) -> Iterator[DeviceRow]:
    """The devices that somebody with `reach` may see as rows, by id."""
    for device in pages(store, Query(DEVICE, reach, where, limit=500)):
        row = DeviceRow(0, device.id, str(device.body["displayName"]))
        yield _with_credentials(store, device, row) if credentials else row


def _with_credentials(store: Reader, device: Resource, row: DeviceRow) -> DeviceRow:
    own = store.get(ATTESTATION, device.id)
    if own is None:
        keys = group_keys(store, device, device.id)
        return row._replace(keys=_pair([base64.b64encode(key).decode() for key in keys]))
    match own.body:
        case {"symmetricKey": {"primaryKey": str(primary), "secondaryKey": str(secondary)}}:
            return row._replace(keys=(primary, secondary))
        case {"x509": {"clientCertificates": dict(certificates)}}:
            return row._replace(thumbprints=_pair([_thumbprint(entry) for entry in certificates.values()]))
        case _:
            return row


def _thumbprint(entry: object) -> str:
    info = entry.get("info") if isinstance(entry, dict) else None
    if not isinstance(info, dict):
        return ""
    return str(info.get("sha1Thumbprint") or info.get("sha256Thumbprint") or "")


def _pair(texts: list[str]) -> tuple[str, str]:
    first, second, *_ = (*texts, "", "")
    return first, second
