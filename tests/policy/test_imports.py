import json
from pathlib import Path

import pytest

from holdfast.policy.imports import Kind, import_folder, kind_of
from holdfast.policy.reading import (
    UnreadableError,
    read_catalog,
    read_object,
    read_parameters,
    read_resources,
)

RULE = {"if": {"field": "type", "equals": "X"}, "then": {"effect": "audit"}}
INITIATIVE = {"policyDefinitions": [{"policyDefinitionId": "/d"}]}


def write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder as people clone it: policies among other files."""
    folder = tmp_path / "checkout"
    write(folder / "a" / "first.json", {"name": "0001", "properties": {"policyRule": RULE}})
    write(folder / "a" / "second.json", {"properties": {"policyRule": RULE}})
    write(folder / "sets" / "set.json", {"name": "the set", "properties": INITIATIVE})
    write(folder / "sets" / "broken.json", {"properties": {"policyDefinitions": [7]}})
    write(
        folder / "a" / "wrong.json",
        {"policyRule": {"if": {"field": "a", "is": 1}, "then": {"effect": "audit"}}},
    )
    write(folder / "params.json", {"parameters": {}})
    write(folder / "list.json", [1, 2])
    write(folder / "text.json", "not json")
    write(folder / ".git" / "config.json", {"policyRule": RULE})
    write(folder / "bad name" / "..json", {"name": "../../escape", "policyRule": RULE})
    return folder


def test_a_checkout_is_taken_over_as_it_is(checkout: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    imported = {each.path.name: each for each in import_folder(checkout, library)}
    stored = sorted(str(path.relative_to(library)) for path in library.rglob("*.json"))
    assert stored == [
        "definitions/0001.json",
        "definitions/policy.json",
        "definitions/second.json",
        "initiatives/the set.json",
    ]
    assert json.loads((library / "definitions/0001.json").read_text()) == {
        "name": "0001",
        "properties": {"policyRule": RULE},
    }
    assert imported["params.json"].kind is Kind.OTHER
    assert not imported["params.json"].refused


def test_what_is_refused_is_named_with_its_reason(checkout: Path, tmp_path: Path) -> None:
    imported = {each.path.name: each.refused for each in import_folder(checkout, tmp_path / "library")}
    assert "'is' is neither an operator" in imported["wrong.json"]
    assert "/policyRule/if/is" in imported["wrong.json"]
    assert "object" in imported["broken.json"]
    assert "not JSON" in imported["text.json"]


def test_importing_again_replaces(checkout: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    list(import_folder(checkout, library))
    changed = {"name": "0001", "properties": {"displayName": "new", "policyRule": RULE}}
    write(checkout / "a" / "first.json", changed)
    list(import_folder(checkout, library))
    assert json.loads((library / "definitions/0001.json").read_text()) == changed


def test_a_library_that_cannot_be_written_is_said_so(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "library").write_text("a file")
    with pytest.raises(UnreadableError, match="cannot be written"):
        list(import_folder(checkout, tmp_path / "library"))


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"properties": {"policyRule": {}}}, Kind.DEFINITION),
        ({"PolicyRule": {}}, Kind.DEFINITION),
        ({"properties": INITIATIVE}, Kind.INITIATIVE),
        ({"properties": {}}, Kind.OTHER),
        ([], Kind.OTHER),
    ],
)
def test_documents_are_told_apart(document: object, kind: Kind) -> None:
    assert kind_of(document) is kind


def test_parameters_come_plain_or_wrapped(tmp_path: Path) -> None:
    for document in ({"a": 1}, {"a": {"value": 1}}, {"parameters": {"a": {"value": 1}}}):
        assert read_parameters(write(tmp_path / "p.json", document)) == {"a": 1}
    assert read_parameters(None) == {}


def test_resources_come_alone_or_in_lists(tmp_path: Path) -> None:
    for document, number in (({"type": "x"}, 1), ([{}, {}], 2), ({"value": [{}, {}, {}]}, 3)):
        assert len(read_resources(write(tmp_path / "r.json", document))) == number


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"none\.json"):
        read_object(tmp_path / "none.json")
    with pytest.raises(UnreadableError, match="object"):
        read_object(write(tmp_path / "l.json", []))
    with pytest.raises(UnreadableError, match="no alias catalog"):
        read_catalog([write(tmp_path / "c.json", {"a": 1})])
    with pytest.raises(UnreadableError, match="none"):
        read_catalog([tmp_path / "none"])
    with pytest.raises(UnreadableError, match=r"There is no .*none"):
        list(import_folder(tmp_path / "none", tmp_path / "library"))
