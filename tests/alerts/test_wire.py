"""Alerts of a process that does not keep them, over the bus."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from holdfast.alerts.folding import opened
from holdfast.alerts.model import Alert, AlertType, Matter, Origin, Report, Severity, Sighting
from holdfast.alerts.store.rows import from_document, to_document
from holdfast.alerts.wire import BATCH, RemoteAlerts, serve_alerts
from holdfast.cluster.hub import Hub
from holdfast.cluster.local import LocalCluster
from holdfast.kernel.clock import ManualClock
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.organizations import OrganizationPath

SCAN = AlertType("scan", "Scan", "anomaly", Severity.LOW, "Scan", techniques=("T0846",))
REPORT = Report("scan", 1.5, "a", "b", "modbus", "sä", "x", 7, ("modbus", 6), Severity.HIGH)
NORTH = Origin("s1", OrganizationPath("/north/"), "plant", "cell")


class Kept:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.sightings: list[Sighting] = []
        self.matters: list[Matter] = []
        self.alerts: list[Alert] = []

    def raise_alerts(self, sightings: Sequence[Sighting]) -> None:
        if any(each.report.type == "unheard" for each in sightings):
            raise InvalidError("There is no alert type 'unheard'.")
        self.sightings += sightings

    def resolve_alerts(self, matters: Iterable[Matter]) -> None:
        self.matters += matters

    def take_alerts(self, alerts: Sequence[Alert]) -> None:
        self.alerts += alerts


async def test_what_is_handed_over_arrives_as_it_is(tmp_path: Path) -> None:
    hub = Hub(ManualClock())
    await hub.start(tmp_path / "hub.sock")
    control = await LocalCluster.join(tmp_path / "hub.sock", "control-1", "control", ManualClock())
    worker = await LocalCluster.join(tmp_path / "hub.sock", "worker-1", "worker", ManualClock())
    kept = Kept()
    serve_alerts(control.bus, kept)
    remote = RemoteAlerts(worker.bus, asyncio.get_running_loop())
    alert = opened(SCAN, REPORT, NORTH)
    try:
        await asyncio.to_thread(remote.raise_alerts, [Sighting(REPORT, NORTH)])
        await remote.send([Sighting(REPORT)] * (BATCH + 1))
        await asyncio.to_thread(remote.resolve_alerts, [Matter("scan", "a", "b", NORTH.organization)])
        await asyncio.to_thread(remote.take_alerts, [alert])
        with pytest.raises(InvalidError, match="unheard"):
            await asyncio.to_thread(remote.raise_alerts, [Sighting(REPORT._replace(type="unheard"))])
    finally:
        await worker.close()
        await control.close()
        await hub.stop()
    assert kept.sightings[0] == Sighting(REPORT, NORTH)
    assert len(kept.sightings) == BATCH + 2
    assert kept.matters == [Matter("scan", "a", "b", NORTH.organization)]
    assert kept.alerts == [alert]


def test_what_is_no_alert_is_refused() -> None:
    document = to_document(opened(SCAN, REPORT, NORTH))
    for broken in ({}, {**document, "count": "many"}, {**document, "sensors": ["s"] * 101}):
        with pytest.raises(InvalidError):
            from_document(broken)
