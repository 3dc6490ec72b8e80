"""What a request narrows its states to."""

import pytest

from holdfast.kernel.errors import InvalidError
from holdfast.policy.azure.filters import filter_from
from holdfast.policy.compliance.judging import State
from holdfast.policy.compliance.reading import EVERYWHERE, Filter

ALL = Filter(EVERYWHERE)
_DEVICE = "/organizations/north/providers/Holdfast.Devices/devices/pump"
_IN_GROUP = "/subscriptions/0/resourceGroups/g"
_AUTHORIZATION = "providers/Microsoft.Authorization"


def test_parameters_narrow_and_others_are_left_alone() -> None:
    given = {"policyAssignmentName": "Own", "complianceState": "noncompliant", "api-version": "x"}
    assert filter_from(given, ALL) == Filter(EVERYWHERE, assignment="own", state=State.NON_COMPLIANT)


@pytest.mark.parametrize(
    ("text", "narrowed"),
    [
        ("complianceState eq 'NonCompliant'", {"state": State.NON_COMPLIANT}),
        (
            "PolicyDefinitionName eq 'a' and resourceId eq 'it''s' AND complianceState eq 'Exempt'",
            {"definition": "a", "resource": "it's", "state": State.EXEMPT},
        ),
        (
            f"policyAssignmentId eq '/subscriptions/0/{_AUTHORIZATION}/policyAssignments/Own'",
            {"assignment": "own"},
        ),
        ("", {}),
    ],
)
def test_a_filter_narrows(text: str, narrowed: dict[str, object]) -> None:
    assert filter_from({"$filter": text}, ALL) == Filter(EVERYWHERE, **narrowed)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "given",
    [
        {"$filter": "complianceState ne 'Compliant'"},
        {"$filter": "colour eq 'red'"},
        {"$filter": "resourceType eq 'a' or resourceType eq 'b'"},
        {"$filter": "resourceType eq 'a"},
        {"$apply": "groupby((resourceId))"},
        {"$orderby": "timestamp desc"},
        {"complianceState": "Purple"},
    ],
)
def test_what_would_have_to_be_left_out_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(InvalidError):
        filter_from(given, ALL)


@pytest.mark.parametrize(
    ("scope", "narrowed"),
    [
        ("", {}),
        ("subscriptions/0", {}),
        ("subscriptions/0/resourceGroups/g", {}),
        ("organizations/north", {"resource": "/organizations/north"}),
        (f"{_IN_GROUP}{_DEVICE}", {"resource": _DEVICE}),
        (f"subscriptions/0/{_AUTHORIZATION}/policyAssignments/Own", {"assignment": "own"}),
        (f"{_AUTHORIZATION}/policySetDefinitions/mcsb", {"initiative": "mcsb"}),
        (
            f"organizations/north/{_AUTHORIZATION}/policyDefinitions/d",
            {"definition": "d", "resource": "/organizations/north"},
        ),
    ],
)
def test_the_scope_in_an_address_narrows(scope: str, narrowed: dict[str, str]) -> None:
    assert filter_from({}, ALL, scope) == Filter(EVERYWHERE, **narrowed)  # type: ignore[arg-type]  # texts by name


def test_states_of_other_policy_resources_do_not_exist() -> None:
    with pytest.raises(InvalidError):
        filter_from({}, ALL, f"{_AUTHORIZATION}/policyExemptions/x")
