"""Direct methods: a question to the connected device, and its answer by request id."""

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from holdfast.cluster.port import NotConnectedError
from holdfast.kernel.errors import InvalidError, TooManyRequestsError, UnavailableError
from holdfast.kernel.json import JsonValue
from holdfast.protocol.hub import Subscription, method_topic
from holdfast.protocol.json import JsonError, decode_json

if TYPE_CHECKING:
    from holdfast.gateway.sessions.hub import HubSession

MAXIMUM_BODY = 128 * 1024
"""Bytes of a method's request and of its answer, as on the hosted hub."""
MAXIMUM_TIMEOUT = 300.0
"""Seconds (the hosted hub's bound)."""
MAXIMUM_PENDING = 100
"""Unanswered methods of one device."""


class MethodAnswer(NamedTuple):
    """What the device answered."""

    status: int
    payload: JsonValue


class Methods:
    """The methods that a session waits for."""

    __slots__ = ("_last", "_pending")

    def __init__(self) -> None:
        self._last = 0
        self._pending: dict[str, asyncio.Future[MethodAnswer]] = {}

    async def invoke(
        self, session: "HubSession", name: str, payload: JsonValue, timeout: float
    ) -> MethodAnswer:
        """Ask the device, at most once, and wait for its answer.

        Raises NotConnectedError when it does not listen for methods or goes away, UnavailableError when it
        does not answer in `timeout` seconds.
        """
        if session.subscriptions.qos(Subscription.METHODS) is None:
            raise NotConnectedError(f"Device {session.device} is connected but takes no direct methods.")
        body = msgspec.json.encode(payload)
        if len(body) > MAXIMUM_BODY or not name:
            raise InvalidError(f"A method needs a name, and a payload of at most {MAXIMUM_BODY:,} bytes.")
        if len(self._pending) >= MAXIMUM_PENDING:
            raise TooManyRequestsError(f"Device {session.device} has {MAXIMUM_PENDING} unanswered methods.")
        self._last += 1
        request = f"{self._last:x}"
        future: asyncio.Future[MethodAnswer] = asyncio.get_running_loop().create_future()
        self._pending[request] = future
        try:
            async with asyncio.timeout(min(timeout, MAXIMUM_TIMEOUT)):
                session.connection.publish(method_topic(name, request), body)
                return await future
        except TimeoutError:
            message = f"Device {session.device} did not answer {name} within {timeout:g} seconds."
            raise UnavailableError(message) from None
        finally:
            self._pending.pop(request, None)

    def answer(self, request: str, status: int, body: bytes) -> None:
        """The device answered; ignored when nobody waits (any more)."""
        future = self._pending.get(request)
        if future is None or future.done():
            return
        try:
            payload = decode_json(body, MAXIMUM_BODY) if body.strip() else None
        except JsonError as error:
            future.set_exception(UnavailableError(f"The device's answer cannot be read: {error}"))
        else:
            future.set_result(MethodAnswer(status, payload))

    def end(self, device: str) -> None:
        """The device is gone: nobody gets an answer any more."""
        for future in self._pending.values():
            if not future.done():
                future.set_exception(NotConnectedError(f"Device {device} disconnected before it answered."))
