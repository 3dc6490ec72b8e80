"""`/api/alerts`: the alerts of the platform, what people do with them, and where they are sent."""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar
from urllib.parse import urlencode

from holdfast.alerts.desk import AlertDesk
from holdfast.alerts.model import Alert, Severity, Status
from holdfast.alerts.store.reading import AlertFilter
from holdfast.api.access.common import place, shown, text
from holdfast.api.central.common import MERGE, listing, page_size, parameter, removed, visible
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.delivery.dispatcher import REVIVED
from holdfast.delivery.kind import DESTINATION, DESTINATION_KIND, SECRETS, connection_of
from holdfast.delivery.service import Delivery
from holdfast.delivery.shelves.sql import DeadLetter
from holdfast.kernel.clock import isoformat, parse_isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.secrets import places

READ, MANAGE = Permission.ALERT_READ, Permission.ALERT_MANAGE

Choice = TypeVar("Choice", Status, Severity)
Deed = Callable[[AlertDesk, ApiRequest, str], Alert]


def _desk(request: ApiRequest) -> AlertDesk:
    return request.services.extension(AlertDesk)


def alert_shown(alert: Alert) -> JsonObject:
    """An alert as these operations show it."""
    return {
        "id": alert.id,
        "type": alert.type.id,
        "title": alert.type.title,
        "engine": alert.type.engine,
        "category": alert.type.category,
        "severity": alert.severity.value,
        "status": alert.status.value,
        "resolution": alert.resolution.value or None,
        "closedTime": isoformat(alert.closed_at) if alert.closed_at else None,
        "source": alert.source,
        "destination": alert.destination,
        "protocol": alert.protocol,
        "firstTime": isoformat(alert.first),
        "lastTime": isoformat(alert.last),
        "count": alert.count,
        "sensors": [*alert.sensors],
        "site": alert.site,
        "zone": alert.zone,
        "organizationPath": alert.organization,
    }


def _whole(alert: Alert) -> JsonObject:
    violations: list[JsonValue] = [
        {
            "observed": each.observed,
            "expected": each.expected,
            "count": each.count,
            "firstTime": isoformat(each.first),
            "lastTime": isoformat(each.last),
            "frames": [*each.frames],
            "learnable": bool(each.learn),
        }
        for each in alert.violations
    ]
    comments: list[JsonValue] = [
        {"time": isoformat(each.time), "author": each.author, "text": each.text} for each in alert.comments
    ]
    return {
        **alert_shown(alert),
        "meaning": alert.type.meaning,
        "steps": [*alert.type.steps],
        "techniques": [*alert.type.techniques],
        "tactics": [*alert.type.tactics],
        "violations": violations,
        "furtherViolations": alert.dropped_violations,
        "comments": comments,
    }


def _list(request: ApiRequest) -> Reply:
    token, limit = parameter(request, "$skiptoken"), page_size(request)
    if token and not (token.isascii() and token.isdigit() and len(token) < 19):
        raise InvalidError("$skiptoken is not one that was given out.", "$skiptoken")
    found = _desk(request).reader.find(wanted_alerts(request), limit, int(token) if token else None)
    body: JsonObject = {"value": [alert_shown(each.alert) for each in found]}
    if len(found) == limit:
        kept = {name: value for name, value in request.query.items() if name != "$skiptoken"}
        query = urlencode({**kept, "$skiptoken": found[-1].number})
        body["nextLink"] = f"{request.url.partition('?')[0]}?{query}"
    return Reply(200, body)


def _summary(request: ApiRequest) -> Reply:
    counted: list[JsonValue] = [
        {"status": status.value, "severity": severity.value, "alerts": number}
        for (status, severity), number in sorted(_desk(request).reader.counts(wanted_alerts(request)).items())
    ]
    return Reply(200, {"value": counted})


def wanted_alerts(request: ApiRequest) -> AlertFilter:
    """The filter that a request's query asks for. InvalidError for values that do not exist."""
    query = request.query
    return AlertFilter(
        request.principal.reach(READ),
        organization=query.get("organization", ""),
        statuses=frozenset(_choice(each, Status, "status") for each in _texts(query.get("status", ""))),
        minimum=_choice(query.get("minimumSeverity", Severity.LOW.value), Severity, "minimumSeverity"),
        engine=query.get("engine", ""),
        type=query.get("type", ""),
        site=query.get("site", ""),
        zone=query.get("zone", ""),
        sensor=query.get("sensor", ""),
        party=query.get("party", ""),
        since=_moment(request, "since"),
        until=_moment(request, "until"),
    )


def _texts(text: str) -> list[str]:
    if text == "open":
        return [Status.NEW.value, Status.ACTIVE.value]
    return [each for each in text.split(",") if each]


def _choice(value: str, form: type[Choice], name: str) -> Choice:
    try:
        return form(value)
    except ValueError:
        raise InvalidError(f"{name} is one of {', '.join(each.value for each in form)}.", name) from None


def _moment(request: ApiRequest, name: str) -> float | None:
    value = request.query.get(name, "")
    try:
        return parse_isoformat(value) if value else None
    except ValueError:
        raise InvalidError(f"{name} is a moment such as 2026-01-31T12:00:00Z.", name) from None


def _get(request: ApiRequest) -> Reply:
    return Reply(200, _whole(_desk(request).get(request.principal, request.path["alert"])))


def _do(deed: Deed, request: ApiRequest) -> Reply:
    return Reply(200, _whole(deed(_desk(request), request, request.path["alert"])))


