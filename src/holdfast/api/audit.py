"""The audit log over HTTP: filtered, exported whole, and followed while it is written."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from starlette.responses import Response, StreamingResponse

from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.api.streams import LINES, again, lines_of
from holdfast.kernel.clock import isoformat, parse_isoformat
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.integrity import AuditIntegrity
from holdfast.resources.model import Event

READ = Permission.AUDIT_READ
PAGE, MAXIMUM_PAGE = 100, 1000
FILTERS = ("actor", "kind", "name", "resource", "outcome")
"""Parameters that a record has to equal."""


class Wanted(NamedTuple):
    """Which records are asked for."""

    equal: dict[str, str]
    since: float
    until: float

    def takes(self, event: Event) -> bool:
        """Whether a record is among them."""
        same = all(getattr(event, name) == value for name, value in self.equal.items() if value)
        return same and self.since <= event.time < self.until


def wanted(request: ApiRequest) -> Wanted:
    """The filters of the address. InvalidError for a moment that is none."""
    equal = {name: request.query.get(name, "") for name in FILTERS}
    return Wanted(equal, _moment(request, "since", 0.0), _moment(request, "until", float("inf")))


def find(request: ApiRequest, which: Wanted, before: int | None, limit: int) -> list[Event]:
    """The newest records first, below a sequence, of where the principal may read them."""
    until = None if which.until == float("inf") else which.until
    reach = request.principal.reach(READ)
    return request.services.events.search(
        reach=reach, before=before, limit=limit, since=which.since, until=until, **which.equal
    )


def _moment(request: ApiRequest, name: str, default: float) -> float:
    text = request.query.get(name, "")
    try:
        return parse_isoformat(text) if text else default
    except ValueError:
        raise InvalidError(f"{name} is no moment; write it as 2027-01-31T12:00:00Z.", name) from None


def _number(request: ApiRequest, name: str, default: int, maximum: int) -> int:
    text = request.query.get(name, "") or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 19 and 1 <= int(text) <= maximum):
        raise InvalidError(f"{name} must be a number from 1 to {maximum}.", name)
    return int(text)


def shown(event: Event) -> JsonObject:
    """A record as the API shows it."""
    return {
        "sequence": event.sequence,
        "id": event.id,
        "time": isoformat(event.time),
        "event": event.name,
        "kind": event.kind,
        "resource": event.resource,
        "organizationPath": event.organization,
        "actor": event.actor,
        "actorKind": event.actor_kind,
        "actorName": event.actor_name,
        "onBehalfOf": event.on_behalf_of,
        "address": event.address,
        "outcome": event.outcome,
        "detail": event.detail,
        "beforeDigest": event.before_digest,
        "afterDigest": event.after_digest,
        "data": event.data,
    }


_ANY = 2**53
"""Above every sequence, and exact in JSON."""


def _events(request: ApiRequest) -> Reply:
    limit = _number(request, "limit", PAGE, MAXIMUM_PAGE)
    before = _number(request, "before", _ANY, _ANY)
    found = find(request, wanted(request), before, limit)
    body: JsonObject = {"value": [shown(event) for event in found]}
    if len(found) == limit:
        parts = urlsplit(request.url)
        kept = [(name, value) for name, value in parse_qsl(parts.query) if name != "before"]
        query = urlencode([*kept, ("before", str(found[-1].sequence))])
        body["nextLink"] = parts._replace(query=query).geturl()
    return Reply(200, body)


def _export(request: ApiRequest) -> Response:
    """Every record that the filters take, newest first, a line each."""
    which = wanted(request)
    headers = {"content-disposition": 'attachment; filename="audit.jsonl"', "cache-control": "no-store"}
    return StreamingResponse(_exported(request, which), 200, headers, LINES)


def _exported(request: ApiRequest, which: Wanted) -> Iterator[bytes]:
    """A long download goes on only as long as its reader may have it."""
    before: int | None = None
    while True:
        try:
            present = again(request)
        except HoldfastError:
            return
        found = find(present, which, before, MAXIMUM_PAGE)
        yield b"".join(msgspec.json.encode(shown(event)) + b"\n" for event in found)
        if len(found) < MAXIMUM_PAGE:
            return
        before = found[-1].sequence


def _live(request: ApiRequest) -> Response:
    """Records as they are written, from now on."""
    position = [request.services.events.last()]
    return lines_of(request, READ, partial(_news, wanted(request), position))


def _news(which: Wanted, position: list[int], request: ApiRequest) -> Sequence[JsonObject]:
    events = request.services.events.read(position[0], MAXIMUM_PAGE)
    if events:
        position[0] = events[-1].sequence
    may = request.principal.allows
    return [shown(event) for event in events if which.takes(event) and may(READ, event.organization)]


def _verify(request: ApiRequest) -> Reply:
    checked = request.services.extension(AuditIntegrity).check()
    result = checked.result
    body: JsonObject = {
        "ok": result.ok,
        "time": isoformat(checked.time),
        "records": result.records,
        "heads": result.heads,
        "unsealed": result.unsealed,
        "head": result.head,
        "findings": [finding._asdict() for finding in result.findings[:MAXIMUM_PAGE]],
    }
    return Reply(200, body)


ROUTES = [
    Route("POST", "/api/audit/verify", READ, _verify, "Check every audit record against the signed chain"),
    Route("GET", "/api/audit/events", READ, _events, "Audit records that match, newest first"),
    Route("GET", "/api/audit/export", READ, _export, "All audit records that match, as JSON lines"),
    Route("GET", "/api/audit/live", READ, _live, "Audit records that match, while they are written"),
]
