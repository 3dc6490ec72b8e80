"""Sensors and uploaded captures: who tells of networks, and how they are."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

from starlette.responses import Response

from holdfast.access.reading import pages
from holdfast.api.defender.common import network
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.lists import ListTable
from holdfast.console.moments import seconds_of
from holdfast.console.organization import chosen
from holdfast.console.rendering import FORM, fragment, page, read_form, redirect
from holdfast.console.tables import Cell, Column, Shown
from holdfast.defender.network.kinds import CAPTURE, SENSOR
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import name
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Query

READ, UPLOAD = Permission.SENSOR_READ, Permission.ASSET_MANAGE
PAGE, CAPTURES_NOW = "/network/sensors", "/network/captures"
_MOODS = {"done": "good", "failed": "bad", "analyzing": "waiting"}


class Told(NamedTuple):
    """A sensor with what is known of how it is."""

    sensor: Resource
    source: JsonObject
    connected: bool


class Analyzed(NamedTuple):
    """A capture with how its analysis stands."""

    capture: Resource
    analysis: JsonObject


def _health(name: str, told: Told) -> Cell:
    health = told.source.get("health")
    value = health.get(name) if isinstance(health, dict) else None
    return Cell(value, "number" if isinstance(value, int | float) else "text")


def _memory(told: Told) -> Cell:
    octets = _health("memory", told).value
    return Cell(round(octets / 2**20) if isinstance(octets, int | float) else None, "number")


def _connected(told: Told) -> Cell:
    return Cell("connected", "state", mood="good") if told.connected else Cell("not connected", "state")


SENSORS: ListTable[Told] = ListTable(
    id="sensors",
    title="Sensors",
    columns=(
        Column("name", "Name", lambda t: Cell(t.sensor.body["displayName"])),
        Column("id", "Id", lambda t: Cell(t.sensor.id, "id")),
        Column("state", "State", _connected),
        Column("zone", "Zone", lambda t: Cell(name(t.sensor.organization))),
        Column("stage", "Stage", partial(_health, "stage")),
        Column("processor", "Processor (%)", partial(_health, "processor")),
        Column("memory", "Memory (MB)", _memory),
        Column("packets", "Packets", partial(_health, "packets")),
        Column("dropped", "Packets lost", partial(_health, "dropped")),
        Column("waiting", "Bytes waiting", partial(_health, "spool_bytes")),
        Column("lost", "Messages given up", partial(_health, "spool_lost")),
        Column("interface", "Interface", partial(_health, "interface")),
        Column("version", "Version", partial(_health, "version")),
        Column("messages", "Messages", lambda t: Cell(t.source.get("messages"), "number")),
        Column("refused", "Refused", lambda t: Cell(t.source.get("refused_messages"), "number")),
        Column("last", "Last message", lambda t: Cell(seconds_of(t.source.get("last_message")), "moment")),
    ),
    hidden=frozenset({"id", "packets", "waiting", "interface", "version", "messages", "refused"}),
    empty="There is no sensor yet. On the machine that hears the mirror port: holdfast sensor enroll.",
    search=lambda t: (t.sensor.id, str(t.sensor.body["displayName"])),
    key=lambda t: t.sensor.id,
)


def _state(one: Analyzed) -> Cell:
    status = str(one.analysis.get("status", "waiting"))
    return Cell(status, "state", mood=_MOODS.get(status, "waiting"))


def _done(one: Analyzed) -> Cell:
    done = one.analysis.get("done")
    return Cell(f"{done:.0%}" if isinstance(done, int | float) else None, "number")


def _problems(one: Analyzed) -> Cell:
    problems = one.analysis.get("problems")
    return Cell("; ".join(map(str, problems)) if isinstance(problems, list) else "")


CAPTURES: ListTable[Analyzed] = ListTable(
    id="captures",
    title="Captures",
    columns=(
        Column("name", "Name", lambda c: Cell(c.capture.body["displayName"])),
        Column("state", "State", _state),
        Column("done", "Analyzed", _done),
        Column("octets", "Bytes", lambda c: Cell(c.capture.body["octets"], "number")),
        Column("zone", "Zone", lambda c: Cell(name(c.capture.organization))),
        Column("problems", "Problems", _problems),
        Column("created", "Uploaded", lambda c: Cell(c.capture.created, "moment")),
    ),
    empty="No capture was uploaded yet. Choose a pcap or pcapng file below.",
    search=lambda c: (c.capture.id, str(c.capture.body["displayName"])),
    key=lambda c: c.capture.id,
    sort="-created",
)


def _told(request: ApiRequest) -> list[Told]:
    services, reach = request.services, request.principal.reach(READ)
    known = network(request).sources(reach)
    return [
        Told(
            sensor, known.get(sensor.id, {}), bool(services.wait(services.cluster.sessions.owner(sensor.id)))
        )
        for sensor in pages(services.store, Query(SENSOR, reach, limit=500))
    ]


def _analyzed(request: ApiRequest) -> list[Analyzed]:
    found = pages(request.services.store, Query(CAPTURE, request.principal.reach(READ), limit=500))
    return [Analyzed(capture, network(request).analysis(capture.id)) for capture in found]


def _captures_shown(request: ApiRequest) -> Shown:
    """The captures' table, whose links lead to the page with both tables, and whose CSV is its own."""
    shown = CAPTURES.show(replace(request, url=PAGE), _analyzed(request))
    return replace(shown, csv=f"{CAPTURES_NOW}?format=csv")


def _page(request: ApiRequest) -> Response:
    sensors = _told(request)
    if request.query.get("format") == "csv":
        return SENSORS.csv(request, sensors)
    return page(
        request,
        "network_sensors.html",
        sensors=SENSORS.show(request, sensors),
        captures=_captures_shown(request),
        may_upload=bool(request.principal.reach(UPLOAD)),
        zone=name(chosen(request)),
    )


def _captures(request: ApiRequest) -> Response:
    if request.query.get("format") == "csv":
        return CAPTURES.csv(request, _analyzed(request))
    return fragment("network_captures.html", captures=_captures_shown(request))


def _remove(request: ApiRequest) -> Response:
    capture = read_form(request).get("capture", "")
    request.services.changes.apply(request.principal, Change(Action.DELETE, CAPTURE, capture))
    return redirect(PAGE)


ROUTES = [
    Route("GET", PAGE, READ, _page, "Sensors and captures", is_page=True),
    Route("GET", CAPTURES_NOW, READ, _captures, "Captures as they are now", is_page=True),
    Route("POST", CAPTURES_NOW, UPLOAD, _remove, "Delete a capture", content_types=FORM, is_page=True),
]