def _comment(desk: AlertDesk, request: ApiRequest, identity: str) -> Alert:
    return desk.comment(request.principal, identity, text(request.object(), "text"))


def _rate(desk: AlertDesk, request: ApiRequest, identity: str) -> Alert:
    severity = _choice(text(request.object(), "severity"), Severity, "severity")
    return desk.set_severity(request.principal, identity, severity)


DEEDS: Final[dict[str, tuple[Deed, str]]] = {
    "acknowledge": (lambda desk, r, i: desk.acknowledge(r.principal, i), "Say that somebody works on it"),
    "close": (lambda desk, r, i: desk.close(r.principal, i), "Close it as handled"),
    "learn": (lambda desk, r, i: desk.learn(r.principal, i), "Close it and allow what it shows"),
    "mute": (lambda desk, r, i: desk.mute(r.principal, i), "Close it and raise nothing like it"),
    "unmute": (lambda desk, r, i: desk.unmute(r.principal, i), "Let the like be raised again"),
    "comments": (_comment, "Write something beside it: {text}"),
    "severity": (_rate, "Judge it differently: {severity}"),
}


# Destinations


def _delivery(request: ApiRequest) -> Delivery:
    return request.services.extension(Delivery)


def _destination_shown(request: ApiRequest, stored: Resource) -> JsonObject:
    status = _delivery(request).shelf.status(stored.id)
    given: list[JsonValue] = [".".join(map(str, found)) for found in places(stored.body, SECRETS)]
    return {
        **shown(stored, DESTINATION_KIND),
        "credentials": given,
        "delivery": {
            "waiting": status.waiting,
            "waitingSince": None if status.oldest is None else isoformat(status.oldest),
            "lastError": status.error or None,
            "deadLetters": status.dead,
        },
    }


_READ_ONLY: Final = ("id", "etag", "organizationPath", "organization", "credentials", "delivery")


def _change(action: Action, request: ApiRequest) -> Reply:
    given = request.object()
    where: OrganizationPath | None = None
    if "organization" in given:
        where = place(request, text(given, "organization"))
    body = {name: value for name, value in given.items() if name not in _READ_ONLY}
    identity = request.path["destination"]
    change = Change(action, DESTINATION, identity, body, where, request.if_match)
    stored = request.services.changes.apply(request.principal, change).resource
    assert stored is not None
    return Reply(200, _destination_shown(request, stored))


def _destination(request: ApiRequest) -> Resource:
    return visible(request, DESTINATION, request.path["destination"], READ)


def _destinations(request: ApiRequest) -> Reply:
    return listing(request, DESTINATION, READ, partial(_destination_shown, request))


def _get_destination(request: ApiRequest) -> Reply:
    return Reply(200, _destination_shown(request, _destination(request)))


def _patch_destination(request: ApiRequest) -> Reply:
    _destination(request)
    return _change(Action.MERGE, request)


def _delete_destination(request: ApiRequest) -> Reply:
    return removed(request, DESTINATION, request.path["destination"], READ)


def emit(request: ApiRequest, stored: Resource, verb: str) -> None:
    """An audited event of the destination, which takes the permission to manage it."""
    change = Change(Action.EMIT, DESTINATION, stored.id, {}, verb=verb, permission=MANAGE)
    request.services.changes.apply(request.principal, change)


def _test(request: ApiRequest) -> Reply:
    stored = _destination(request)
    emit(request, stored, "tested")
    _delivery(request).test(connection_of(stored.body), stored.id)
    return Reply(200, {"delivered": True})


def _retry(request: ApiRequest) -> Reply:
    emit(request, _destination(request), REVIVED)
    return Reply(202, {"status": "accepted"})


def _dead_letters(request: ApiRequest) -> Reply:
    found = _delivery(request).shelf.dead(_destination(request).id, page_size(request))
    return Reply(200, {"value": [_letter(each) for each in found]})


def _letter(letter: DeadLetter) -> JsonObject:
    return {
        "messageId": letter.message.id,
        "title": letter.message.title,
        "time": isoformat(letter.message.time),
        "attempts": letter.attempts,
        "error": letter.error,
        "givenUpTime": isoformat(letter.time),
    }


_BASE: Final = "/api/alerts"
_ONE: Final = f"{_BASE}/destinations/{{destination}}"

ROUTES = [
    Route("GET", _BASE, READ, _list, "List alerts, the newest first"),
    Route("GET", f"{_BASE}/summary", READ, _summary, "Count alerts by status and severity"),
    Route("GET", f"{_BASE}/destinations", READ, _destinations, "List where alerts are sent"),
    Route("GET", _ONE, READ, _get_destination, "Read a destination and how delivery goes"),
    Route("PUT", _ONE, MANAGE, partial(_change, Action.PUT), "Make or replace a destination"),
    Route("PATCH", _ONE, MANAGE, _patch_destination, "Change a destination", content_types=MERGE),
    Route("DELETE", _ONE, MANAGE, _delete_destination, "Delete a destination"),
    Route("POST", f"{_ONE}/test", MANAGE, _test, "Send a test message now and say whether it arrived"),
    Route("POST", f"{_ONE}/retry", MANAGE, _retry, "Try the messages again that were given up"),
    Route("GET", f"{_ONE}/deadLetters", READ, _dead_letters, "List the messages that were given up"),
    Route("GET", f"{_BASE}/{{alert}}", READ, _get, "Read an alert with everything that was seen"),
    *(
        Route("POST", f"{_BASE}/{{alert}}/{name}", MANAGE, partial(_do, deed), summary)
        for name, (deed, summary) in DEEDS.items()
    ),
]
