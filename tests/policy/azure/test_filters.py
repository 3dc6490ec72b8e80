"""What a request narrows its states to."""

import pytest

from holdfast.kernel.errors import InvalidError
from holdfast.policy.azure.filters import StateFields, filter_from
from holdfast.policy.compliance.judging import State
from holdfast.policy.compliance.reading import EVERYWHERE, Filter
from holdfast.resources.query import All, Compare, Condition, In, Not, Operator

ALL = Filter(EVERYWHERE)
EQ, GE = Operator.EQUAL, Operator.GREATER_OR_EQUAL
_DEVICE = "/organizations/north/providers/Holdfast.Devices/devices/pump"
_IN_GROUP = "/subscriptions/0/resourceGroups/g"
_AUTHORIZATION = "providers/Microsoft.Authorization"


def test_parameters_narrow_and_others_are_left_alone() -> None:
    given = {"policyAssignmentName": "Own", "complianceState": "noncompliant", "api-version": "x"}
    assert filter_from(given, ALL, unread) == Filter(EVERYWHERE, assignment="own", state=State.NON_COMPLIANT)


def unread(text: str) -> Condition:
    """Stands for the reader of filters where none is given."""
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("name", "operator", "value", "condition"),
    [
        ("ComplianceState", EQ, "noncompliant", Compare("state", EQ, "NonCompliant")),
        ("policyDefinitionId", EQ, "/providers/x/policyDefinitions/A", Compare("definition", EQ, "a")),
        ("policyDefinitionAction", Operator.NOT_EQUAL, "deny", Compare("effect", Operator.NOT_EQUAL, "deny")),
        ("timestamp", GE, "1970-01-01T00:00:05Z", Compare("evaluated", GE, 5.0)),
        ("isCompliant", EQ, False, In("state", ("NonCompliant", "Error"))),
        ("isCompliant", EQ, True, Not(In("state", ("NonCompliant", "Error")))),
        ("isCompliant", Operator.NOT_EQUAL, True, In("state", ("NonCompliant", "Error"))),
    ],
)
def test_a_field_of_a_record_is_compared(
    name: str, operator: Operator, value: str | bool, condition: Condition
) -> None:
    assert StateFields().compare(name, operator, value) == condition


@pytest.mark.parametrize(
    ("name", "operator", "value"),
    [
        ("colour", EQ, "red"),
        ("complianceState", EQ, "Purple"),
        ("isCompliant", EQ, "yes"),
        ("isCompliant", GE, True),
        ("timestamp", GE, "yesterday"),
    ],
)
def test_comparisons_that_mean_nothing_are_refused(name: str, operator: Operator, value: str | bool) -> None:
    with pytest.raises(InvalidError):
        StateFields().compare(name, operator, value)


def test_a_filter_and_an_interval_both_narrow() -> None:
    given = {"$filter": "x", "$from": "1970-01-01T00:00:05Z", "$to": "1970-01-01T00:00:09Z"}
    read = Compare("state", EQ, "Exempt")
    interval = (Compare("evaluated", GE, 5.0), Compare("evaluated", Operator.LESS_OR_EQUAL, 9.0))
    assert filter_from(given, ALL, lambda text: read) == Filter(EVERYWHERE, where=All((read, *interval)))


@pytest.mark.parametrize("given", [{"complianceState": "Purple"}, {"$from": "soon"}])
def test_what_would_have_to_be_left_out_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(InvalidError):
        filter_from(given, ALL, unread)


@pytest.mark.parametrize(
    ("scope", "narrowed"),
    [
        ("", {}),
        ("subscriptions/0", {}),
        ("subscriptions/0/resourceGroups/g", {}),
        ("providers/Microsoft.Management/managementGroups/m", {}),
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
    assert filter_from({}, ALL, unread, scope) == Filter(EVERYWHERE, **narrowed)  # type: ignore[arg-type]  # texts by name


def test_states_of_other_policy_resources_do_not_exist() -> None:
    with pytest.raises(InvalidError):
        filter_from({}, ALL, unread, f"{_AUTHORIZATION}/policyExemptions/x")
