"""Alerts follow an organization that moves, and what is open or muted goes on being so."""

from holdfast.alerts.model import Origin
from holdfast.alerts.store.moving import relocate_alerts
from holdfast.alerts.store.reading import EVERYWHERE
from holdfast.kernel.organizations import Move, OrganizationPath
from tests.alerts.store.conftest import Desk, report

ZONE, LINE = OrganizationPath("/north/plant/"), OrganizationPath("/north/plant/line/")
THERE = OrganizationPath("/south/plant/")


def move(desk: Desk, after: OrganizationPath = THERE) -> None:
    with desk.database.write() as connection:
        relocate_alerts(connection, Move(ZONE, after))


def test_alerts_are_seen_where_the_organization_is_now(desk: Desk) -> None:
    beside = OrganizationPath("/north/plant-2/")
    for source, place, site in (("a", ZONE, "north"), ("b", LINE, "plant"), ("c", beside, "north")):
        desk.see(report(source=source), origin=Origin("s", place, site))
    move(desk)
    places = {alert.source: (alert.organization, alert.site) for alert in desk.all()}
    assert places == {
        "a": (THERE, "south"),
        "b": ("/south/plant/line/", "plant"),
        "c": (beside, "north"),
    }
    assert desk.found(reach=(THERE,)) == ["b", "a"]
    assert desk.found(reach=(ZONE,)) == []


def test_what_is_reported_from_there_belongs_to_the_open_alert(desk: Desk) -> None:
    desk.see(report(), origin=Origin("s", ZONE, "north"))
    move(desk)
    desk.see(report(), origin=Origin("s", THERE, "south"))
    assert desk.only().count == 2
    desk.store.resolve_alerts([desk.only().matter])
    assert not desk.only().open


def test_what_was_muted_stays_muted(desk: Desk) -> None:
    desk.see(report(), origin=Origin("s", ZONE, "north"))
    desk.store.mute(desk.only().id, EVERYWHERE, "ann")
    move(desk, OrganizationPath("/plant/"))
    desk.see(report(), origin=Origin("s", OrganizationPath("/plant/"), "plant"))
    assert desk.only().count == 1
