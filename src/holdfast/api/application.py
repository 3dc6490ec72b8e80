"""The ASGI application made from tables of routes: authentication, permission, versions, bodies, errors."""

import email.utils
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute
from starlette.types import Receive, Scope, Send

from holdfast.access.sessions.cookies import SESSION
from holdfast.access.support.requests import ON_BEHALF as SUPPORT
from holdfast.api.client import POLICY_EFFECTS
from holdfast.api.frame import OPEN, ApiRequest, Reply, Route
from holdfast.api.services import Services
from holdfast.kernel.errors import (
    ForbiddenError,
    HoldfastError,
    InvalidError,
    NotFoundError,
    PolicyDeniedError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject, JsonValue, pointer_step
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import ANONYMOUS, Principal, PrincipalKind
from holdfast.resources.effects import gathered

_UNROUTED = {
    404: ("NotFound", "There is nothing at this address."),
    405: ("MethodNotAllowed", "The address does not have this method."),
}
_NOT_SERVED = {
    "/api/query": "Queries over telemetry are not served; read the raw data or last values of devices.",
    "/api/dataExport": "Data exports are not served; /api/alerts/destinations get alerts and the audit log.",
}
"""What scripts for IoT Central may ask for, by the beginning of the path, and what there is instead."""

MAXIMUM_DEPTH = 64
"""Nesting of a JSON body; DTDL documents stay below 20."""

MAXIMUM_EFFECTS = 4096
"""Bytes of that header; clients take at least eight kilobytes of headers."""

EFFECTS_COOKIE = "holdfast-policy-effects"
"""Carries what policies changed to the page that is shown after a form; that page takes it away."""
EFFECTS_SECONDS = 60
EFFECTS_SHOWN = 3
EFFECT_SHOWN = 200
"""Characters of one; browsers keep 4,096 bytes of a cookie."""

_encode = msgspec.json.Encoder().encode
_SECURITY_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "strict-transport-security": "max-age=31536000",
}


ErrorPage = Callable[[HoldfastError, str, Request], Response]
"""Makes the answer of a page's route out of an error, the request's id and the request."""


