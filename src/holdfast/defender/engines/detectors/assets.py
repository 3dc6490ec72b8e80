"""What the inventory notices and policy judges: new devices, other firmware, new services, new pairs."""

from collections.abc import Iterable, Iterator
from typing import Final

from holdfast.alerts.model import Report
from holdfast.defender.engines.detectors.scans import PAIRS
from holdfast.defender.engines.model import FLOW, Watch, on
from holdfast.defender.engines.places import Place
from holdfast.defender.engines.reporter import Reporter, shown
from holdfast.defender.inventory.model import FIELD_DEVICES, Asset, Confidence, Fact, Name
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.record import Record, seconds

ASSETS: Final = "asset"
FIRMWARE: Final = "firmware"
PORTS: Final = "port"

_GRACE: Final = 30.0
"""Seconds after which a new device is reported: until then it may show what it is."""

_BY_PROTOCOL: Final = {
    "modbus": "modbus-firmware-version-changed",
    "umas": "modbus-firmware-version-changed",
    "s7comm_plus": "s7-plus-plc-firmware-changed",
}
_NETWORK_PROTOCOLS: Final = frozenset(
    {"lldp", "cdp", "snmp", "http", "ssh", "ftp", "smb", "telnet", "dhcp", "mdns"}
)


class Assets:
    """Judges what the inventory tells."""

    def __init__(self, reporter: Reporter, learned: LearnedTraffic) -> None:
        self._reporter = reporter
        self._learned = learned
        self._fresh: dict[str, tuple[Asset, int]] = {}

    def watches(self) -> Iterable[Watch]:
        """See `Detector.watches`."""
        yield Watch("tcp", on(FLOW, "established"), self._session)
        yield Watch("udp", on(FLOW, "answered"), self._session)
        yield Watch("tcp", on(FLOW, "recognized"), self._session)

    def tick(self, now: int) -> None:
        """Judge new devices that had time to show what they are."""
        ripe = [asset for asset, _frame in self._fresh.values() if seconds(now) - asset.first >= _GRACE]
        for asset in ripe:
            self._judge(*self._fresh.pop(asset.id))

    def finish(self) -> None:
        """Judge the new devices that are left."""
        while self._fresh:
            _id, (asset, frame) = self._fresh.popitem()
            self._judge(asset, frame)

    def new(self, asset: Asset, frame: int) -> None:
        """The inventory has a new asset."""
        self._fresh[asset.id] = (asset, frame)

    def learned(self, asset: Asset, fact: Fact, before: str, protocol: str, frame: int, time: float) -> None:
        """The inventory learned something about an asset."""
        if fact.name is not Name.FIRMWARE:
            return
        place = "" if fact.module is None else f"{fact.module[0]}/{fact.module[1]}"
        what = (protocol, place, fact.value)
        entry = (FIRMWARE, asset.address, "", *what)
        known = [
            str(known[2])
            for known in self._learned.known(FIRMWARE, asset.address, "")
            if known[:2] == what[:2]
        ]
        if not known:
            self._learned.learn(entry)  # nothing to compare with: this is the first version that is seen
            return
        if self._learned.judge(FIRMWARE, asset.address, "", what, time):
            return
        alert = _BY_PROTOCOL.get(protocol) or (
            "firmware-change-detected" if protocol in _NETWORK_PROTOCOLS else "firmware-version-changed"
        )
        module = f" of module {place}" if place else ""
        self._reporter.about(
            Report(
                alert,
                time,
                asset.address,
                "",
                protocol,
                shown(f"firmware {fact.value}{module}"),
                shown(f"firmware {before or ', '.join(known)}{module}"),
                frame,
                entry,
            )
        )

    def _judge(self, asset: Asset, frame: int) -> None:
        """A device is known when any of its own addresses is."""
        own = [*asset.ips, *(mac for mac, sure in asset.macs.items() if sure >= Confidence.ANNOUNCED)]
        unknown = [address for address in own if not self._learned.has(ASSETS, address, "")]
        if len(unknown) == len(own) and not self._learned.judge(ASSETS, asset.address, "", (), asset.first):
            asset.authorized = False
            self._report(asset, frame)
            return
        for address in unknown:
            self._learned.judge(ASSETS, address, "", (), asset.first)

    def _report(self, asset: Asset, frame: int) -> None:
        field_device = asset.type in FIELD_DEVICES
        alert = "field-device-discovered-unexpectedly" if field_device else "new-asset-detected"
        kind = asset.type.value
        vendor = asset.value(Name.VENDOR)
        observed = f"{asset.address} ({kind}{', ' + vendor if vendor else ''})"
        protocol = next(iter(asset.protocols), "")
        self._reporter.about(
            Report(
                alert,
                asset.first,
                asset.address,
                "",
                protocol,
                shown(observed),
                "the devices that were learned",
                frame,
                (ASSETS, asset.address, ""),
            )
        )

    def _session(self, record: Record) -> None:
        """Learn who talks to whom, and which ports a device serves."""
        flow = record.direction.flow
        client, server = flow.client.source, flow.server.source
        now = seconds(record.time)
        for one, other in ((client.ip, server.ip), (server.ip, client.ip)):
            self._learned.judge(PAIRS, one, other, (), now)
        if self._reporter.places.of(server.ip) not in {Place.LOCAL, Place.OFFICE} or not server.port:
            return
        if record.kind == "recognized":
            return  # joined midway: which side serves is a guess
        what = (flow.transport, server.port)
        if self._learned.judge(PORTS, "", server.ip, what, now):
            return
        if not self._learned.has(ASSETS, server.ip, ""):
            return  # a new device is reported as such
        known = ", ".join(_ports(self._learned.known(PORTS, "", server.ip)))
        report = Report(
            "new-port-discovery",
            now,
            server.ip,
            "",
            flow.service or flow.transport,
            f"serves {flow.transport} port {server.port} (to {client.ip})",
            shown(f"serves {known}" if known else "serves no port"),
            record.frame,
            (PORTS, "", server.ip, *what),
        )
        self._reporter.about(report, record)


def _ports(entries: list[tuple[str | int, ...]]) -> Iterator[str]:
    for transport, port in entries[:20]:
        yield f"{transport} {port}"
