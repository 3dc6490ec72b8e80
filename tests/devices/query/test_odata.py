"""OData filters and orders of the REST API's lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.devices.query.fields import TEMPLATE_FILTER_FIELDS, device_filter_fields
from holdfast.devices.query.odata import parse_filter, parse_order
from holdfast.devices.query.tokens import FilterError
from holdfast.kernel.organizations import OrganizationPath
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator, Order

FIELDS = device_filter_fields({"north": OrganizationPath("/north/")}.get)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("provisioned eq true", Compare("provisioned", Operator.EQUAL, True)),
        ("Enabled ne true", Compare("enabled", Operator.NOT_EQUAL, True)),
        ("displayName ge 'm'", Compare("displayName", Operator.GREATER_OR_EQUAL, "m")),
        ("indexof(displayName,'x') ge 0", Compare("displayName", Operator.CONTAINS, "x")),
        ("indexof(displayName, 'x') eq -1", Not(Compare("displayName", Operator.CONTAINS, "x"))),
        ("contains(displayName,'a\\b')", Compare("displayName", Operator.CONTAINS, "a\\b")),
        ("id in ('a','b')", In("@id", ("a", "b"))),
        ("scopes eq 'north'", Compare("@organization", Operator.EQUAL, "/north/")),
        (
            "type eq 'GatewayDevice' or type eq 'EdgeDevice'",
            AnyOf((Compare("gateway", Operator.EQUAL, True), Compare("edge", Operator.EQUAL, True))),
        ),
        (
            "not (simulated eq true) and template ne 'dtmi:a;1'",
            All(
                (
                    Not(Compare("simulated", Operator.EQUAL, True)),
                    Compare("template", Operator.NOT_EQUAL, "dtmi:a;1"),
                )
            ),
        ),
    ],
)
def test_filters_of_devices(text: str, condition: Condition) -> None:
    assert parse_filter(text, FIELDS) == condition


@pytest.mark.parametrize("field", ["@id", "'@id'"])
def test_filters_of_templates(field: str) -> None:
    """The published examples put the name in quotes."""
    text = f"{field} eq 'dtmi:a;1' and capabilityModelId eq 'dtmi:b;1'"
    condition = parse_filter(text, TEMPLATE_FILTER_FIELDS)
    assert condition == All(
        (
            Compare("@id", Operator.EQUAL, "dtmi:a;1"),
            Compare("capabilityModel.@id", Operator.EQUAL, "dtmi:b;1"),
        )
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "provisioned = true",
        "provisioned eq",
        "colour eq 'red'",
        "indexof(displayName,'x') ge 3",
        "type eq 'Toaster'",
        "scopes eq 'south'",
        "provisioned eq true and",
        "provisioned eq true provisioned eq true",
    ],
)
def test_bad_filters_are_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text, FIELDS)


def test_orders() -> None:
    paths = {"displayName": "displayName", "id": "@id"}
    assert parse_order("displayName", paths) == Order("displayName")
    assert parse_order("id DESC", paths) == Order("@id", descending=True)
    for bad in ("", "displayName up", "colour", "a b c"):
        with pytest.raises(FilterError):
            parse_order(bad, paths)


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_one_error(text: str) -> None:
    for read in (lambda: parse_filter(text, FIELDS), lambda: parse_order(text, {"id": "@id"})):
        try:
            read()
        except FilterError:
            continue