def build(
    services: Services,
    routes: Sequence[Route],
    others: Sequence[BaseRoute] = (),
    error_page: ErrorPage | None = None,
) -> Starlette:
    """The application that serves `routes`, and `others` (health, mounted files) after them."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        methods = by_path.setdefault(route.path, {})
        if route.method in methods:
            raise ValueError(f"two routes for {route.method} {route.path}")
        methods[route.method] = route
    endpoints: list[BaseRoute] = [
        StarletteRoute(path, _Endpoint(services, methods, error_page), methods=list(methods))
        for path, methods in by_path.items()
    ]
    return Starlette(
        routes=[*endpoints, *others],
        exception_handlers={HTTPException: partial(_unrouted, error_page), Exception: _unexpected},
    )


class _Endpoint:
    """Serves every method of one path."""

    def __init__(self, services: Services, methods: dict[str, Route], error_page: ErrorPage | None) -> None:
        self._services = services
        self._methods = methods
        self._error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        method = "GET" if request.method == "HEAD" else request.method
        route = self._methods[method]
        request_id = new_id(self._services.clock, self._services.randomness)
        try:
            response = await self._serve(request, route)
        except HoldfastError as error:
            response = self._failed(request, route, error, request_id)
        except ClientDisconnect:
            return
        except Exception as error:  # the last fence: the caller learns nothing of the inside
            structlog.get_logger().error("request failed", request=request_id, exc_info=error)
            failure = HoldfastError(f"Something failed inside; the log has it as request {request_id}.")
            response = self._failed(request, route, failure, request_id)
        response.headers["x-ms-request-id"] = request_id
        await response(scope, receive, send)

    def _failed(self, request: Request, route: Route, error: HoldfastError, request_id: str) -> Response:
        if route.is_page and self._error_page is not None:
            return self._error_page(error, request_id, request)
        return error_response(error, request_id, self._services.clock.now())

    async def _serve(self, request: Request, route: Route) -> Response:
        version = _version(request, route)
        principal = await self._admit(request, route)
        raw = await _body(request, route)
        api_request = ApiRequest(
            services=self._services,
            principal=principal,
            method=request.method,
            url=str(request.url),
            path=request.path_params,
            query=request.query_params,
            headers=request.headers,
            body=_decode(raw, request.headers.get("content-type", ""), route),
            raw=raw,
            version=version,
        )
        with gathered() as effects:
            result = await _run(route.handler, api_request)
        response = respond(result) if isinstance(result, Reply) else result
        if effects:
            response.headers[POLICY_EFFECTS] = effects_header(effects)
        if effects and route.is_page:  # a form leads on to another page, which tells
            shown = quote(json.dumps([effect[:EFFECT_SHOWN] for effect in effects[:EFFECTS_SHOWN]]))
            response.set_cookie(
                EFFECTS_COOKIE, shown, EFFECTS_SECONDS, secure=True, httponly=True, samesite="strict"
            )
        return response

    async def _admit(self, request: Request, route: Route) -> Principal:
        _refuse_other_sites(request)
        try:
            principal: Principal = await to_thread.run_sync(lambda: authenticate(self._services, request))
        except (UnauthenticatedError, ForbiddenError):
            if route.permission is not OPEN or "authorization" in request.headers:
                raise
            # A browser goes on sending the cookie of a session that is over, and has to reach the sign-in.
            return replace(ANONYMOUS, address=_address(request))
        if route.permission is OPEN:
            return principal
        if principal.on_behalf_of.startswith(SUPPORT):
            await to_thread.run_sync(self._record_support, principal, request)
        if principal.kind is PrincipalKind.ANONYMOUS:
            raise UnauthenticatedError("Sign in, or send an API token or a bearer token in Authorization.")
        if not isinstance(route.permission, Permission) or principal.reach(route.permission):
            return principal
        await to_thread.run_sync(self._refuse, principal, request, route)
        raise ForbiddenError(f"{principal.name} lacks the permission {route.permission.value}.")

    def _record_support(self, principal: Principal, request: Request) -> None:
        """Approved support access leaves a record of every request, of reading ones too."""
        data: JsonObject = {"method": request.method, "path": request.url.path}
        self._services.changes.record(
            principal, "supportRequest.used", resource=principal.on_behalf_of.removeprefix(SUPPORT), data=data
        )

    def _refuse(self, principal: Principal, request: Request, route: Route) -> None:
        self._services.changes.record(
            principal,
            "request.refused",
            resource=request.url.path,
            outcome="refused",
            detail=f"{request.method} needs {route.permission.value}",
        )


def authenticate(services: Services, request: Request) -> Principal:
    """Who sends this request."""
    return services.authenticate(
        authorization=request.headers.get("authorization", ""),
        cookie=request.cookies.get(SESSION, ""),
        address=_address(request),
        user_agent=request.headers.get("user-agent", ""),
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _refuse_other_sites(request: Request) -> None:
    """A browser sends its cookies along with what another site asks: such a request changes nothing here.

    Fetch Metadata says where a request comes from (W3C, Sec-Fetch-Site); browsers without it send Origin with
    every unsafe request. Who sends neither is no browser, and has no cookie either.
    """
    if request.method in ("GET", "HEAD") or "authorization" in request.headers:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = f"https://{request.headers.get('host', '')}"
    if (site is not None and site != "same-origin") or (origin is not None and origin != own):
        raise ForbiddenError("The request comes from another site. Open the console and do it there.")
    if site is None and origin is None and request.cookies:
        raise ForbiddenError("The request does not say which site it comes from; use an up-to-date browser.")


async def _run(handler: Callable[[ApiRequest], Any], request: ApiRequest) -> Any:  # Reply or Response
    if inspect.iscoroutinefunction(handler):
        return await handler(request)
    return await to_thread.run_sync(handler, request)


def _version(request: Request, route: Route) -> str:
    if not route.versions:
        return ""
    version = request.query_params.get("api-version")
    if version not in route.versions:
        named = f'"{version}"' if version is not None else '"undefined"'
        raise NotFoundError(
            f"{named} is not a valid API version. Valid here: {', '.join(sorted(route.versions))}."
        )
    return version


async def _body(request: Request, route: Route) -> bytes:
    if request.method in ("GET", "HEAD"):
        return b""
    limit = route.maximum_body
    if int(request.headers.get("content-length", "0") or "0") > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


class BodyTooLargeError(InvalidError):
    """The body is longer than the operation takes."""

    code = "RequestEntityTooLarge"
    status = 413


class UnsupportedMediaTypeError(InvalidError):
    """The body's content type is not one that the operation takes."""

    code = "UnsupportedMediaType"
    status = 415


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The body is longer than {limit} bytes; send less at once.")


