import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy.language.aliases.catalog import Catalog, load_catalog
from holdfast.policy.language.aliases.denormalize import denormalize
from holdfast.policy.language.aliases.model import TypeAliases
from holdfast.policy.language.aliases.normalize import normalize
from holdfast.policy.language.aliases.paths import PathSyntaxError, split_path
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.values import same
from tests.policy.language.build import VALVES, alias, catalog, valve

VALUES = st.none() | st.booleans() | st.integers(0, 5) | st.text("ab", max_size=2)
PORTS = st.lists(
    st.fixed_dictionaries(
        {
            "name": VALUES,
            "properties": st.dictionaries(st.sampled_from(["state", "extra"]), VALUES, min_size=1),
        }
    ),
    max_size=3,
)
RESOURCES = st.fixed_dictionaries(
    {"type": st.just(VALVES), "name": VALUES},
    optional={
        "tags": st.dictionaries(st.text("ab", max_size=2), VALUES, max_size=2),
        "sku": st.fixed_dictionaries({"tier": VALUES}),
        "properties": st.fixed_dictionaries(
            {"open": VALUES},
            optional={"ports": PORTS, "limits": st.fixed_dictionaries({"lowest": VALUES})},
        ),
    },
)


def aliases() -> TypeAliases:
    known = catalog().of(VALVES)
    assert known is not None
    return known


@given(RESOURCES)
def test_a_resource_comes_back_as_it_was(resource: dict[str, object]) -> None:
    restored = denormalize(normalize(resource, aliases()), aliases())
    assert same(restored, resource)


def test_normalizing_unwraps_folds_and_renames() -> None:
    resource = valve(
        open=True,
        limits={"maximumPressure": 3},
        ports=[{"name": "in", "properties": {"State": "open", "links": [{"properties": {"speed": 1}}]}}],
    )
    resource["Tags"] = {"Team": {"Inner": 1}}
    assert normalize(resource, aliases()) == {
        "name": "v1",
        "type": VALVES,
        "location": "West Europe",
        "tags": {"team": {"Inner": 1}},
        "open": True,
        "limits": {"maximumpressure": 3, "pressure": 3},
        "ports": [{"name": "in", "state": "open", "links": [{"speed": 1}]}],
    }


def test_nothing_of_the_resource_is_changed() -> None:
    resource = valve(ports=[{"name": "in", "properties": {"state": "open"}}])
    before = json.dumps(resource)
    flat = normalize(resource, aliases())
    denormalize(flat, aliases())
    assert json.dumps(resource) == before
    assert flat == normalize(resource, aliases())


@pytest.mark.parametrize("document", [None, True, 7, "text", [1]])
def test_what_is_no_object_stays_as_it_is(document: object) -> None:
    assert normalize(document, aliases()) == document
    assert denormalize(document, aliases()) == document


def test_a_property_with_the_name_of_a_root_field_is_kept_apart() -> None:
    known = catalog("Plant.Water/tanks", [("type", "properties.type", False)]).of("Plant.Water/tanks")
    resource = {"type": "Plant.Water/tanks", "properties": {"type": "steel"}}
    flat = normalize(resource, known)
    assert flat == {"type": "Plant.Water/tanks", "_p_type": "steel"}
    assert denormalize(flat, known) == resource


def versioned() -> Catalog:
    entry = {
        "name": "Plant.Water/pumps/speed",
        "defaultPath": "properties.speed",
        "paths": [
            {"path": "properties.motor.rpm", "apiVersions": ["2020-01-01"]},
            {"path": "sku.speed", "apiVersions": ["2021-01-01", "2021-06-01-Preview"]},
        ],
    }
    provider = {"namespace": "Plant.Water", "resourceTypes": [{"resourceType": "pumps", "aliases": [entry]}]}
    return load_catalog(json.dumps({"value": [provider]}))


