"""A process's end of the hub: the cluster ports over one Unix socket."""

import asyncio
import contextlib
import itertools
from pathlib import Path

from holdfast.cluster import wire
from holdfast.cluster.hub import SUPERSEDED
from holdfast.cluster.port import Claim, Handler, Lease, Listener
from holdfast.cluster.wire import HELLO, PUBLISH, REPLY, REQUEST, SUBSCRIBE, Frame
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError, InvalidError, UnavailableError
from holdfast.kernel.json import JsonObject

HUB_DEADLINE = 5.0
"""Seconds for what the hub itself answers; it keeps everything in memory, so more means that it is gone."""

__all__ = ["SUPERSEDED", "LocalCluster"]


class _LocalBus:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Clock) -> None:
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._heard = clock.monotonic()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[JsonObject]] = {}
        self._handlers: dict[str, Handler] = {}
        self._listeners: list[tuple[str, Listener]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.ended = asyncio.Event()
        """Set when the hub is gone: the supervisor ended, and this process should too."""

    async def request(self, target: str, method: str, body: JsonObject, deadline: float) -> JsonObject:
        number = next(self._numbers)
        future: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._writer.write(wire.frame_bytes(REQUEST, number, target, method, body, deadline))
            await self._writer.drain()
            async with asyncio.timeout(deadline):
                return await future
        except TimeoutError:
            raise UnavailableError(f"{target} did not answer {method} within {deadline:g} seconds.") from None
        except ConnectionError:
            raise UnavailableError(
                "The connection to the supervisor is lost; this process is stopping."
            ) from None
        finally:
            self._waiting.pop(number, None)

    def serve(self, method: str, handler: Handler) -> None:
        self._handlers[method] = handler

    async def publish(self, topic: str, message: JsonObject) -> None:
        self._writer.write(wire.frame_bytes(PUBLISH, topic, message))
        await self._writer.drain()

    def subscribe(self, topic: str, listener: Listener) -> None:
        self._listeners.append((topic, listener))
        self._writer.write(wire.frame_bytes(SUBSCRIBE, topic))

    def silent_for(self) -> float:
        return self._clock.monotonic() - self._heard

    async def run(self) -> None:
        """Take frames until the hub is gone."""
        try:
            while True:
                frame = await wire.read_frame(self._reader)
                self._heard = self._clock.monotonic()
                self._handle(frame)
        except (asyncio.IncompleteReadError, ConnectionError, HoldfastError):
            pass
        finally:
            self.ended.set()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(UnavailableError("The supervisor stopped before the answer came."))

    def _handle(self, frame: Frame) -> None:
        match frame:
            case [wire.REPLY, int(number), body]:
                self._settle(number, body, None)
            case [wire.FAILURE, int(number), str(name), str(message), dict(attributes)]:
                self._settle(number, {}, wire.rebuild(name, message, attributes))
            case [wire.REQUEST, int(number), str(_), str(method), dict(body), _]:
                task = asyncio.create_task(self._answer(number, method, body), name=f"bus-{method}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case [wire.PUBLISH, str(topic), message]:
                for wanted, listener in self._listeners:
                    if topic == wanted or (wanted.endswith(".") and topic.startswith(wanted)):
                        listener(topic, message)

    def _settle(self, number: int, body: JsonObject, error: HoldfastError | None) -> None:
        future = self._waiting.get(number)
        if future is None or future.done():
            return
        if error is None:
            future.set_result(body)
        else:
            future.set_exception(error)

    async def _answer(self, number: int, method: str, body: JsonObject) -> None:
        handler = self._handlers.get(method)
        try:
            if handler is None:
                raise InvalidError(f"This process does not serve {method}.")
            data = wire.frame_bytes(REPLY, number, await handler(body))
        except Exception as error:  # whatever fails must reach the asker
            data = wire.failure(number, error)
            if not isinstance(error, HoldfastError):
                asyncio.get_running_loop().call_exception_handler(
                    {"message": f"serving {method} failed", "exception": error}
                )
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()


class _LocalSessions:
    def __init__(self, bus: _LocalBus, node: str) -> None:
        self._bus = bus
        self._node = node

    async def claim(self, device: str) -> Claim:
        answer = await self._bus.request("hub", "sessions.claim", {"device": device}, HUB_DEADLINE)
        return Claim(device.lower(), int(str(answer["epoch"])), self._node)

    async def release(self, claim: Claim) -> None:
        body: JsonObject = {"device": claim.device, "epoch": claim.epoch}
        await self._bus.request("hub", "sessions.release", body, HUB_DEADLINE)

    async def owner(self, device: str) -> str:
        answer = await self._bus.request("hub", "sessions.owner", {"device": device}, HUB_DEADLINE)
        return str(answer["node"])

    async def count(self) -> int:
        answer = await self._bus.request("hub", "sessions.count", {}, HUB_DEADLINE)
        return int(str(answer["count"]))


class _LocalRouter:
    def __init__(self, bus: _LocalBus) -> None:
        self._bus = bus

    async def request(self, device: str, method: str, body: JsonObject, deadline: float) -> JsonObject:
        return await self._bus.request(f"device:{device}", method, {**body, "device": device}, deadline)


class _LocalLeases:
    def __init__(self, bus: _LocalBus) -> None:
        self._bus = bus

    async def acquire(self, name: str, ttl: float) -> Lease | None:
        answer = await self._bus.request("hub", "leases.acquire", {"name": name, "ttl": ttl}, HUB_DEADLINE)
        token = int(str(answer["token"]))
        return Lease(name, token) if token else None


class _LocalLimits:
    def __init__(self, bus: _LocalBus) -> None:
        self._bus = bus

    async def take(self, name: str, amount: float, capacity: float, per_second: float) -> float:
        body: JsonObject = {"name": name, "amount": amount, "capacity": capacity, "per_second": per_second}
        answer = await self._bus.request("hub", "limits.take", body, HUB_DEADLINE)
        return float(str(answer["wait"]))


class LocalCluster:
    """The cluster as one process of this machine sees it. Make it with `join`."""

    def __init__(
        self, node: str, bus: _LocalBus, reading: asyncio.Task[None], writer: asyncio.StreamWriter
    ) -> None:
        self.node = node
        self.bus = bus
        self.sessions = _LocalSessions(bus, node)
        self.router = _LocalRouter(bus)
        self.leases = _LocalLeases(bus)
        self.limits = _LocalLimits(bus)
        self._reading = reading
        self._writer = writer

    @classmethod
    async def join(cls, path: Path, node: str, role: str, clock: Clock) -> "LocalCluster":
        """Connect to the hub's socket. UnavailableError when no hub listens there."""
        try:
            reader, writer = await asyncio.open_unix_connection(path)
        except OSError as error:
            raise UnavailableError(
                f"No supervisor listens at {path}; start it with `holdfast up`."
            ) from error
        bus = _LocalBus(reader, writer, clock)
        writer.write(wire.frame_bytes(HELLO, node, role))
        reading = asyncio.create_task(bus.run(), name="bus-read")
        cluster = cls(node, bus, reading, writer)
        await bus.request("hub", "nodes", {}, HUB_DEADLINE)  # the hub knows us once it answered
        return cluster

    async def close(self) -> None:
        """See `Cluster.close`."""
        self._writer.close()
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
