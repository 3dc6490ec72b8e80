"""Features side by side."""

from holdfast.baseline.comparison import as_json, compare
from holdfast.baseline.documents.workbook.reader import read_workbook
from holdfast.baseline.model.vocabulary import Responsibility, Standing
from holdfast.baseline.services import carried_service
from holdfast.kernel.json import at_path
from tests.baseline.samples import ODD_WORKBOOK, WORKBOOK

CENTRAL = carried_service("iot-central")
HOLDFAST = carried_service("holdfast")


def cell(feature: str, service: str) -> object:
    content = as_json(compare([CENTRAL, HOLDFAST]))
    lines = content["features"]
    assert isinstance(lines, list)
    line = next(line for line in lines if at_path(line, "feature") == feature)
    assert at_path(line, f"services.{service}") == at_path(line, service)
    return at_path(line, service)


def test_answers_of_each_service() -> None:
    assert cell("Data in Transit Encryption", "iot-central") == {
        "supported": True,
        "enabled_by_default": True,
        "responsibility": "Microsoft",
        "standing": "meets",
    }
    assert cell("Network Security Group Support", "iot-central") == {
        "supported": None,
        "enabled_by_default": None,
        "responsibility": "Not Applicable",
        "standing": "not applicable",
    }


def test_our_claims_have_a_state_and_others_none() -> None:
    ours = cell("Azure RBAC for Data Plane", "holdfast")
    assert isinstance(ours, dict)
    assert ours["state"] == "not assessed"
    theirs = cell("Azure RBAC for Data Plane", "iot-central")
    assert isinstance(theirs, dict)
    assert "state" not in theirs


def test_an_assessment_gives_the_state() -> None:
    comparison = compare([HOLDFAST], {("holdfast", "role-based-access"): "satisfied"})
    line = next(line for line in comparison.lines if line.feature.key == "role-based-access")
    assert line.cells["holdfast"].state == "satisfied"


def test_a_local_credential_counts_against_its_service() -> None:
    comparison = compare([CENTRAL, carried_service("microsoft-defender-for-iot")])
    line = next(line for line in comparison.lines if line.feature.key == "local-authentication")
    assert line.cells["iot-central"].standing is Standing.PARTLY
    assert line.cells["microsoft-defender-for-iot"].standing is Standing.MEETS


def test_standings_are_counted_over_all_features() -> None:
    counts = compare([CENTRAL]).standings("iot-central")
    assert (counts[Standing.MEETS], counts[Standing.PARTLY], counts[Standing.SHORT]) == (2, 7, 9)
    assert counts.total() == 35


def test_of_duplicate_rows_the_regular_one_counts() -> None:
    baseline = read_workbook(ODD_WORKBOOK, WORKBOOK).baseline
    entry = next(item for item in baseline.entries if item.feature == "Local Admin Accounts")
    regular = entry.model_copy(update={"responsibility": Responsibility.NOT_APPLICABLE})
    doubled = baseline.model_copy(update={"entries": (*baseline.entries, regular)})
    line = next(item for item in compare([doubled]).lines if item.feature.key == "local-admin-accounts")
    assert line.cells["tide-gauge"].responsibility is Responsibility.NOT_APPLICABLE
