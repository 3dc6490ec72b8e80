"""What is served over HTTPS: the table of routes, and the way of a request through it."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from holdfast.gateway.https import blobs, devicebound, files, provisioning, telemetry
from holdfast.gateway.https.exchange import Reply, Request
from holdfast.gateway.https.surfaces import BLOBS, HUB, PROVISIONING, Refused, Surface, failure_of
from holdfast.gateway.services import Services
from holdfast.kernel.errors import HoldfastError

Handler = Callable[[Services, Request, dict[str, str]], Awaitable[Reply]]
"""Answers a request; the texts are those of the path's names in braces."""


class Route(NamedTuple):
    """One operation."""

    method: str
    path: str
    """`devices/{device}/messages/events`; a name in braces stands for one part."""
    handler: Handler
    surface: Surface = HUB


_DEVICE, _MODULE = "devices/{device}", "devices/{device}/modules/{module}"
_REGISTRATION = "{scope}/registrations/{registration}"

ROUTES = [
    *(
        route
        for owner in (_DEVICE, _MODULE)
        for route in (
            Route("POST", f"{owner}/messages/events", telemetry.send),
            Route("GET", f"{owner}/messages/devicebound", devicebound.receive),
            Route("DELETE", f"{owner}/messages/devicebound/{{lock}}", devicebound.complete_or_reject),
            Route("POST", f"{owner}/messages/devicebound/{{lock}}/abandon", devicebound.abandon),
        )
    ),
    Route("POST", f"{_DEVICE}/files", files.begin),
    Route("POST", f"{_DEVICE}/files/notifications", files.report),
    Route("POST", f"{_DEVICE}/files/notifications/{{correlation}}", files.report),
    Route("PUT", f"{_REGISTRATION}/register", provisioning.register, PROVISIONING),
    Route("GET", f"{_REGISTRATION}/operations/{{operation}}", provisioning.poll, PROVISIONING),
    Route("POST", _REGISTRATION, provisioning.look_up, PROVISIONING),
]
"""Every operation but those on blobs, whose paths are the devices' own choice."""
_ON_BLOB = Route("*", "{container}/{blob}", blobs.serve, BLOBS)
"""What a signature in the address leads to: nothing else has one."""

_log = structlog.get_logger()


async def answer(services: Services, request: Request) -> Reply:
    """The answer to a request, whatever happens."""
    tracking = services.randomness.bytes(8).hex()
    route, parameters = _find(request)
    try:
        if route is None:
            raise _unknown(request)
        reply = await route.handler(services, request, parameters)
    except HoldfastError as error:
        failure = failure_of(error, tracking, services.clock.now())
        if failure.status >= 500:
            _log.warning("a request over HTTPS failed", tracking=tracking, reason=str(error))
    except Exception:
        _log.exception("a request over HTTPS failed", tracking=tracking)
        failure = failure_of(HoldfastError(), tracking, services.clock.now())
    else:
        return reply._replace(headers=[("x-ms-request-id", tracking), *reply.headers])
    return (route.surface if route else HUB)(failure)


def _find(request: Request) -> tuple[Route | None, dict[str, str]]:
    if "sig" in request.head.query:
        return _ON_BLOB, {}
    for route in _BY_SHAPE.get((request.head.method, len(request.segments)), ()):
        parameters = _match(route.path, request.segments)
        if parameters is not None:
            return route, parameters
    return None, {}


def _match(path: str, segments: tuple[str, ...]) -> dict[str, str] | None:
    """The parameters of a path that fits, None when it does not."""
    parameters: dict[str, str] = {}
    for part, segment in zip(path.split("/"), segments, strict=True):
        if part.startswith("{"):
            parameters[part[1:-1]] = segment
        elif part != segment.lower():
            return None
    return parameters


def _unknown(request: Request) -> Refused:
    allowed = sorted(
        route.method
        for (_, length), routes in _BY_SHAPE.items()
        for route in routes
        if length == len(request.segments) and _match(route.path, request.segments) is not None
    )
    if allowed:
        return Refused(405, "MethodNotAllowed", f"The resource takes {', '.join(allowed)} only.")
    return Refused(404, "ResourceNotFound", "There is nothing at this path.")


def _by_shape() -> dict[tuple[str, int], list[Route]]:
    shapes: dict[tuple[str, int], list[Route]] = {}
    for route in ROUTES:
        shapes.setdefault((route.method, route.path.count("/") + 1), []).append(route)
    return shapes


_BY_SHAPE = _by_shape()
