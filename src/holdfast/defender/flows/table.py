"""The conversations that are known now, bounded: those idle longest leave first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from holdfast.defender.flows.events import announce
from holdfast.defender.flows.model import Direction, Endpoint, Flow
from holdfast.defender.record import SECOND, Emit

TRANSPORTS: Final = ("tcp", "udp", "icmp", "ip", "ethernet")
_IDLE: Final = {
    "tcp": 3600 * SECOND,
    "udp": 600 * SECOND,
    "icmp": 120 * SECOND,
    "ip": 600 * SECOND,
    "ethernet": 3600 * SECOND,
}
"""How long a silent flow is kept. OT polls may be an hour apart on one TCP connection."""
_IDLE_WHEN_OVER: Final = 10 * SECOND
"""After FIN or RST: long enough for stragglers."""
_OVER: Final = frozenset({"closed", "reset", "refused"})
_SWEEP_EVERY: Final = 30 * SECOND
_EVICTED_SHARE: Final = 8
"""When the table is full, one flow in so many leaves at once: sorting is paid for by many new flows."""


class FlowTable:
    """Finds a packet's direction by its key, and makes and ends flows.

    A key is made of whatever tells conversations of one transport apart (see `decoder`); each flow is there
    under two keys, one a direction.
    """

    def __init__(
        self,
        emit: Emit,
        server_ports: Mapping[str, Collection[int]],
        maximum: int,
        finish: Callable[[Flow, int, int], None],
    ) -> None:
        """`finish(flow, frame, time)` is called for a flow that ends, before that is announced."""
        self._emit = emit
        self._finish = finish
        self._server_ports = server_ports
        self._maximum = maximum
        self.directions: dict[str, dict[bytes, Direction]] = {name: {} for name in TRANSPORTS}
        """By transport, then key. Others look up; only the table changes them."""
        self._flows: dict[str, dict[int, Flow]] = {name: {} for name in TRANSPORTS}
        """By transport, then id: the oldest first."""
        self._made = 0
        self._ended: list[Flow] = []
        self._next_sweep = 0
        self._frame_of_sweep = 0

    def flows(self) -> list[Flow]:
        """Every flow that is known now."""
        return [flow for flows in self._flows.values() for flow in flows.values()]

    def __len__(self) -> int:
        return sum(map(len, self._flows.values()))

    def open(
        self,
        transport: str,
        keys: tuple[bytes, bytes],
        vlans: tuple[int, ...],
        ends: tuple[Endpoint, Endpoint],
        started_by_source: bool | None,
        moment: tuple[int, int],
    ) -> Direction:
        """Make the flow of a first packet (`moment`: its frame and time) and return the packet's direction.

        `keys` and `ends` are the packet's own and the opposite ones. `started_by_source` says who is the
        client where the packet shows it; None leaves it to the ports.
        """
        if len(self) >= self._maximum:
            self._evict(moment[0])
        source, destination = ends
        if started_by_source is None or keys[0] == keys[1]:
            started_by_source = not self._looks_like_server(transport, source.port, destination.port)
        self._made += 1
        if started_by_source:
            flow = Flow(self._made, transport, vlans, source, destination)
            flow.keys, direction = keys, flow.client
        else:
            flow = Flow(self._made, transport, vlans, destination, source)
            flow.keys, direction = keys[::-1], flow.server
        self._flows[transport][flow.id] = flow
        flow.started = moment[1]
        known = self.directions[transport]
        known[flow.keys[1]] = flow.server
        known[flow.keys[0]] = flow.client  # last: who talks to himself is seen as client
        announce(self._emit, "opened", direction, *moment)
        return direction

    def _looks_like_server(self, transport: str, source_port: int, destination_port: int) -> bool:
        ports = self._server_ports.get(transport, ())
        return source_port in ports and destination_port not in ports

    def end(self, flow: Flow, frame: int) -> None:
        """Take a flow out of the table."""
        directions = self.directions[flow.transport]
        for key in flow.keys:
            directions.pop(key, None)
        del self._flows[flow.transport][flow.id]
        time = _last_time(flow)
        self._finish(flow, frame, time)
        announce(self._emit, "ended", flow.client, frame, time)
        self._ended.append(flow)

    def release(self) -> None:
        """Empty the flows that ended, once their last records were consumed.

        Records are invisible to the cycle collector, so a flow must not hold on to any when it is let go. Its
        parts let go of each other too: waiting for the collector doubled the memory of a sensor whose table
        is full.
        """
        for flow in self._ended:
            flow.session = flow.memory = None
            for direction in (flow.client, flow.server):
                direction.reader = direction.queue = None
                del direction.reverse
            del flow.client, flow.server
        self._ended.clear()

    def sweep(self, frame: int, time: int) -> None:
        """End flows that were silent for long. Cheap to call often: it works once in a while."""
        if time < self._next_sweep or frame - self._frame_of_sweep < 4 * len(self):
            return
        self._next_sweep, self._frame_of_sweep = time + _SWEEP_EVERY, frame
        for transport, idle in _IDLE.items():
            for flow in _silent_since(time, idle, self._flows[transport].values()):
                self.end(flow, frame)

    def end_all(self, frame: int) -> None:
        """End every flow: the capture is over."""
        for flow in self.flows():
            self.end(flow, frame)

    def _evict(self, frame: int) -> None:
        by_age = sorted(self.flows(), key=_last_time)
        for flow in by_age[: len(by_age) // _EVICTED_SHARE + 1]:
            self.end(flow, frame)


def _last_time(flow: Flow) -> int:
    return max(flow.client.last_time, flow.server.last_time)


def _silent_since(time: int, idle: int, flows: Iterable[Flow]) -> list[Flow]:
    """Flows that said nothing for `idle` nanoseconds up to `time`; for less where they are over."""
    latest, latest_when_over = time - idle, time - _IDLE_WHEN_OVER
    return [
        flow
        for flow in flows
        if flow.client.last_time < latest_when_over
        and flow.server.last_time < latest_when_over
        and ((flow.client.last_time < latest and flow.server.last_time < latest) or flow.state in _OVER)
    ]
