"""Fills the inventory from records: who speaks, what they speak, and what they say about themselves."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from holdfast.defender.engines.model import FLOW, Act, Bind, Deed, Table, Watch, on
from holdfast.defender.engines.places import Place, Places
from holdfast.defender.engines.talks import Handler, Talk
from holdfast.defender.flows.model import Direction, Endpoint
from holdfast.defender.inventory.identity.model import Behaviour, Source
from holdfast.defender.inventory.inventory import Inventory
from holdfast.defender.inventory.model import Asset, AssetType, Confidence, Fact, Name
from holdfast.defender.record import SECOND, Record, Role, seconds

_TRANSPORTS: Final = ("tcp", "udp", "icmp", "ip", "ethernet")
_WITHIN: Final = frozenset({Place.LOCAL, Place.OFFICE})
_PUBLIC: Final = frozenset({Place.INTERNET, Place.GROUP})
_ENGINEERING: Final = frozenset({Act.PROGRAM, Act.FIRMWARE})


class Observer:
    """Watches on behalf of the inventory."""

    def __init__(
        self,
        inventory: Inventory,
        places: Places,
        sources: Iterable[Source],
        behaviours: Iterable[Behaviour],
        tables: Iterable[Table],
    ) -> None:
        self._inventory = inventory
        self._places = places
        self._sources = tuple(sources)
        tables = tuple(tables)
        self._industrial = frozenset(table.protocol for table in tables if table.industrial)
        self._behaviours: dict[tuple[str, bool], list[Behaviour]] = {}
        for behaviour in behaviours:
            self._behaviours.setdefault((behaviour.protocol, behaviour.server), []).append(behaviour)
        self._engineering = [
            (table.protocol, deed) for table in tables for deed in table.deeds if deed.act in _ENGINEERING
        ]

    def watches(self) -> Iterator[Watch | Bind]:
        """See `Detector.watches`."""
        for transport in _TRANSPORTS:
            yield Watch(transport, on(FLOW, "opened", "answered", "established"), self._opened)
            yield Watch(transport, on(FLOW, "ended"), self._ended)
        for source in self._sources:
            if source.relevant is None and not source.pause:
                yield Watch(source.protocol, source.select, self._teller(source))
            else:
                yield Bind(source.protocol, source.select, self._binder(source))
        for protocol, deed in self._engineering:
            yield deed.row(protocol, self._engineer(deed))
        yield Watch("arp", on(frozenset(Role) - FLOW), self._bind)

    def tick(self, now: int) -> None:
        """See `Detector.tick`."""

    def talk_opened(self, talk: Talk, record: Record) -> None:
        """Two parties use a protocol for the first time."""
        if record.role is Role.MALFORMED:
            return
        self._use(record, record.direction.source, server=_serves(record))

    def _opened(self, record: Record) -> None:
        self._see(record.direction.source, record.direction, record)

    def _ended(self, record: Record) -> None:
        flow = record.direction.flow
        for direction in (flow.client, flow.server):
            if direction.frames:
                self._see(direction.source, direction, record)

    def _see(self, end: Endpoint, direction: Direction, record: Record) -> Asset | None:
        """The asset of a party that really sent something; None for the internet and for groups."""
        if self._places.of(end.address) not in _WITHIN and not self._counts(end.address, direction, record):
            return None
        time = seconds(direction.last_time or record.time)
        return self._inventory.see(end.mac, end.ip, direction.flow.vlans, record.frame, time)

    def _counts(self, address: str, direction: Direction, record: Record) -> bool:
        """Whether a public address belongs to the network that is watched.

        Networks may use public addresses within: such a device is known, speaks an industrial protocol, or
        talks to another public address, which traffic that crosses the border never does.
        """
        if self._places.of(address) is not Place.INTERNET:
            return False
        if self._inventory.find(address) is not None or record.protocol in self._industrial:
            return True
        ends = direction.source.address, direction.destination.address
        return all(self._places.of(end) in _PUBLIC for end in ends)

    def _use(self, record: Record, end: Endpoint, *, server: bool) -> None:
        asset = self._see(end, record.direction, record)
        if asset is None:
            return
        self._inventory.speak(asset, record.protocol, server, end.port if server else 0, seconds(record.time))

    def message(self, _talk: Talk, record: Record) -> None:
        """A message of a new kind or key: what its sender probably is."""
        if record.role is Role.MALFORMED:
            return
        server = _serves(record)
        for behaviour in self._behaviours.get((record.protocol, server), ()):
            if behaviour.kinds and record.kind not in behaviour.kinds:
                continue
            asset = self._inventory.find(record.direction.source.address)
            if asset is not None:
                reason = f"{'serves' if server else 'uses'} {record.protocol}"
                self._inventory.classify(asset, behaviour.kind, behaviour.confidence, reason)

    def _binder(self, source: Source) -> Callable[[Record], Handler | None]:
        tell = self._teller(source)
        pause = source.pause * SECOND

        def bind(record: Record) -> Handler | None:
            if source.relevant is not None and not source.relevant(record):
                return None
            again = 0

            def now_and_then(record: Record) -> None:
                nonlocal again
                if record.time >= again:
                    again = record.time + pause
                    tell(record)

            return now_and_then

        return bind

    def _teller(self, source: Source) -> Callable[[Record], None]:
        def tell(record: Record) -> None:
            for fact in source.facts(record):
                end = record.direction.source
                asset = self._inventory.find(fact.subject) if fact.subject else None
                asset = asset or (None if fact.subject else self._see(end, record.direction, record))
                if asset is not None:
                    self._learn(asset, fact, record)

        return tell

    def _learn(self, asset: Asset, fact: Fact, record: Record) -> None:
        time = seconds(record.time)
        if fact.name is Name.TYPE:
            self._inventory.classify(
                asset, AssetType(fact.value), fact.confidence, f"says so in {record.protocol}"
            )
        elif fact.name is not Name.ADDRESS:
            self._inventory.learn(asset, fact, record.protocol, record.frame, time)
        elif self._places.of(fact.value) in _WITHIN:
            self._inventory.bind(record.direction.source.mac, fact.value, record.frame, time)

    def _engineer(self, deed: Deed) -> Callable[[Record], None]:
        def note(record: Record) -> None:
            asset = self._see(record.direction.source, record.direction, record)
            if asset is not None and not asset.programming:
                asset.programming = True
                reason = f"{record.protocol}: {deed.text}"
                self._inventory.classify(asset, AssetType.ENGINEERING_STATION, Confidence.ANNOUNCED, reason)

        return note

    def _bind(self, record: Record) -> None:
        """ARP names the sender's two addresses."""
        fields = record.fields
        mac, ip = fields.get("src_mac"), fields.get("src_ip")
        if isinstance(mac, str) and isinstance(ip, str) and self._places.of(ip) is not Place.NOWHERE:
            self._inventory.bind(mac, ip, record.frame, seconds(record.time))


def _serves(record: Record) -> bool:
    """Whether the speaker is the side that offers something: it answers, or it publishes."""
    return not record.direction.to_server or record.role is Role.NOTICE
