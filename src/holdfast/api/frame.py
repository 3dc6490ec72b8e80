"""The frame of every HTTP operation: what a route declares, what a handler gets and gives back.

A route is one row of a table: method, path, permission, handler. A route without a permission cannot be
written; one that needs none says so with `OPEN` or `SIGNED_IN`. Handlers are plain functions over an
`ApiRequest`; those that wait for something (a device's answer) are coroutines, all others run in threads,
because the store blocks.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import Response

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal

if TYPE_CHECKING:
    from holdfast.api.services import Services


class Audience(Enum):
    """Who may call a route that needs no permission. Each use says why in the route's summary."""

    OPEN = "anybody"
    SIGNED_IN = "whoever is signed in"


OPEN = Audience.OPEN
SIGNED_IN = Audience.SIGNED_IN


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One authenticated request."""

    services: "Services"
    principal: Principal
    method: str
    url: str
    """Absolute, as the client sees it; what `nextLink` is built from."""
    path: Mapping[str, str]
    """Path parameters, decoded."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Lower-case names."""
    body: JsonValue = None
    """The decoded JSON body; None when there was none."""
    raw: bytes = b""
    version: str = ""
    """The `api-version`, on routes that have versions."""

    @property
    def here(self) -> str:
        """The path of the request's address."""
        return urlsplit(self.url).path

    def object(self) -> JsonObject:
        """The body as an object. InvalidError when it is none."""
        if not isinstance(self.body, dict):
            raise InvalidError("The body must be a JSON object.", "")
        return self.body

    @property
    def if_match(self) -> str | None:
        """The etag that the change is conditional on: the If-Match header, else the body's `etag`.
        InvalidError when that is no text."""
        given: JsonValue = self.headers.get("if-match")
        if given is None and isinstance(self.body, dict):
            given = self.body.get("etag")
        if given is None:
            return None
        if not isinstance(given, str):
            raise InvalidError("etag is the text that an answer had, or left out.", "/etag")
        return given.removeprefix("W/").strip('"')


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler gives back: a status and a JSON value (None: no body)."""

    status: int = 200
    body: JsonValue = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[ApiRequest], Reply | Response] | Callable[[ApiRequest], Awaitable[Reply | Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation."""

    method: str
    path: str
    """Starlette's syntax: `/api/devices/{device_id}`."""
    permission: Permission | Audience
    """What the principal must hold somewhere in the tree; where exactly is checked with the resource."""
    handler: Handler
    summary: str
    """One line for the reference; for an Audience why no permission is needed."""
    versions: frozenset[str] = frozenset()
    """Values of `api-version` that it serves; empty: it has no versions (our own operations)."""
    content_types: tuple[str, ...] = ("application/json",)
    is_page: bool = False
    """Whether people see the answer: then errors are pages too, and who is not signed in is led to it."""
    maximum_body: int = 1_048_576
    """Bytes. The hosted API's largest body is a device template of some hundred kilobytes."""