def _decode(raw: bytes, content_type: str, route: Route) -> JsonValue:
    if not raw:
        return None
    kind = content_type.partition(";")[0].strip().lower() or route.content_types[0]
    if kind not in route.content_types:
        raise UnsupportedMediaTypeError(
            f"The content type {kind} is not taken here; send {' or '.join(route.content_types)}."
        )
    if "json" not in kind:
        return None
    try:
        value: JsonValue = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidError(f"The body is not JSON: {error}.") from None
    _check_depth(value, ())
    return value


def _check_depth(value: JsonValue, place: tuple[str | int, ...]) -> None:
    """InvalidError with the JSON pointer of what is nested too deep; `place` has the keys that lead to
    `value`."""
    if len(place) == MAXIMUM_DEPTH:
        pointer = "".join(map(pointer_step, place))
        raise InvalidError(f"The body is nested deeper than {MAXIMUM_DEPTH} levels.", pointer)
    if isinstance(value, dict):
        for key, item in value.items():
            _check_depth(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_depth(item, (*place, index))


def effects_header(effects: Sequence[str]) -> str:
    """What policies changed, as a JSON list in ASCII (RFC 8259 escapes), which a header can carry."""
    shown = list(effects)
    while len(text := json.dumps(shown)) > MAXIMUM_EFFECTS and len(shown) > 1:
        shown.pop()
    return text if len(text) <= MAXIMUM_EFFECTS else json.dumps([shown[0][:200]])


def respond(reply: Reply) -> Response:
    """A reply as a response."""
    content = b"" if reply.body is None else _encode(reply.body)
    media = None if reply.body is None else "application/json; charset=utf-8"
    return Response(content, reply.status, {**_SECURITY_HEADERS, **reply.headers}, media)


def error_response(error: HoldfastError, request_id: str, now: float) -> Response:
    """An error as published: `{"error": {code, message, requestId, time}}` and `x-ms-error-code`."""
    body: dict[str, JsonValue] = {
        "code": error.code,
        "message": str(error),
        "requestId": request_id,
        "time": email.utils.formatdate(now, usegmt=True),
    }
    if isinstance(error, InvalidError) and error.field:
        body["target"] = error.field
    if isinstance(error, PolicyDeniedError):
        if error.target:
            body["target"] = error.target
        body["additionalInfo"] = [{"type": "PolicyViolation", "info": error.violation}]
    headers = {"x-ms-error-code": error.code}
    if isinstance(error, TooManyRequestsError):
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    if isinstance(error, UnauthenticatedError):
        headers["www-authenticate"] = "Bearer"
    return respond(Reply(error.status, {"error": body}, headers))


def _unrouted(error_page: ErrorPage | None, request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message = _UNROUTED.get(error.status_code, ("BadRequest", error.detail))
    for beginning, instead in _NOT_SERVED.items():
        if request.url.path.startswith(beginning):
            message = instead
    if error_page and error.status_code == 404 and "text/html" in request.headers.get("accept", ""):
        return error_page(NotFoundError(message), "", request)
    headers = {**(error.headers or {}), "x-ms-error-code": code}
    return respond(Reply(error.status_code, {"error": {"code": code, "message": message}}, headers))


def _unexpected(_request: Request, error: Exception) -> Response:
    structlog.get_logger().error("request failed outside its handler", exc_info=error)
    return respond(Reply(500, {"error": {"code": "InternalError", "message": "Something failed inside."}}))
