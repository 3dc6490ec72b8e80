"""The sink of alerts over the bus: the ends of those who see something, and of the role that keeps alerts."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar, cast

import msgspec

from holdfast.alerts.model import Alert, Matter, Sighting
from holdfast.alerts.port import AlertSink
from holdfast.alerts.store.rows import from_document, to_document
from holdfast.cluster.port import Bus
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject

T = TypeVar("T")

RAISE: Final = "alerts.raise"
RESOLVE: Final = "alerts.resolve"
TAKE: Final = "alerts.take"
DEADLINE: Final = 20.0
"""Seconds for the control role to answer; a restart of it takes a few."""
BATCH: Final = 200
"""Items in one request, far below the largest frame."""


class RemoteAlerts:
    """`port.AlertSink` in a process that does not keep alerts.

    The methods of the port are for threads; coroutines of the event loop use `send`.
    """

    def __init__(self, bus: Bus, loop: asyncio.AbstractEventLoop) -> None:
        self._bus = bus
        self._loop = loop

    def raise_alerts(self, sightings: Sequence[Sighting]) -> None:
        """See `AlertSink.raise_alerts`."""
        self._insist(RAISE, sightings)

    def resolve_alerts(self, matters: Iterable[Matter]) -> None:
        """See `AlertSink.resolve_alerts`."""
        self._insist(RESOLVE, list(matters))

    def take_alerts(self, alerts: Sequence[Alert]) -> None:
        """See `AlertSink.take_alerts`."""
        self._insist(TAKE, [to_document(alert) for alert in alerts])

    async def send(self, sightings: Sequence[Sighting]) -> None:
        """`raise_alerts` on the event loop."""
        await self._request(RAISE, sightings)

    def _insist(self, method: str, items: Sequence[object]) -> None:
        asyncio.run_coroutine_threadsafe(self._request(method, items), self._loop).result()

    async def _request(self, method: str, items: Sequence[object]) -> None:
        for start in range(0, len(items), BATCH):
            body = cast(JsonObject, {"items": msgspec.to_builtins(items[start : start + BATCH])})
            await self._bus.request("control", method, body, DEADLINE)


def serve_alerts(bus: Bus, sink: AlertSink) -> None:
    """Answer the other processes."""

    async def raised(body: JsonObject) -> JsonObject:
        await asyncio.to_thread(sink.raise_alerts, _items(body, list[Sighting]))
        return {}

    async def resolved(body: JsonObject) -> JsonObject:
        await asyncio.to_thread(sink.resolve_alerts, _items(body, list[Matter]))
        return {}

    async def taken(body: JsonObject) -> JsonObject:
        documents = _items(body, list[dict[str, Any]])  # Any: JSON
        await asyncio.to_thread(sink.take_alerts, [from_document(each) for each in documents])
        return {}

    bus.serve(RAISE, raised)
    bus.serve(RESOLVE, resolved)
    bus.serve(TAKE, taken)


def _items(body: JsonObject, form: type[T]) -> T:
    try:
        return msgspec.convert(body.get("items"), form)
    except msgspec.ValidationError as error:
        raise InvalidError(f"These are no alerts: {error}.") from None
