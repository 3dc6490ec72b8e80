"""The overview: how the fleet is, what comes in, what is open, what needs a decision."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from starlette.responses import Response

from holdfast.alerts.model import Severity, Status
from holdfast.alerts.store.reading import AlertFilter
from holdfast.api.defender.common import alert_reader
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.baseline.assessment.states import State
from holdfast.baseline.probes.context import is_persona
from holdfast.baseline.service import Baseline
from holdfast.console.decisions import decisions
from holdfast.console.rendering import fragment, page
from holdfast.console.shares import Share, bands
from holdfast.devices.device import DEVICE
from holdfast.kernel.json import JsonValue
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import PrincipalKind
from holdfast.resources.model import Event
from holdfast.resources.query import All, Compare, Operator

READ = Permission.DEVICE_READ
WEEK = 7 * 86_400.0
CHART_SECONDS = 6 * 3600.0
RECENT, RECENT_LOOKED_AT = 8, 400


class Card(NamedTuple):
    """One number of the fleet's health."""

    title: str
    number: float
    link: str


def _count(request: ApiRequest, *conditions: Compare) -> int:
    reach = request.principal.reach(READ)
    return request.services.store.count(DEVICE, reach, All(conditions) if conditions else None)


def _cards(request: ApiRequest) -> list[Card]:
    blocked = Compare("enabled", Operator.EQUAL, False)
    enabled = Compare("enabled", Operator.EQUAL, True)
    provisioned = Compare("provisioned", Operator.EQUAL, True)
    waiting = Compare("provisioned", Operator.EQUAL, False)
    cards = [
        Card("Devices", _count(request), "/devices"),
        Card("Provisioned", _count(request, enabled, provisioned), "/devices?state=provisioned"),
        Card("Waiting for approval", _count(request, blocked, waiting), "/devices?state=waiting"),
        Card("Blocked", _count(request, blocked, provisioned), "/devices?state=blocked"),
    ]
    if request.principal.allows(READ, ROOT):  # these are counted for the whole application alone
        services = request.services
        connected = services.wait(services.cluster.sessions.count())
        cards.insert(1, Card("Connected now", connected, "/devices"))
        cards.insert(2, Card("Messages a minute", _rate(request), "/explorer"))
    return cards


def _rate(request: ApiRequest) -> float:
    """Messages of the last whole minute, or of this one where it has more already."""
    now = request.services.clock.now()
    return max(request.services.last_values.received(now - 60, now).values(), default=0)


def _alerts(request: ApiRequest) -> list[Share]:
    """Open alerts by severity."""
    reach = request.principal.reach(Permission.ALERT_READ)
    if not reach:
        return []
    wanted = AlertFilter(reach, statuses=frozenset({Status.NEW, Status.ACTIVE}))
    counts = alert_reader(request).counts(wanted)
    moods = {Severity.HIGH: "bad", Severity.MEDIUM: "waiting", Severity.LOW: ""}
    return [
        Share(
            severity.value,
            mood,
            sum(number for (_, each), number in counts.items() if each is severity),
            f"/network/alerts?status=new&severity={severity.value}",
        )
        for severity, mood in moods.items()
    ]


_STATES = (
    (State.SATISFIED, "good"),
    (State.NOT_SATISFIED, "bad"),
    (State.ATTESTATION_DUE, "waiting"),
    (State.NOT_ASSESSED, ""),
)


def _controls(request: ApiRequest) -> list[Share]:
    """Controls by state, and how many had it a week ago."""
    if not request.principal.reach(Permission.ASSESSMENT_READ):
        return []
    baseline, now = request.services.extension(Baseline), request.services.clock.now()
    present = Counter(control.state for control in baseline.assessment().controls)
    past = Counter(control.state for control in baseline.assessment(at=now - WEEK).controls)
    known = any(past[state] for state in past if state not in (State.NOT_ASSESSED, State.ATTESTATION_DUE))
    return [
        Share(state.value, mood, present[state], "/baseline", _difference(present[state], past[state], known))
        for state, mood in _STATES
    ]


def _difference(now: int, before: int, known: bool) -> str:
    return f"{now - before:+d} since last week" if known and now != before else ""


def _recent(request: ApiRequest) -> list[Event]:
    """What was done last, but not by the baseline's probes: they do wrong on purpose, and much."""
    reach = request.principal.reach(Permission.AUDIT_READ)
    events = request.services.events.search(reach=reach, limit=RECENT_LOOKED_AT) if reach else []
    return [event for event in events if not _is_of_probes(event)][:RECENT]


def _is_of_probes(event: Event) -> bool:
    return event.actor_kind == PrincipalKind.PROBE or is_persona(event.actor_kind, event.actor)


def _overview(request: ApiRequest) -> Response:
    return page(
        request,
        "overview.html",
        cards=_cards(request),
        alerts=(alerts := _alerts(request)),
        alert_bands=bands(alerts),
        controls=(controls := _controls(request)),
        control_bands=bands(controls),
        decisions=decisions(request),
        recent=_recent(request),
        whole=request.principal.allows(READ, ROOT),
        guide=_count(request) == 0 and bool(request.principal.reach(Permission.DEVICE_CREATE)),
    )


def _cards_now(request: ApiRequest) -> Response:
    return fragment("overview_cards.html", cards=_cards(request))


def _shares_now(shares: Callable[[ApiRequest], list[Share]]) -> Callable[[ApiRequest], Response]:
    def answer(request: ApiRequest) -> Response:
        found = shares(request)
        return fragment("overview_shares.html", shares=found, bands=bands(found))

    return answer


def _messages(request: ApiRequest) -> Reply:
    """Messages a minute of the last hours; for those who see the whole application."""
    if not request.principal.allows(READ, ROOT):
        return Reply(200, {"series": [], "columns": [[]]})
    now = request.services.clock.now()
    counted = request.services.last_values.received(now - CHART_SECONDS, now)
    first, last = int((now - CHART_SECONDS) // 60), int(now // 60)
    begins = max(first, min(counted, default=last))
    minutes = range(
        begins, max(begins + 1, last)
    )  # this minute would look like a fall, unless it is the first
    moments: list[JsonValue] = [minute * 60.0 for minute in minutes]
    numbers: list[JsonValue] = [counted.get(minute, 0) for minute in minutes]
    return Reply(
        200,
        {
            "series": ["messages a minute"],
            "columns": [moments, numbers],
            "from": now - CHART_SECONDS,
            "to": now,
            "least": 0,
        }
        if counted
        else {"series": [], "columns": [[]]},
    )


ROUTES = [
    Route("GET", "/", READ, _overview, "Overview", is_page=True),
    Route("GET", "/overview/cards", READ, _cards_now, "The fleet's health now", is_page=True),
    Route(
        "GET",
        "/overview/alerts",
        Permission.ALERT_READ,
        _shares_now(_alerts),
        "Open alerts now",
        is_page=True,
    ),
    Route(
        "GET",
        "/overview/controls",
        Permission.ASSESSMENT_READ,
        _shares_now(_controls),
        "Controls now",
        is_page=True,
    ),
    Route("GET", "/overview/messages", READ, _messages, "Messages over time"),
]
