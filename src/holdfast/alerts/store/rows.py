"""Alerts as rows and as JSON: the only place that knows how they are encoded."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from holdfast.alerts.folding import MAXIMUM_VIOLATIONS
from holdfast.alerts.model import Alert, AlertType, Comment, Matter, Resolution, Severity, Status, Violation
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath
from holdfast.resources.events import storable

Values = dict[str, Any]  # Any: column values of mixed types, bound by name

MAXIMUM_SENSORS = 100
SEPARATOR = "\x1f"
"""Between the members of a matter in one text: the unit separator of ASCII."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SEVERITIES = {severity.rank: severity for severity in Severity}


class Kept(msgspec.Struct, frozen=True):
    """What a row keeps of an alert beside the columns that are searched."""

    type: AlertType
    """As it was when the alert was opened: a later version or a sensor's own rule may differ."""
    protocol: str
    sensors: list[str]
    count: int
    closed_at: float
    violations: list[Violation]
    dropped_violations: int
    comments: list[Comment]


_decoder = msgspec.json.Decoder(Kept)


def folds(matter: Matter) -> str:
    """One text for what further reports of an alert have in common."""
    return storable(SEPARATOR.join(matter))


def values(alert: Alert, *, folding: bool) -> Values:
    """The columns of an alert; `folding` when further reports shall be folded into it."""
    kept = Kept(**{name: getattr(alert, name) for name in Kept.__struct_fields__})
    columns = {
        "id": alert.id,
        "folds": folds(alert.matter) if folding and alert.open else None,
        "type": alert.type.id,
        "engine": alert.type.engine,
        "severity": alert.severity.rank,
        "status": alert.status.value,
        "resolution": alert.resolution.value,
        "source": alert.source,
        "destination": alert.destination,
        "organization": alert.organization,
        "site": alert.site,
        "zone": alert.zone,
        "sensor": alert.sensors[0] if alert.sensors else "",
        "first": alert.first,
        "last": alert.last,
        "body": msgspec.json.encode(kept).decode(),
    }
    return {name: storable(value) if isinstance(value, str) else value for name, value in columns.items()}


def to_alert(row: Any) -> Alert:  # Any: rows of a query carry its columns as attributes
    """The alert of a row."""
    kept = _decoder.decode(row.body)
    return Alert(
        id=row.id,
        severity=_SEVERITIES[row.severity],
        source=row.source,
        destination=row.destination,
        first=row.first,
        last=row.last,
        zone=row.zone,
        status=Status(row.status),
        resolution=Resolution(row.resolution),
        organization=OrganizationPath(row.organization),
        site=row.site,
        **{name: getattr(kept, name) for name in Kept.__struct_fields__},
    )


def to_document(alert: Alert) -> JsonObject:
    """The whole alert as JSON, as processes and sensors hand it to each other."""
    document: JsonObject = msgspec.to_builtins(alert)
    return document


def from_document(document: Mapping[str, object]) -> Alert:
    """The alert of `to_document`. InvalidError when it is none, or larger than a sensor makes one."""
    try:
        alert = msgspec.convert(document, Alert)
    except msgspec.ValidationError as error:
        raise InvalidError(f"This is no alert: {error}.") from None
    if _ID.fullmatch(alert.id) is None:
        raise InvalidError("An alert's id has 1 to 64 letters and digits.", "id")
    if len(alert.violations) > MAXIMUM_VIOLATIONS or len(alert.sensors) > MAXIMUM_SENSORS:
        raise InvalidError(f"The alert {alert.id} has too many violations or sensors.")
    return alert
