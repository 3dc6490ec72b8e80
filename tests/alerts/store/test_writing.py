"""What the platform keeps of alerts, on both databases."""

import pytest

from holdfast.alerts import lifecycle
from holdfast.alerts.folding import opened
from holdfast.alerts.model import Matter, Origin, Resolution, Severity, Sighting, Status
from holdfast.alerts.store.reading import EVERYWHERE
from holdfast.alerts.store.writing import AlertStore
from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError
from holdfast.kernel.organizations import ROOT, OrganizationPath
from tests.alerts.store.conftest import DRIFT, TYPES, WRITE, Desk, report

NORTH, SOUTH = OrganizationPath("/north/"), OrganizationPath("/south/")


def test_reports_about_the_same_matter_fold_into_one_alert(desk: Desk) -> None:
    desk.see(report(time=100.0), report(time=160.0), report(time=90.0, observed="error"))
    alert = desk.only()
    assert (alert.count, alert.first, alert.last) == (3, 90.0, 160.0)
    assert [(v.observed, v.count) for v in alert.violations] == [("not compliant", 2), ("error", 1)]
    assert alert.type == DRIFT


def test_reports_of_one_batch_fold_like_single_ones(desk: Desk) -> None:
    desk.store.raise_alerts([Sighting(report(time=float(n))) for n in range(5)])
    assert (desk.only().count, desk.only().last) == (5, 4.0)


def test_the_same_addresses_at_other_sites_or_organizations_are_other_alerts(desk: Desk) -> None:
    for origin in (Origin("s1", NORTH, "a"), Origin("s2", NORTH, "b"), Origin("s3", SOUTH, "a")):
        desk.see(report(), origin=origin)
    assert len({alert.id for alert in desk.all()}) == 3


def test_sensors_of_one_site_share_an_alert_that_names_them(desk: Desk) -> None:
    desk.see(report(), origin=Origin("s1", NORTH, "plant"))
    desk.see(report(), report(), origin=Origin("s2", NORTH, "plant"))
    assert (desk.only().sensors, desk.only().count) == (["s1", "s2"], 3)


def test_a_closed_alert_stays_closed_and_the_same_opens_another_even_at_the_same_moment(desk: Desk) -> None:
    desk.see(report(time=100.0))
    first = desk.only()
    for _ in range(2):
        open_one = desk.all()[-1]
        desk.store.edit(open_one.id, EVERYWHERE, lambda a: lifecycle.close(a, 120.0))
        desk.see(report(time=100.0))
    closed, again, newest = desk.all()
    assert (closed.id, closed.status, closed.resolution) == (first.id, Status.CLOSED, Resolution.HANDLED)
    assert len({closed.id, again.id, newest.id}) == 3
    assert newest.status is Status.NEW


def test_what_is_excluded_opens_no_alert_and_does_not_stop_one(desk: Desk) -> None:
    desk.see(report())
    excluded = AlertStore(
        desk.database,
        TYPES,
        desk.clock,
        hiding=lambda: (
            lambda kind, seen, origin: (
                (kind.id, seen.source, origin.organization) == (DRIFT.id, "pump", NORTH)
            )
        ),
    )
    excluded.raise_alerts([Sighting(report()), Sighting(report(), Origin("s1", NORTH))])
    excluded.raise_alerts([Sighting(report(source="valve"), Origin("s1", NORTH))])
    assert [(each.source, each.organization, each.count) for each in desk.all()] == [
        ("pump", ROOT, 2),
        ("valve", NORTH, 1),
    ]


def test_a_muted_matter_raises_nothing_until_it_is_unmuted(desk: Desk) -> None:
    desk.see(report())
    muted = desk.store.mute(desk.only().id, EVERYWHERE, "ann")
    desk.see(report(), report(source="valve"))
    assert [a.source for a in desk.all()] == ["pump", "valve"]
    assert desk.all()[0].resolution is Resolution.MUTED
    desk.store.unmute(muted.id, EVERYWHERE)
    assert desk.all()[0].resolution is Resolution.HANDLED, "nothing says any longer that its kind is silent"
    desk.see(report())
    assert [a.source for a in desk.all()] == ["pump", "valve", "pump"]
    with pytest.raises(ConflictError):
        desk.store.unmute(muted.id, EVERYWHERE)


def test_what_is_resolved_closes_by_itself_and_nothing_else_does(desk: Desk) -> None:
    desk.see(report(), report(source="valve"))
    desk.store.resolve_alerts([Matter("drift", "pump", "policy"), Matter("drift", "ghost", "policy")])
    pump, valve = desk.all()
    assert (pump.resolution, pump.closed_at) == (Resolution.RESOLVED, desk.clock.now())
    assert valve.open


def test_types_that_are_off_raise_nothing_and_unknown_ones_are_refused(desk: Desk) -> None:
    desk.see(report("noise"))
    assert desk.all() == []
    with pytest.raises(InvalidError, match="unheard"):
        desk.see(report("unheard"))


