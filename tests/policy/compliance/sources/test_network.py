"""What policies see of sensors and alerts."""

from pathlib import Path

from holdfast.alerts import lifecycle
from holdfast.alerts.model import AlertType, Origin, Report, Severity, Sighting
from holdfast.alerts.store.reading import EVERYWHERE, AlertReader
from holdfast.alerts.store.writing import AlertStore
from holdfast.kernel.organizations import OrganizationPath
from holdfast.policy.compliance.sources import network
from holdfast.resources.model import Resource
from holdfast.runtime.kinds import KINDS
from tests.support.world import open_world

_SCAN = AlertType("scan", "Scan", "anomaly", Severity.HIGH, "Scan")


def sensor(name: str, stage: str) -> Resource:
    return Resource("sensor", name, OrganizationPath("/"), {"setup": {"stage": stage}}, "1", 0.0, 0.0)


def test_a_sensor_shows_whether_it_may_report_learns_and_when_it_did(tmp_path: Path) -> None:
    with open_world(tmp_path, KINDS.values(), seals=False) as world:
        world.put("device", "on", {})
        world.put("device", "off", {"enabled": False})
        sensors = [sensor("on", "learning"), sensor("off", "operational"), sensor("gone", "operational")]
        facts = network.sensor_facts(world.store, lambda names: {"on": 86_400.0})(sensors)
    assert facts == {
        "on": {"enabled": True, "learning": True, "lastSeen": "1970-01-02T00:00:00.000Z"},
        "off": {"enabled": False, "learning": False},
        "gone": {"enabled": False, "learning": False},
    }


def test_open_alerts_are_documents_of_their_organization(tmp_path: Path) -> None:
    with open_world(tmp_path, [], seals=False) as world:
        store = AlertStore(world.database, {"scan": _SCAN}, world.clock)
        for source in ("a", "b"):
            report = Report("scan", 86_400.0, source, "x", "", "saw", "not")
            store.raise_alerts([Sighting(report, Origin("s", OrganizationPath("/north/")))])
        reader = AlertReader(world.database)
        newest, oldest = network.alert_documents(reader)
        store.edit(newest.content["name"], EVERYWHERE, lambda alert: lifecycle.close(alert, 1.0))  # type: ignore[arg-type]  # its id
        left = list(network.alert_documents(reader))
    assert left == [oldest]
    assert oldest.id.startswith("/organizations/north/providers/Holdfast.Defender/alerts/")
    assert oldest.content["properties"] == {
        "severity": "high",
        "status": "new",
        "type": "scan",
        "engine": "anomaly",
        "opened": "1970-01-02T00:00:00.000Z",
    }
