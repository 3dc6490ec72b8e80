"""Collects the weak points of assets; bounded."""

from collections.abc import Callable, Iterable, Iterator

from holdfast.defender.engines.deeds import UNAUTHENTICATED
from holdfast.defender.engines.model import FLOW, Act, Bind, Deed, Table, Watch, on
from holdfast.defender.engines.places import Place, Places
from holdfast.defender.engines.reporter import shown
from holdfast.defender.findings.model import MAXIMUM_PEERS, Finding, Sign, Subject
from holdfast.defender.findings.weak_points import WEAK_POINTS
from holdfast.defender.record import SECOND, Record

MAXIMUM_FINDINGS = 50_000
_PROGRAMMING = frozenset({Act.PROGRAM, Act.FIRMWARE, Act.CONFIGURE, Act.STOP, Act.START})


class Findings:
    """Watches for the signs of weak points."""

    def __init__(self, signs: Iterable[Sign], tables: Iterable[Table], places: Places) -> None:
        self._signs = tuple(signs)
        self.places = places
        self._programming = [
            (table.protocol, deed)
            for table in tables
            if table.protocol in UNAUTHENTICATED
            for deed in table.deeds
            if deed.act in _PROGRAMMING
        ]
        self._findings: dict[tuple[str, str, str], Finding] = {}

    def watches(self) -> Iterator[Watch | Bind]:
        """See `Detector.watches`."""
        for sign in self._signs:
            yield Watch(sign.protocol, sign.select, self._sign(sign))
        for protocol, deed in self._programming:
            yield deed.row(protocol, self._deed(deed))
        yield Watch("tcp", on(FLOW, "established"), self._border)
        yield Watch("udp", on(FLOW, "answered"), self._border)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings.values())

    def note(self, weak_point: str, asset: str, peer: str, detail: str, record: Record) -> None:
        """An asset shows a weak point."""
        key = (weak_point, asset, detail)
        finding = self._findings.get(key)
        time = record.time / SECOND
        if finding is None:
            if len(self._findings) >= MAXIMUM_FINDINGS:
                return
            finding = self._findings[key] = Finding(
                WEAK_POINTS[weak_point],
                asset,
                shown(detail),
                record.protocol,
                time,
                time,
                record.frame,
                0,
                set(),
            )
        finding.count += 1
        finding.last = max(finding.last, time)
        if finding.peers is not None and peer and len(finding.peers) < MAXIMUM_PEERS:
            finding.peers.add(peer)

    def _sign(self, sign: Sign) -> Callable[[Record], None]:
        def look(record: Record) -> None:
            for detail in sign.detail(record):
                speaker = record.direction.source.address
                listener = record.direction.destination.address
                asset, peer = (speaker, listener) if sign.subject is Subject.SPEAKER else (listener, speaker)
                if self.places.of(asset) in _OURS:
                    self.note(sign.weak_point, asset, peer, detail, record)

        return look

    def _deed(self, deed: Deed) -> Callable[[Record], None]:
        def look(record: Record) -> None:
            direction = record.direction
            detail = f"{record.protocol}: {deed.text}"
            controller, engineer = direction.destination.address, direction.source.address
            self.note("unauthenticated-programming", controller, engineer, detail, record)

        return look

    def _border(self, record: Record) -> None:
        flow = record.direction.flow
        client, server = flow.client.source, flow.server.source
        for inside, outside, way in ((client.ip, server.ip, "to"), (server.ip, client.ip, "from")):
            if self.places.of(inside) in _OURS and self.places.of(outside) is Place.INTERNET:
                detail = f"{flow.transport} port {server.port}, {way} the internet"
                self.note("internet-connection", inside, outside, detail, record)


_OURS = frozenset({Place.LOCAL, Place.OFFICE})