def test_an_edit_that_is_refused_changes_nothing(desk: Desk) -> None:
    desk.see(report())
    identity = desk.only().id
    with pytest.raises(InvalidError):
        desk.store.edit(identity, EVERYWHERE, lambda a: lifecycle.comment(a, 1.0, "ann", " "))
    assert desk.only().comments == []
    desk.store.edit(identity, EVERYWHERE, lambda a: lifecycle.comment(a, 1.0, "ann", "Mine."))
    assert desk.only().comments[0].text == "Mine."


def test_what_is_out_of_reach_does_not_exist(desk: Desk) -> None:
    desk.see(report(), origin=Origin("s", NORTH))
    identity = desk.only().id
    with pytest.raises(NotFoundError):
        desk.store.edit(identity, (SOUTH,), lifecycle.investigate)
    with pytest.raises(NotFoundError):
        desk.store.mute(identity, (OrganizationPath("/north/plant/"),), "ann")
    assert desk.store.edit(identity, (NORTH,), lifecycle.investigate).status is Status.ACTIVE


def test_an_alert_survives_the_process(desk: Desk) -> None:
    desk.see(report(learn=("modbus", 6)))
    again = AlertStore(desk.database, TYPES, desk.clock)
    again.raise_alerts([Sighting(report(time=101.0))])
    assert desk.only().count == 2
    assert desk.only().violations[0].learn == ("modbus", 6)


def test_an_alert_that_a_sensor_folded_goes_on_where_people_left_it(desk: Desk) -> None:
    seen = opened(WRITE, report("write"), Origin("s1", NORTH, "plant"))
    desk.store.take_alerts([seen])
    desk.store.edit(seen.id, EVERYWHERE, lifecycle.investigate)
    desk.store.edit(seen.id, EVERYWHERE, lambda a: lifecycle.set_severity(a, Severity.LOW))
    seen.count, seen.last = 7, 500.0
    desk.store.take_alerts([seen, seen])
    kept = desk.only()
    assert (kept.count, kept.last, kept.status, kept.severity) == (7, 500.0, Status.ACTIVE, Severity.LOW)
    seen.count = 3  # an old state that arrives late
    desk.store.take_alerts([seen])
    assert desk.only().count == 7


def test_a_sensor_closes_its_own_alert_and_reopens_none(desk: Desk) -> None:
    seen = opened(WRITE, report("write"), Origin("s1"))
    desk.store.take_alerts([seen])
    lifecycle.close(seen, 300.0, Resolution.EXPIRED)
    desk.store.take_alerts([seen])
    assert (desk.only().status, desk.only().resolution) == (Status.CLOSED, Resolution.EXPIRED)
    desk.store.take_alerts([opened(WRITE, report("write"), Origin("s1"))])
    assert desk.only().status is Status.CLOSED


def test_a_sensors_alert_of_its_own_type_keeps_its_words(desk: Desk) -> None:
    own = opened(TYPES["write"], report("write"), Origin("s1"))
    own.type = type(own.type)("custom-7", "Mine", "custom", Severity.LOW, "Custom", steps=("Call Bob.",))
    desk.store.take_alerts([own])
    assert desk.only().type.steps == ("Call Bob.",)


def test_what_is_not_seen_for_long_expires_and_is_forgotten_later(desk: Desk) -> None:
    now = desk.clock.now()
    desk.see(report(time=now), report(source="valve", time=now + lifecycle.AUTO_CLOSE_AFTER))
    desk.clock.advance(lifecycle.AUTO_CLOSE_AFTER)
    assert desk.store.tend() == 0
    assert [a.resolution for a in desk.all()] == [Resolution.EXPIRED, Resolution.NONE]
    assert desk.store.tend(retention=lifecycle.AUTO_CLOSE_AFTER - 1) == 1
    assert [a.source for a in desk.all()] == ["valve"]


def test_a_full_store_forgets_the_least_important_and_never_gives_a_number_twice(desk: Desk) -> None:
    small = Desk(desk.database, desk.clock, maximum=10)
    moments = [small.clock.now() + number for number in range(12)]
    for number, moment in enumerate(moments):
        kind = "write" if number < 3 else "scan"
        small.see(report(kind, moment, source=f"s{number}"))
    newest = small.reader.newest()
    assert small.store.tend() == 3
    assert [a.source for a in small.all()] == ["s0", "s1", "s2", "s6", "s7", "s8", "s9", "s10", "s11"]
    small.see(report(source="next"))
    assert small.reader.newest() == newest + 1


def test_text_that_no_database_keeps_is_kept_in_another_form(desk: Desk) -> None:
    desk.see(*[report(source="pump\0\ud800", observed="x\0") for _ in range(2)])
    alert = desk.only()
    assert (alert.count, "\0" in alert.source) == (2, False)
    assert desk.found(party="pump\0\ud800") == [alert.source]
    with pytest.raises(NotFoundError):
        desk.reader.get("\0", EVERYWHERE)
    with pytest.raises(NotFoundError):
        desk.store.edit("\ud800", EVERYWHERE, lifecycle.investigate)
