"""Streams that stay open: whoever reads one is asked again, all the time, whether they still may.

A session that is revoked, a role that is taken away, a condition that comes to apply: each ends a stream
within a second, because the next look signs in anew with what the request carried.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from anyio import to_thread
from starlette.responses import Response, StreamingResponse

from holdfast.access.sessions.cookies import SESSION
from holdfast.api.access.common import cookie
from holdfast.api.frame import ApiRequest
from holdfast.kernel.errors import ForbiddenError, HoldfastError, TooManyRequestsError, UnauthenticatedError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import PrincipalKind

LOOK_SECONDS = 0.5
"""How often a stream looks for news, and whether its reader still may have them."""
QUIET_LOOKS = 20
"""Looks without news before an empty line is sent, so that proxies keep the connection."""
MAXIMUM_STREAMS = 400
MAXIMUM_STREAMS_A_PERSON = 12
"""Tabs in front: those behind give their stream back."""
LINES = "application/x-ndjson"


@dataclass(slots=True)
class Streams:
    """The streams that are open in this process."""

    stopping: asyncio.Event
    """Set when the role ends: streams end with it instead of holding it up."""
    open: Counter[str] = field(default_factory=Counter)
    """Id of a principal → its streams."""

    def enter(self, principal: str) -> None:
        """Take a place. TooManyRequestsError when there is none."""
        if self.open[principal] >= MAXIMUM_STREAMS_A_PERSON or self.open.total() >= MAXIMUM_STREAMS:
            raise TooManyRequestsError("Too many streams are open; close some and try again.")
        self.open[principal] += 1

    def leave(self, principal: str) -> None:
        """Give the place back."""
        self.open[principal] -= 1
        self.open += Counter()  # forgets who has none left


def again(request: ApiRequest) -> ApiRequest:
    """The request with who its sender is by now. Blocking.

    UnauthenticatedError when the session or token is over, ConditionsError when conditional access refuses.
    """
    principal = request.services.authenticate(
        authorization=request.headers.get("authorization", ""),
        cookie=cookie(request, SESSION),
        address=request.principal.address,
        user_agent=request.headers.get("user-agent", ""),
    )
    if principal.kind is PrincipalKind.ANONYMOUS:
        raise UnauthenticatedError("The session is over; sign in again.")
    return replace(request, principal=principal)


async def stopped(streams: Streams, seconds: float) -> bool:
    """Wait; whether the role ends."""
    try:
        async with asyncio.timeout(seconds):
            await streams.stopping.wait()
    except TimeoutError:
        return False
    return True


News = Callable[[ApiRequest], Sequence[JsonObject]]
"""What came since it was asked last, as far as the request's present principal may see it. Blocking."""


def lines_of(request: ApiRequest, permission: Permission, news: News) -> Response:
    """A stream of JSON lines that goes on until its reader leaves or may not have it any more.

    The last line then is an error, as the API's bodies have it. TooManyRequestsError when too many are open.
    """
    streams = request.services.extension(Streams)
    streams.enter(request.principal.id)
    return StreamingResponse(
        _lines(request, permission, news, streams), 200, {"cache-control": "no-store"}, LINES
    )


async def _lines(
    request: ApiRequest, permission: Permission, news: News, streams: Streams
) -> AsyncIterator[bytes]:
    def look() -> bytes:
        present = again(request)
        if not present.principal.reach(permission):
            raise ForbiddenError(f"{present.principal.name} lacks the permission {permission.value}.")
        return b"".join(msgspec.json.encode(item) + b"\n" for item in news(present))

    quiet = 0
    try:
        while True:
            try:
                text = await to_thread.run_sync(look)
            except HoldfastError as error:
                yield msgspec.json.encode({"error": {"code": error.code, "message": str(error)}}) + b"\n"
                return
            quiet = 0 if text else quiet + 1
            if text or quiet % QUIET_LOOKS == 0:
                yield text or b"\n"
            if await stopped(streams, LOOK_SECONDS):
                return
    finally:
        streams.leave(request.principal.id)
