"""The page of an alert."""

from sqlalchemy import insert

from holdfast.alerts.model import Alert, Severity, Violation
from holdfast.defender.catalogue.table import alert_types
from holdfast.defender.network.tables import events
from holdfast.kernel.organizations import ROOT, child
from tests.console.pages.network.test_configured import Plant
from tests.console.pages.network.test_configured import plant as plant  # a fixture

NORTH, SOUTH = child(ROOT, "north"), child(ROOT, "south")
THEN, NOW = 1_500_000_000.0, 1_800_000_000.0


def test_the_timeline_around_an_alert_is_that_of_its_zone_and_its_packets(plant: Plant) -> None:
    """The alert is of a capture of years ago, which was uploaded now."""
    row = {"sensor": "s", "type": "NOTIFICATION", "severity": "INFO", "devices": " ", "owner": "", "count": 1}
    noted = {"before": (NORTH, THEN - 60), "elsewhere": (SOUTH, THEN), "today": (NORTH, NOW)}
    with plant.database.write() as connection:
        for title, (organization, time) in noted.items():
            place = {"organization": organization, "time": time, "title": f"noted {title}"}
            connection.execute(insert(events), [{**row, **place}])
    type = alert_types()["controller-stop"]
    ends = "10.1.0.9", "10.1.0.20"
    alert = Alert("a-1", type, Severity.LOW, *ends, "modbus", THEN, NOW, ["s"], organization=NORTH)
    alert.violations.append(Violation("a stop", "none", THEN, THEN + 30, 2))
    plant.alerts.take_alerts([alert])
    page = plant.browser.get("/network/alerts/a-1")
    assert [title for title in noted if f"noted {title}" in page] == ["before"]
