"""The hub: where the processes of one machine meet. It lives in the supervisor.

It routes requests, spreads news, and keeps the claims, leases and buckets of this machine in memory. Nothing
here must survive: after a restart every process is new, and epochs start above all earlier ones.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.cluster import wire
from holdfast.cluster.port import Claim, NotConnectedError
from holdfast.cluster.wire import BEAT, FAILURE, HELLO, PUBLISH, REPLY, REQUEST, Frame
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError, InvalidError, UnavailableError
from holdfast.kernel.json import JsonObject

BEAT_SECONDS = 0.25
"""Four beats within the second after which a silent hub is not trusted any more."""
MAXIMUM_BACKLOG = 32 * 1024 * 1024
"""Bytes a process may leave unread before it is cut off: a stuck process must not fill the hub's memory."""

wire.register_error(NotConnectedError)

SUPERSEDED = "session.superseded"
"""News to the former holder of a claim: `device`, `epoch` of the new one."""


@dataclass(eq=False)
class _Peer:
    writer: asyncio.StreamWriter
    node: str = ""
    role: str = ""
    topics: set[str] = field(default_factory=set)
    waiting: dict[int, tuple["_Peer", int]] = field(default_factory=dict)
    """Requests that this peer serves: our number → (who asked, its number)."""

    def send(self, data: bytes) -> None:
        if self.writer.transport.get_write_buffer_size() > MAXIMUM_BACKLOG:
            self.writer.transport.abort()
            return
        self.writer.write(data)

    def hears(self, topic: str) -> bool:
        return topic in self.topics or any(t.endswith(".") and topic.startswith(t) for t in self.topics)


@dataclass
class _Bucket:
    level: float
    filled: float


