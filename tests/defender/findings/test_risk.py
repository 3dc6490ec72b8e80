import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.alerts.model import Alert, AlertType, Severity, Status
from holdfast.defender.findings.model import Finding
from holdfast.defender.findings.risk import AssetRisk, Grade, asset_risk, grade, zone_score
from holdfast.defender.findings.weak_points import WEAK_POINTS
from holdfast.defender.inventory.model import Asset, AssetType


def asset(kind: AssetType = AssetType.WORKSTATION, important: bool = False) -> Asset:
    return Asset("a1", 0.0, 0.0, types={kind: (50, "")}, important=important)


def finding(weak_point: str, detail: str = "") -> Finding:
    return Finding(WEAK_POINTS[weak_point], "10.0.0.1", detail, "ftp", 0.0, 0.0, 1)


def alert(severity: Severity, status: Status = Status.NEW) -> Alert:
    kind = AlertType("x", "X", "anomaly", severity, "Scan")
    return Alert("1", kind, severity, "a", "b", "tcp", 0.0, 0.0, ["s"], status=status)


def test_an_asset_without_weak_points_has_the_full_score() -> None:
    assert asset_risk(asset(), (), ()).score == 100.0


def test_each_kind_of_weak_point_counts_once() -> None:
    password = WEAK_POINTS["cleartext-password"].weight
    once = asset_risk(asset(), [finding("cleartext-password", "ftp")], ())
    twice = asset_risk(asset(), [finding("cleartext-password", d) for d in ("ftp", "telnet")], ())
    assert once.score == twice.score == 100 - password
    assert [(d.reason, d.points) for d in once.deductions] == [("Password in clear text", password)]


@pytest.mark.parametrize(
    ("severities", "score"),
    [
        ([Severity.HIGH], 85.0),
        ([Severity.HIGH] * 2, 77.5),
        ([Severity.HIGH] * 50, 70.0),
        ([Severity.LOW, Severity.MEDIUM], 89.0),
    ],
)
def test_open_alerts_count_less_and_less(severities: list[Severity], score: float) -> None:
    assert asset_risk(asset(), (), [alert(severity) for severity in severities]).score == score


def test_closed_alerts_do_not_count() -> None:
    assert asset_risk(asset(), (), [alert(Severity.HIGH, Status.CLOSED)]).score == 100.0


@given(st.lists(st.sampled_from(sorted(WEAK_POINTS))), st.lists(st.sampled_from(Severity)))
def test_the_score_is_between_nothing_and_full_and_its_reasons_add_up(
    weak: list[str], severities: list[Severity]
) -> None:
    risk = asset_risk(asset(), map(finding, weak), map(alert, severities))
    assert 0.0 <= risk.score <= 100.0
    lost = sum(deduction.points for deduction in risk.deductions)
    assert risk.score == pytest.approx(max(0.0, 100.0 - lost), abs=0.1)


def test_important_and_field_devices_weigh_more_in_their_zone() -> None:
    weights = [
        asset_risk(each, (), ()).weight
        for each in (asset(), asset(AssetType.PLC), asset(AssetType.WORKSTATION, important=True))
    ]
    assert weights == sorted(set(weights))


def test_a_zone_is_no_better_than_its_weakest_field_device_allows() -> None:
    def risk(score: float, weight: float = 1.0) -> AssetRisk:
        return AssetRisk(score, (), weight)

    assert zone_score([]) is None
    assert zone_score([risk(100.0), risk(50.0)]) == 75.0
    assert zone_score([risk(100.0), risk(40.0, 3.0)]) == 55.0
    assert zone_score([*[risk(100.0)] * 99, risk(40.0, 3.0)]) == 65.0


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (100, Grade.SECURE),
        (90, Grade.SECURE),
        (89.9, Grade.NEEDS_IMPROVEMENT),
        (70, Grade.NEEDS_IMPROVEMENT),
        (69, Grade.VULNERABLE),
    ],
)
def test_scores_have_words(score: float, word: Grade) -> None:
    assert grade(score) is word
