"""YAML loses nothing and accepts only data."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.markdown.reader import read_page
from holdfast.baseline.documents.service_yaml import read_service_yaml, write_service_yaml
from holdfast.baseline.documents.workbook.reader import read_workbook
from tests.baseline.samples import page, workbooks

WORKBOOKS = workbooks()

SMALL = """key: buoy
name: Buoy
profile: []
entries:
  - feature: Azure Backup
    supported: false
"""


def problem(text: str | bytes) -> str:
    with pytest.raises(DocumentError) as error:
        read_service_yaml(text.encode() if isinstance(text, str) else text, "buoy.yaml")
    return str(error.value)


@pytest.mark.parametrize(("name", "data"), WORKBOOKS, ids=[name[:24] for name, _ in WORKBOOKS])
def test_a_workbook_survives(name: str, data: bytes) -> None:
    baseline = read_workbook(data, name).baseline
    assert read_service_yaml(write_service_yaml(baseline), "x.yaml").baseline == baseline


def test_a_page_with_its_wording_survives() -> None:
    baseline = read_page(page(), "page.md").baseline
    assert read_service_yaml(write_service_yaml(baseline), "x.yaml").baseline == baseline


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_survives(text: str) -> None:
    baseline = read_service_yaml(SMALL.encode(), "buoy.yaml").baseline
    entry = baseline.entries[0].model_copy(update={"notes": text})
    baseline = baseline.model_copy(update={"entries": (entry,)})
    assert read_service_yaml(write_service_yaml(baseline), "x.yaml").baseline.entries[0].notes == text


def test_what_is_to_be_understood_stays_unwritten() -> None:
    written = write_service_yaml(read_service_yaml(SMALL.encode(), "buoy.yaml").baseline).decode()
    assert "guidance" not in written
    assert "enabled_by_default" not in written


def test_longer_texts_are_blocks() -> None:
    baseline = read_page(page(), "page.md").baseline
    assert "guidance: |-\n    Anchor it.\n    1) once\n" in write_service_yaml(baseline).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SMALL.replace("name: Buoy", "name: &n Buoy"), "line 2: anchors and aliases are not accepted"),
        (SMALL + "owner: *n\n", "line 7: anchors and aliases are not accepted"),
        (SMALL + "key: buoy\n", "line 7: the key 'key' occurs twice; remove one"),
        (
            SMALL.replace("supported: false", "supported: false\n    supported: true"),
            "line 7: the key 'supported'",
        ),
        (
            SMALL.replace("Buoy\n", "!!python/object:os.system x\n"),
            "line 2: the tag tag:yaml.org,2002:python",
        ),
        (SMALL + "colour: red\n", "line 7: colour: Extra inputs are not permitted"),
        (SMALL.replace("key: buoy\n", ""), "line 1: key: Field required"),
        (SMALL.replace("false", "maybe"), "line 6: entries.0.supported: Input should be 'True', 'False'"),
        (
            SMALL.replace("false", "true"),
            "line 5: entries.0: Azure Backup: the answers True / Not Applicable / Not Applicable do not go",
        ),
        (SMALL + "benchmark: iso\n", 'benchmark is "iso"; known are asb-v3 and mcsb-v1'),
        (SMALL + "profile: [\n", "did not find expected node content"),
        (SMALL + "? [a]\n: b\n", "line 7: a key must be a single text"),
        ("[" * 30, "is nested deeper than 24 levels"),
        ("- a\n- b\n", "it must be a mapping"),
        ("", "it must be a mapping"),
        ("a: 1\n---\nb: 2\n", "line 2: but found another document"),
        ("key: 2026-13-45\n", "holds a value that cannot be read"),
        (b"key: \xff", "is not UTF-8 text (byte 5)"),
    ],
)
def test_errors_say_where_and_what(text: str | bytes, expected: str) -> None:
    found = problem(text)
    assert found.startswith("buoy.yaml")
    assert expected in found


def test_an_irregular_answer_with_a_reason_is_accepted() -> None:
    text = SMALL + "    responsibility: Operator\n    reason: A leftover of the first edition.\n"
    document = read_service_yaml(text.encode(), "buoy.yaml")
    assert document.baseline.entries[0].reason
    assert any("do not go together" in str(oddity) for oddity in document.oddities)