class Hub:
    """Routes between the processes of one machine over a Unix socket."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._peers: set[_Peer] = set()
        self._numbers = itertools.count(1)
        self._turn = itertools.count()
        # Microseconds at the start: above every epoch of an earlier hub, as long as claims are made at less
        # than one a microsecond and the clock did not jump back further than the machine was off.
        self._epochs = itertools.count(int(clock.now() * 1_000_000))
        self._claims: dict[str, Claim] = {}
        self._leases: dict[str, tuple[str, int, float]] = {}
        self._buckets: dict[str, _Bucket] = {}
        self._server: asyncio.Server | None = None
        self._beat: asyncio.Task[None] | None = None
        self._own: dict[str, Callable[[_Peer, JsonObject], JsonObject]] = {
            "sessions.claim": self._claim,
            "sessions.release": self._release,
            "sessions.owner": self._owner,
            "sessions.count": self._count,
            "leases.acquire": self._acquire,
            "limits.take": self._take,
            "nodes": self._nodes,
        }

    async def start(self, path: Path) -> None:
        """Listen on the Unix socket at `path`, readable by this user alone."""
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path)
        path.chmod(0o600)
        self._beat = asyncio.create_task(self._beats(), name="hub-beat")

    async def stop(self) -> None:
        """Close every connection."""
        if self._beat is not None:
            self._beat.cancel()
        if self._server is not None:
            self._server.close()
        for peer in list(self._peers):
            peer.writer.close()

    def nodes(self) -> set[str]:
        """The processes that are connected now."""
        return {peer.node for peer in self._peers if peer.node}

    async def _beats(self) -> None:
        beat = wire.frame_bytes(BEAT)
        while True:
            for peer in self._peers:
                peer.send(beat)
            await asyncio.sleep(BEAT_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _Peer(writer)
        self._peers.add(peer)
        try:
            while True:
                self._handle(peer, await wire.read_frame(reader))
        except (asyncio.IncompleteReadError, ConnectionError, HoldfastError):
            pass
        finally:
            self._forget(peer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _forget(self, peer: _Peer) -> None:
        self._peers.discard(peer)
        for asker, number in peer.waiting.values():
            error = UnavailableError(f"{peer.node or 'The process'} stopped before it answered.")
            asker.send(wire.failure(number, error))
        if peer.node and not any(other.node == peer.node for other in self._peers):
            self._claims = {d: c for d, c in self._claims.items() if c.node != peer.node}

    def _handle(self, peer: _Peer, frame: Frame) -> None:
        match frame:
            case [wire.REQUEST, int(number), str(target), str(method), dict(body), deadline]:
                self._request(peer, number, target, method, body, float(deadline))
            case [wire.REPLY, int(number), *rest]:
                self._answer(peer, number, REPLY, rest)
            case [wire.FAILURE, int(number), *rest]:
                self._answer(peer, number, FAILURE, rest)
            case [wire.PUBLISH, str(topic), message]:
                self._publish(topic, message)
            case [wire.SUBSCRIBE, str(topic)]:
                peer.topics.add(topic)
            case [wire.HELLO, str(node), str(role)]:
                peer.node, peer.role = node, role
                peer.send(wire.frame_bytes(HELLO, node, role))
            case [wire.BEAT]:
                pass
            case _:
                raise InvalidError("A process sent a frame that the hub does not know.")

    def _request(
        self, peer: _Peer, number: int, target: str, method: str, body: JsonObject, deadline: float
    ) -> None:
        if target == "hub":
            self._serve_own(peer, number, method, body)
            return
        if target.startswith("device:"):
            claim = self._claims.get(target.removeprefix("device:").lower())
            if claim is None:
                error = NotConnectedError(f"Device {target.removeprefix('device:')} is not connected.")
                peer.send(wire.failure(number, error))
                return
            target = claim.node
        server = self._pick(target)
        if server is None:
            peer.send(
                wire.failure(number, UnavailableError(f"No {target} process is running now; try again."))
            )
            return
        own_number = next(self._numbers)
        server.waiting[own_number] = (peer, number)
        server.send(wire.frame_bytes(REQUEST, own_number, target, method, body, deadline))

    def _pick(self, target: str) -> _Peer | None:
        exact = [peer for peer in self._peers if peer.node == target]
        candidates = exact or sorted((p for p in self._peers if p.role == target), key=lambda p: p.node)
        return candidates[next(self._turn) % len(candidates)] if candidates else None

    def _answer(self, peer: _Peer, number: int, form: int, rest: Frame) -> None:
        waiting = peer.waiting.pop(number, None)
        if waiting is not None:
            asker, asker_number = waiting
            asker.send(wire.frame_bytes(form, asker_number, *rest))

    def _publish(self, topic: str, message: JsonObject) -> None:
        data = wire.frame_bytes(PUBLISH, topic, message)
        for peer in self._peers:
            if peer.hears(topic):
                peer.send(data)

    def _serve_own(self, peer: _Peer, number: int, method: str, body: JsonObject) -> None:
        try:
            answer = self._own[method](peer, body)
        except KeyError:
            peer.send(wire.failure(number, InvalidError(f"The hub has no method {method}.")))
        else:
            peer.send(wire.frame_bytes(REPLY, number, answer))

    def _nodes(self, _peer: _Peer, _body: JsonObject) -> JsonObject:
        return {"nodes": [*sorted(self.nodes())]}

    def _claim(self, peer: _Peer, body: JsonObject) -> JsonObject:
        device = str(body["device"]).lower()
        claim = Claim(device, next(self._epochs), peer.node)
        former = self._claims.get(device)
        self._claims[device] = claim
        if former is not None:
            news = wire.frame_bytes(PUBLISH, SUPERSEDED, {"device": device, "epoch": claim.epoch})
            for other in self._peers:
                if other.node == former.node:
                    other.send(news)
        return {"epoch": claim.epoch}

    def _release(self, _peer: _Peer, body: JsonObject) -> JsonObject:
        device = str(body["device"]).lower()
        claim = self._claims.get(device)
        if claim is not None and claim.epoch == body["epoch"]:
            del self._claims[device]
        return {}

    def _owner(self, _peer: _Peer, body: JsonObject) -> JsonObject:
        claim = self._claims.get(str(body["device"]).lower())
        return {"node": claim.node if claim else ""}

    def _count(self, _peer: _Peer, _body: JsonObject) -> JsonObject:
        return {"count": len(self._claims)}

    def _acquire(self, peer: _Peer, body: JsonObject) -> JsonObject:
        name, ttl = str(body["name"]), float(str(body["ttl"]))
        now = self._clock.monotonic()
        node, token, until = self._leases.get(name, ("", 0, 0.0))
        if node != peer.node:
            if until > now and node in self.nodes():
                return {"token": 0}
            token = next(self._epochs)
        self._leases[name] = (peer.node, token, now + ttl)
        return {"token": token}

    def _take(self, _peer: _Peer, body: JsonObject) -> JsonObject:
        name = str(body["name"])
        amount, capacity, rate = (float(str(body[key])) for key in ("amount", "capacity", "per_second"))
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(name, _Bucket(capacity, now))
        bucket.level = min(capacity, bucket.level + (now - bucket.filled) * rate)
        bucket.filled = now
        if bucket.level >= amount:
            bucket.level -= amount
            return {"wait": 0.0}
        if len(self._buckets) > 100_000:  # strangers choose some of the names
            self._buckets = {n: b for n, b in self._buckets.items() if b.filled > now - 600}
        return {"wait": (amount - bucket.level) / rate if rate > 0 else 86_400.0}
