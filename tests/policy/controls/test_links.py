"""Which assigned policies speak for which control, and the published table of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.kernel.json import JsonObject
from holdfast.policy.builtin.catalog import BASELINE, entries
from holdfast.policy.compliance.model import Counts
from holdfast.policy.controls.links import PolicyControls, PolicyRow, control_of_group
from holdfast.policy.kinds.names import INITIATIVE, full_id
from tests.policy.compliance.samples import Watched, open_watched
from tests.policy.engine.samples import DEVICES

_RULE: JsonObject = {
    "allOf": [{"field": "type", "equals": DEVICES}, {"field": f"{DEVICES}/enabled", "equals": False}]
}


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with open_watched(tmp_path) as opened:
        yield opened


def controls(watched: Watched) -> PolicyControls:
    watched.catch_up()
    return PolicyControls(watched.world.store, watched.reading)


@pytest.mark.parametrize(
    ("group", "control"),
    [
        ("Azure_Security_Benchmark_v3.0_NS-2", "NS-2"),
        ("Microsoft_cloud_security_benchmark_v2.0_AI-1", "AI-1"),
        ("PV-6", "PV-6"),
        ("NIST_SP_800-53_R4_AC-2(1)", ""),
        ("tidy", ""),
    ],
)
def test_groups_of_published_initiatives_name_controls(group: str, control: str) -> None:
    assert control_of_group(group) == control


def test_our_own_policies_speak_for_a_control_and_a_feature(watched: Watched) -> None:
    watched.world.assign(full_id(INITIATIVE, BASELINE), "baseline")
    links = {link.definition: link for link in controls(watched).links()}
    assert set(links) == {entry.name for entry in entries()}
    link = links["hf-public-access-off"]
    assert (link.control, link.feature) == ("NS-2", "disable-public-network-access")
    assert (link.assignment, link.reference) == ("baseline", "hf-public-access-off")
    assert link.counts == Counts(non_compliant=1)


def test_imported_initiatives_add_theirs_by_their_groups(watched: Watched) -> None:
    world = watched.world
    parameters: JsonObject = {
        "effect": {"type": "String", "defaultValue": "Audit", "allowedValues": ["Audit", "Deny"]}
    }
    definition = world.define(
        "own",
        _RULE,
        "[parameters('effect')]",
        parameters=parameters,
        version="2.1.0",
        description="Devices that nobody uses are blocked.",
    )
    groups = ["Azure_Security_Benchmark_v3.0_AM-3", "Azure_Security_Benchmark_v3.0_IM-1", "tidy"]
    initiative: JsonObject = {
        "displayName": "Published",
        "policyType": "BuiltIn",
        "policyDefinitionGroups": [{"name": group} for group in groups],
        "policyDefinitions": [
            {"policyDefinitionId": definition, "policyDefinitionReferenceId": "a", "groupNames": [*groups]}
        ],
    }
    world.put(INITIATIVE, "published", initiative)
    world.assign(full_id(INITIATIVE, "published"), "published")
    world.put("device", "pump", {})
    found = controls(watched)
    assert [(link.control, link.feature, link.counts.compliant) for link in found.links()] == [
        ("AM-3", "", 1),
        ("IM-1", "", 1),
    ]
    rows = [row for row in found.rows() if row.definition_id == definition]
    expected = PolicyRow(
        "AM-3", "", "About own", definition, "Devices that nobody uses are blocked.", "Audit, Deny", "2.1.0"
    )
    assert rows == [expected, expected._replace(control="IM-1")]


def test_the_table_has_a_row_for_each_of_our_own(watched: Watched) -> None:
    rows = {row.name: row for row in controls(watched).rows()}
    assert len(rows) == len(entries())
    row = rows["Public network access should be disabled"]
    assert (row.effects, row.version, row.control) == ("Modify, Audit, Disabled", "1.0.0", "NS-2")
