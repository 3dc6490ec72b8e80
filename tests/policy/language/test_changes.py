import copy

import pytest

from holdfast.policy.language.changes import Changed, apply_operations
from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.evaluation.effects import Operation
from holdfast.policy.language.values import UNDEFINED
from tests.policy.language.build import alias, catalog, valve


def carry_out(resource: object, *operations: Operation) -> Changed:
    before = copy.deepcopy(resource)
    changed = apply_operations(resource, operations, catalog())
    assert resource == before, "the resource that was given was changed"
    return changed


def resource() -> dict[str, object]:
    return {
        **valve(
            open=True, owners=["ann"], ports=[{"name": "a", "properties": {"state": "x"}}, {"name": "b"}]
        ),
        "tags": {"Team": "ops"},
    }


@pytest.mark.parametrize(
    ("operation", "pointer", "before", "after"),
    [
        (Operation("addOrReplace", alias("open"), False), "/properties/open", True, False),
        (
            Operation("addOrReplace", alias("limits.pressure"), 7),
            "/properties/limits/maximumPressure",
            UNDEFINED,
            7,
        ),
        (Operation("add", "tags.Cost Center", "7"), "/tags/Cost Center", UNDEFINED, "7"),
        (Operation("add", "tags['a/b']", "7"), "/tags/a~1b", UNDEFINED, "7"),
        (Operation("addOrReplace", "tags.TEAM", "it"), "/tags/Team", "ops", "it"),
        (Operation("remove", "tags[team]", UNDEFINED), "/tags/Team", "ops", UNDEFINED),
        (Operation("add", alias("owners[*]"), ["bob", "ann"]), "/properties/owners", ["ann"], ["ann", "bob"]),
        (Operation("addOrReplace", alias("owners[*]"), "bob"), "/properties/owners", ["ann"], ["bob"]),
        (Operation("remove", alias("owners[*]"), "ann"), "/properties/owners", ["ann"], []),
        (Operation("addOrReplace", "location", "here"), "/location", "West Europe", "here"),
        (Operation("addOrReplace", "identity.type", "None"), "/identity/type", UNDEFINED, "None"),
        (Operation("addOrReplace", "Vendor/x/color", "red"), "/properties/color", UNDEFINED, "red"),
        (Operation("addOrReplace", "properties.color", "red"), "/properties/color", UNDEFINED, "red"),
        (Operation("append", "tags.new", 1), "/tags/new", UNDEFINED, 1),
        (Operation("append", alias("owners[*]"), "bob"), "/properties/owners", ["ann"], ["ann", "bob"]),
    ],
)
def test_operations_change_one_place(
    operation: Operation, pointer: str, before: object, after: object
) -> None:
    changed = carry_out(resource(), operation)
    assert [(each.pointer, each.before, each.after) for each in changed.changes] == [(pointer, before, after)]
    assert not changed.conflicts


@pytest.mark.parametrize(
    "operation",
    [
        Operation("add", "tags.team", "it"),
        Operation("addOrReplace", alias("open"), True),
        Operation("remove", "tags.none", UNDEFINED),
        Operation("remove", alias("limits.pressure"), UNDEFINED),
        Operation("append", "tags.team", "ops"),
        Operation("addOrReplace", alias("open"), False, condition=False),
        Operation("addOrReplace", "name.first", "x"),
    ],
)
def test_what_is_so_already_or_must_not_be_stays(operation: Operation) -> None:
    changed = carry_out(resource(), operation)
    assert changed == Changed(resource(), (), ())


def test_a_field_of_members_is_changed_in_each_of_them() -> None:
    changed = carry_out(resource(), Operation("addOrReplace", alias("ports[*].state"), "shut"))
    assert [each.pointer for each in changed.changes] == [
        "/properties/ports/0/properties/state",
        "/properties/ports/1/properties/state",
    ]


def test_append_never_overwrites() -> None:
    changed = carry_out(resource(), Operation("append", "tags.team", "it"))
    assert changed.conflicts == ("tags.team",)
    assert changed.resource == resource()


def test_operations_build_on_one_another() -> None:
    steps = [
        Operation("add", "tags.a", 1),
        Operation("addOrReplace", "tags.a", 2),
        Operation("remove", "tags.a", UNDEFINED),
    ]
    assert carry_out({"name": "bare"}, *steps).resource == {"name": "bare", "tags": {}}


@pytest.mark.parametrize(
    "operation",
    [
        Operation("add", "tags.a", 1, condition=UNDEFINED),
        Operation("add", "tags.a", 1, condition="true"),
        Operation("add", "tags.a", UNDEFINED),
        Operation("add", "/", 1),
    ],
)
def test_what_could_not_be_computed_is_an_error(operation: Operation) -> None:
    with pytest.raises(TemplateError):
        carry_out(resource(), operation)


def test_what_is_no_object_has_no_fields_to_change() -> None:
    assert carry_out([1], Operation("add", "tags.a", 1)).changes == ()
