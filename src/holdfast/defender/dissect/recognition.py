"""Finds the dissector of a flow: by what its payload looks like, asking those first whose port it uses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from holdfast.defender.dissect.session import Dissector, Session, take_over
from holdfast.defender.flows.events import announce
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit

_ATTEMPTS: Final = 8
"""Payloads that are looked at before a flow counts as unknown: captures may begin within a PDU."""
_SHORT: Final = 16
"""A stream's first bytes are looked at again with the next ones when they are fewer than this."""


class Recognition:
    """Who dissects what, looked up by transport, port, EtherType and IP protocol."""

    def __init__(self, dissectors: Iterable[Dissector]) -> None:
        known = tuple(dissectors)
        self.server_ports = {
            "tcp": frozenset(port for each in known for port in each.tcp),
            "udp": frozenset(port for each in known for port in each.udp),
        }
        """Ports of services by transport; they tell servers from clients where nothing else does."""
        self._by_port = {
            "tcp": _group((port, each) for each in known for port in each.tcp),
            "udp": _group((port, each) for each in known for port in each.udp),
        }
        self._by_transport = {
            transport: tuple(each for each in known if transport in each.over and each.recognize)
            for transport in ("tcp", "udp")
        }
        self._by_number = {
            "ethernet": {number: each for each in known for number in each.ethertypes},
            "ip": {number: each for each in known for number in each.ip_protocols},
        }
        self._by_number["icmp"] = self._by_number["ip"]

    def attach(self, flow: Flow, number: int, emit: Emit) -> None:
        """Give a new flow its session: that of its EtherType or IP protocol `number`, or one that looks for
        it."""
        if flow.transport in self._by_transport:
            take_over(flow, _Unrecognized(flow, emit, self))
            return
        dissector = self._by_number[flow.transport].get(number)
        if dissector is not None:
            flow.service = dissector.name
            take_over(flow, dissector.session(flow, emit))

    def find(self, flow: Flow, data: bytes, start: int, end: int) -> Dissector | None:
        """The dissector that recognizes `data[start:end]` as the beginning of its protocol."""
        expected = self._expected(flow)
        for dissector in expected:
            if _recognizes(dissector, data, start, end, True):
                return dissector
        for dissector in self._by_transport[flow.transport]:
            if dissector not in expected and _recognizes(dissector, data, start, end, False):
                return dissector
        return None

    def _expected(self, flow: Flow) -> list[Dissector]:
        by_port = self._by_port[flow.transport]
        server, client = flow.server.source.port, flow.client.source.port
        expected = by_port.get(server, ())
        if client != server:
            expected = (*expected, *by_port.get(client, ()))
        return list(expected)


class _Unrecognized(Session):
    """Stands in for the dissector until one recognizes the payload."""

    __slots__ = ("_attempts", "_recognition")

    def __init__(self, flow: Flow, emit: Emit, recognition: Recognition) -> None:
        self.flow, self.emit = flow, emit  # as `Session` does: a scan opens flows by the thousand
        self._recognition = recognition
        self._attempts = 0

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """Look at a payload; from the one that is recognized on, the dissector reads."""
        flow = self.flow
        found = self._recognition.find(flow, data, start, end)
        if found is None:
            self._attempts += 1
            if self._attempts >= _ATTEMPTS:
                flow.client.reader = flow.server.reader = flow.session = None
            elif end - start < _SHORT and flow.transport == "tcp":
                return start
            return end
        flow.service = found.name
        announce(self.emit, "recognized", direction, frame, time)
        session = found.session(flow, self.emit)
        take_over(flow, session)
        return session.feed(data, start, end, frame, time, direction)


def _recognizes(dissector: Dissector, data: bytes, start: int, end: int, expected: bool) -> bool:
    return dissector.recognize is not None and dissector.recognize(data, start, end, expected)


def _group(pairs: Iterable[tuple[int, Dissector]]) -> dict[int, tuple[Dissector, ...]]:
    grouped: dict[int, tuple[Dissector, ...]] = {}
    for port, dissector in pairs:
        grouped[port] = (*grouped.get(port, ()), dissector)
    return grouped
