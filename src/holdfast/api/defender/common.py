"""What the operations under `/api/defender` share: services, filters from the query, pages."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from holdfast.alerts.desk import AlertDesk
from holdfast.alerts.model import Alert, Severity, Status
from holdfast.alerts.store.reading import AlertFilter, AlertReader
from holdfast.api.frame import ApiRequest, Reply
from holdfast.defender.network.reading import MAXIMUM_PAGE, Listing, Network
from holdfast.defender.sensor.results import alert_json
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission

F = TypeVar("F")


def network(request: ApiRequest) -> Network:
    """What sensors saw."""
    return request.services.extension(Network)


def desk(request: ApiRequest) -> AlertDesk:
    """What people do with alerts."""
    return request.services.extension(AlertDesk)


def alert_reader(request: ApiRequest) -> AlertReader:
    """The kept alerts."""
    return desk(request).reader


def reach(request: ApiRequest, permission: Permission) -> tuple[OrganizationPath, ...]:
    """Where the principal holds a permission, narrowed to the query's `organization` (a path)."""
    nodes = request.principal.reach(permission)
    wanted = request.query.get("organization", "")
    if not wanted:
        return nodes
    if not (wanted.startswith("/") and wanted.endswith("/")):
        raise InvalidError("An organization is a path such as /north/plant-1/.", "organization")
    inner = OrganizationPath(wanted)
    if request.principal.allows(permission, inner):
        return (inner,)
    return tuple(node for node in nodes if node.startswith(inner))


def filter_of(form: type[F], given: Mapping[str, Any]) -> F:  # Any: texts of a query, or JSON of a saved one
    """A filter out of named values; names that the filter does not have are left out. InvalidError."""
    hints = typing.get_type_hints(form)
    values = {
        field.name: _value(field.name, given[field.name], hints[field.name])
        for field in dataclasses.fields(form)  # type: ignore[arg-type]  # every filter is a dataclass
        if field.name in given
    }
    return form(**values)


def _value(name: str, value: object, hint: object) -> object:
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    text = str(value)
    if bool in kinds:
        if text.lower() not in ("true", "false"):
            raise InvalidError(f"{name} is true or false.", name)
        return text.lower() == "true"
    if float in kinds:
        return moment(name, text)
    if int in kinds:
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise InvalidError(f"{name} is a number.", name)
        return int(text)
    return text


def moment(name: str, text: str) -> float:
    """Unix seconds of a moment. InvalidError."""
    try:
        return parse_isoformat(text)
    except ValueError:
        raise InvalidError(f"{name} is no moment; write it as 2027-03-03T12:00:00Z.", name) from None


def page(request: ApiRequest) -> tuple[int, int]:
    """`limit` and `offset` of the query."""
    limit = _count(request, "limit", 100, MAXIMUM_PAGE)
    return max(limit, 1), _count(request, "offset", 0, 1 << 40)


def _count(request: ApiRequest, name: str, default: int, maximum: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 15 or int(text) > maximum:
        raise InvalidError(f"{name} is a number up to {maximum}.", name)
    return int(text)


def listed(listing: Listing) -> Reply:
    """A page with how many there are in all."""
    return Reply(200, {"value": list[JsonValue](listing.items), "total": listing.total})


def alert_filter(request: ApiRequest, given: Mapping[str, Any]) -> AlertFilter:  # Any: as in `filter_of`
    """Which alerts the query or a saved question asks for. InvalidError."""
    status, severity = str(given.get("status", "")), str(given.get("severity", ""))
    statuses = {"open": {Status.NEW, Status.ACTIVE}, "": set[Status]()}.get(status)
    if statuses is None:
        if status not in list(Status):
            raise InvalidError(f"status is open, {', '.join(Status)}.", "status")
        statuses = {Status(status)}
    if severity and severity not in list(Severity):
        raise InvalidError(f"severity is the least of {', '.join(Severity)}.", "severity")
    return AlertFilter(
        reach(request, Permission.ALERT_READ),
        statuses=frozenset(statuses),
        minimum=Severity(severity) if severity else Severity.LOW,
        engine=str(given.get("engine", "")),
        type=str(given.get("type", "")),
        site=str(given.get("site", "")),
        zone=str(given.get("zone", "")),
        sensor=str(given.get("sensor", "")),
        party=str(given.get("address", "")),
        since=moment("since", str(given["since"])) if given.get("since") else None,
        until=moment("before", str(given["before"])) if given.get("before") else None,
    )


def alert_document(alert: Alert, *, packets: bool) -> JsonObject:
    """An alert with everything it carries, its place, and whether its packets can be had."""
    return {
        **alert_json(alert),
        "organization": alert.organization,
        "site": alert.site,
        "packets": packets,
        "comments": [
            {"time": each.time, "author": each.author, "text": each.text} for each in alert.comments
        ],
    }