@pytest.mark.parametrize(
    ("version", "resource"),
    [
        (None, {"properties": {"speed": 9}}),
        ("2020-01-01", {"properties": {"motor": {"rpm": 9}}}),
        ("2021-06-01-PREVIEW", {"sku": {"speed": 9}}),
        ("1999-01-01", {"properties": {"speed": 9}}),
    ],
)
def test_the_api_version_chooses_the_path(version: str | None, resource: dict[str, object]) -> None:
    known = versioned().of("plant.water/PUMPS")
    flat = normalize(resource, known, version)
    assert isinstance(flat, dict)
    assert flat["speed"] == 9
    assert denormalize({"speed": 9}, known, version) == resource


def test_data_plane_resources_have_no_wrapper() -> None:
    manifest = {
        "dataNamespace": "Plant.Data",
        "aliases": [
            {"name": "Plant.Data/logs/entries/kind", "paths": [{"path": "kind", "schemaVersions": ["1"]}]}
        ],
        "resourceTypeAliases": [
            {"resourceType": "logs", "aliases": []},
            {
                "resourceType": "logs/entries",
                "aliases": [{"name": "Plant.Data/logs/entries/maxLines", "paths": [{"path": "maxLines"}]}],
            },
        ],
    }
    known = load_catalog(json.dumps(manifest)).of("Plant.Data/logs/entries")
    assert known is not None
    assert set(known.aliases) == {"kind", "maxlines"}
    resource = {"type": "Plant.Data/logs/entries", "kind": "k", "maxLines": 3}
    flat = normalize(resource, known)
    assert flat == {"type": "Plant.Data/logs/entries", "kind": "k", "maxlines": 3}
    assert denormalize(flat, known) == resource


def test_the_members_of_unknown_arrays_are_unwrapped_on_request() -> None:
    resource = {"properties": {"links": [{"name": "a", "properties": {"state": "up"}}]}}
    assert normalize(resource) == {"links": [{"name": "a", "properties": {"state": "up"}}]}
    assert normalize(resource, guess=True) == {"links": [{"name": "a", "state": "up"}]}


def test_a_catalog_finds_aliases_in_any_case_and_arrays_by_their_members() -> None:
    known = catalog()
    found = known.alias(alias("OPEN").upper())
    assert found is not None
    assert found.modifiable
    assert known.covers(alias("owners"))
    assert not known.covers(alias("color"))
    assert known.key(alias("owners")) == "owners"
    assert known.key("Vendor/things/properties.Color") == "color"
    assert len(known.extended(versioned())) == 2


def test_a_later_catalog_adds_to_a_type() -> None:
    more = catalog(aliases=[("open", "properties.isOpen", False), ("color", "properties.color", False)])
    both = catalog().extended(more)
    opened = both.alias(alias("open"))
    assert opened is not None
    assert opened.path == "properties.isOpen"
    assert both.covers(alias("owners[*]"))


@pytest.mark.parametrize(
    "document",
    [
        "",
        "7",
        "{}",
        '{"value": 7}',
        '["x"]',
        '[{"resourceTypes": [7]}]',
        '[{"resourceTypes": [{"aliases": [7]}]}]',
    ],
)
def test_what_is_no_catalog_is_refused(document: str) -> None:
    with pytest.raises(DefinitionError):
        load_catalog(document)


def test_the_default_path_may_be_an_object_as_the_command_line_tool_writes_it() -> None:
    entry = {"name": "A.B/c/d", "defaultPath": {"path": "properties.e", "apiVersions": []}}
    known = load_catalog(
        json.dumps([{"namespace": "A.B", "resourceTypes": [{"resourceType": "c", "aliases": [entry]}]}])
    )
    found = known.alias("A.B/c/d")
    assert found is not None
    assert found.path == "properties.e"


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("A.b", ("a", "b")),
        ("a[0].b", ("a", "0", "b")),
        ("a['X y'].b", ("a", "x y", "b")),
        ('a["x.y"]', ("a", "x.y")),
        ("a[0][1]", ("a", "0", "1")),
    ],
)
def test_paths_are_split_at_dots_and_brackets(path: str, segments: tuple[str, ...]) -> None:
    assert split_path(path) == segments


@pytest.mark.parametrize("path", ["", " ", "a.", ".a", "a..b", "a[", "a[]", "a[0]b", "a[0]."])
def test_broken_paths_are_refused(path: str) -> None:
    with pytest.raises(PathSyntaxError):
        split_path(path)
