"""Live pages: a page holds one stream of server-sent events, which says *that* something changed, never what.

The page then asks again for its own fragments and series, each of which checks its own permission. So the
stream carries no data; and whether its reader may still know of a topic is looked up again before every word.
"""

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from anyio import to_thread
from starlette.responses import Response, StreamingResponse

from holdfast.alerts.store.reading import AlertFilter
from holdfast.api.central.common import visible
from holdfast.api.defender.common import alert_reader, network
from holdfast.api.frame import SIGNED_IN, ApiRequest, Route
from holdfast.api.streams import Streams, again, stopped
from holdfast.baseline.service import Baseline
from holdfast.console.rendering import SECURITY_HEADERS
from holdfast.defender.network.kinds import CAPTURE
from holdfast.delivery.kind import DESTINATION
from holdfast.delivery.service import Delivery
from holdfast.devices.device import DEVICE
from holdfast.devices.jobs.kinds import JOB
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.permissions import Permission
from holdfast.policy.kinds.names import REMEDIATION
from holdfast.resources.query import Query

TICK_SECONDS = 1.0
KEEP_ALIVE_TICKS = 15
"""Ticks without a word before a comment is sent, so that proxies keep the connection (HTML, 9.2.7)."""
LIFE_TICKS = 300
"""A stream ends after so long; browsers open the next one, which signs in and takes a place anew."""
MAXIMUM_TOPICS = 12


class Topic(NamedTuple):
    """Something that pages follow."""

    permission: Permission
    mark: Callable[[ApiRequest, str], str]
    """A text that is another one whenever the thing is. HoldfastError where the principal may not see it."""


def _device(request: ApiRequest, id: str) -> str:
    device, services = visible(request, DEVICE, id, Permission.DEVICE_READ), request.services
    twin = services.state.twin(id)
    said = services.last_values.last_times([id]).get(id, 0.0)
    owner = services.wait(services.cluster.sessions.owner(id))
    return f"{device.etag} {said} {twin.desired_version} {twin.reported_version} {owner}"


def _job(request: ApiRequest, id: str) -> str:
    return visible(request, JOB, id, Permission.JOB_READ).etag


def _remediation(request: ApiRequest, id: str) -> str:
    return visible(request, REMEDIATION, id, Permission.POLICY_READ).etag


def _destination(request: ApiRequest, id: str) -> str:
    visible(request, DESTINATION, id, Permission.ALERT_READ)
    return str(request.services.extension(Delivery).shelf.status(id))


def _fleet(request: ApiRequest, _id: str) -> str:
    services = request.services
    return f"{services.events.last()} {services.wait(services.cluster.sessions.count())}"


def _baseline(request: ApiRequest, _id: str) -> str:
    baseline = request.services.extension(Baseline)
    return f"{baseline.evidence.head()} {baseline.assessor.progress.now()}"


def _alerts(request: ApiRequest, _id: str) -> str:
    wanted = AlertFilter(request.principal.reach(Permission.ALERT_READ))
    found = alert_reader(request)
    return f"{found.newest()} {sorted(found.counts(wanted).items())}"


def _network(request: ApiRequest, _id: str) -> str:
    return str(network(request).counts(request.principal.reach(Permission.ASSET_READ)))


def _captures(request: ApiRequest, _id: str) -> str:
    """How the analysis of each uploaded capture stands: at its end nothing else needs to change."""
    wanted = Query(CAPTURE, request.principal.reach(Permission.SENSOR_READ), limit=500)
    found = request.services.store.find(wanted).items
    analyses = ((capture.id, network(request).analysis(capture.id)) for capture in found)
    return str([(id, each["status"], each["done"]) for id, each in analyses])


def _telemetry(request: ApiRequest, _id: str) -> str:
    return str(sum(position.offset for position in request.services.log.ends().values()))


TOPICS: dict[str, Topic] = {
    "device": Topic(Permission.DEVICE_READ, _device),
    "job": Topic(Permission.JOB_READ, _job),
    "fleet": Topic(Permission.DEVICE_READ, _fleet),
    "telemetry": Topic(Permission.DEVICE_READ, _telemetry),
    "alerts": Topic(Permission.ALERT_READ, _alerts),
    "network": Topic(Permission.ASSET_READ, _network),
    "destination": Topic(Permission.ALERT_READ, _destination),
    "captures": Topic(Permission.SENSOR_READ, _captures),
    "remediation": Topic(Permission.POLICY_READ, _remediation),
    "baseline": Topic(Permission.ASSESSMENT_READ, _baseline),
}
"""`data-live="device:pump-1"` on an element follows a topic. A new topic is one entry and one function."""


def _asked(request: ApiRequest) -> list[tuple[Topic, str]]:
    texts = [value for key, value in parse_qsl(urlsplit(request.url).query) if key == "topic"]
    pairs = [text.partition(":") for text in texts]
    if not 1 <= len(pairs) <= MAXIMUM_TOPICS or any(name not in TOPICS for name, _, _ in pairs):
        raise InvalidError(f"A stream follows 1 to {MAXIMUM_TOPICS} topics of {', '.join(TOPICS)}.", "topic")
    return [(TOPICS[name], id) for name, _, id in pairs]


def marks(request: ApiRequest, asked: list[tuple[Topic, str]]) -> list[str]:
    """How everything that was asked for is now. HoldfastError when anything may not be seen (any more)."""
    present = again(request)
    return [topic.mark(present, id) for topic, id in asked if present.principal.reach(topic.permission)]


async def _stream(request: ApiRequest) -> Response:
    asked, streams = _asked(request), request.services.extension(Streams)
    first = await to_thread.run_sync(marks, request, asked)
    if len(first) < len(asked):
        raise InvalidError("The page follows something that you may not see; load it again.", "topic")
    streams.enter(request.principal.id)
    headers = {**SECURITY_HEADERS, "x-accel-buffering": "no"}
    return StreamingResponse(
        _words(request, asked, first, streams), 200, headers, media_type="text/event-stream; charset=utf-8"
    )


async def _words(
    request: ApiRequest, asked: list[tuple[Topic, str]], before: list[str], streams: Streams
) -> AsyncIterator[str]:
    """The stream: the number of the topic that changed, in the order of the request."""
    try:
        yield "retry: 2000\n\n"
        for tick in range(LIFE_TICKS):
            if await stopped(streams, TICK_SECONDS):
                return
            try:
                now = await to_thread.run_sync(marks, request, asked)
            except HoldfastError:
                return  # the page learns why when it asks for something
            if len(now) != len(before):
                return
            yield "".join(f"data: {n}\n\n" for n, mark in enumerate(now) if mark != before[n])
            if tick % KEEP_ALIVE_TICKS == 0:
                yield ": still here\n\n"
            before = now
    finally:
        streams.leave(request.principal.id)


ROUTES = [
    Route("GET", "/live", SIGNED_IN, _stream, "What changed: each topic checks its own permission"),
]
