"""What is found of alerts, and by whom."""

import pytest

from holdfast.alerts import lifecycle
from holdfast.alerts.model import Origin, Severity, Status
from holdfast.alerts.store.reading import EVERYWHERE, AlertFilter
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.organizations import OrganizationPath
from tests.alerts.store.conftest import Desk, report

NORTH, SOUTH = OrganizationPath("/north/"), OrganizationPath("/south/")


@pytest.fixture
def filled(desk: Desk) -> Desk:
    """Three alerts of three places."""
    desk.see(report(time=100.0, source="pump"), origin=Origin("s1", NORTH, "plant-1", "cell"))
    desk.see(report("write", 200.0, source="valve"), origin=Origin("s2", SOUTH, "plant-2"))
    desk.see(report("scan", 300.0, source="laptop"))
    return desk


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["laptop", "valve", "pump"]),
        ({"reach": (NORTH,)}, ["pump"]),
        ({"reach": (NORTH, SOUTH)}, ["valve", "pump"]),
        ({"reach": ()}, []),
        ({"reach": (OrganizationPath("/nort/"),)}, []),
        ({"organization": "/south/"}, ["valve"]),
        ({"reach": (NORTH,), "organization": "/south/"}, []),
        ({"site": "plant-1"}, ["pump"]),
        ({"zone": "cell"}, ["pump"]),
        ({"sensor": "platform"}, ["laptop"]),
        ({"engine": "policy violation"}, ["valve"]),
        ({"type": "scan"}, ["laptop"]),
        ({"minimum": Severity.MEDIUM}, ["valve", "pump"]),
        ({"party": "policy"}, ["laptop", "valve", "pump"]),
        ({"party": "pump"}, ["pump"]),
        ({"since": 200.0}, ["laptop", "valve"]),
        ({"until": 200.0}, ["pump"]),
        ({"statuses": frozenset({Status.CLOSED})}, []),
    ],
)
def test_a_filter_finds_what_it_says(filled: Desk, wanted: dict[str, object], found: list[str]) -> None:
    assert filled.found(**wanted) == found


def test_signs_of_patterns_in_a_path_are_plain_letters(filled: Desk) -> None:
    assert filled.found(reach=(OrganizationPath("/%/"),)) == []
    with pytest.raises(InvalidError):
        filled.found(organization="north")


def test_pages_go_on_below_a_number(filled: Desk) -> None:
    wanted = AlertFilter(EVERYWHERE)
    first = filled.reader.find(wanted, limit=2)
    rest = filled.reader.find(wanted, limit=2, before=first[-1].number)
    assert [each.alert.source for each in (*first, *rest)] == ["laptop", "valve", "pump"]


def test_one_alert_is_read_within_reach_only(filled: Desk) -> None:
    identity = filled.all()[0].id
    assert filled.reader.get(identity, (NORTH,)).source == "pump"
    with pytest.raises(NotFoundError):
        filled.reader.get(identity, (SOUTH,))
    with pytest.raises(NotFoundError):
        filled.reader.get(identity, ())


def test_counts_are_of_what_the_filter_finds(filled: Desk) -> None:
    filled.store.edit(filled.all()[0].id, EVERYWHERE, lifecycle.investigate)
    assert filled.reader.counts(AlertFilter(EVERYWHERE)) == {
        (Status.ACTIVE, Severity.MEDIUM): 1,
        (Status.NEW, Severity.HIGH): 1,
        (Status.NEW, Severity.LOW): 1,
    }
    assert filled.reader.counts(AlertFilter((SOUTH,))) == {(Status.NEW, Severity.HIGH): 1}


def test_who_follows_the_table_sees_every_alert_once_in_the_order_of_opening(filled: Desk) -> None:
    first = filled.reader.opened_after(0, limit=2)
    rest = filled.reader.opened_after(first[-1].number)
    assert [each.alert.source for each in (*first, *rest)] == ["pump", "valve", "laptop"]
    assert filled.reader.newest() == rest[-1].number
