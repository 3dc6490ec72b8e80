"""`holdfast baseline` as a person uses it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.publishing.markdown import publish_pages
from holdfast.cli.main import build
from tests.baseline.publishing.publications import publication
from tests.baseline.samples import ODD_WORKBOOK, WORKBOOK, page


def run(*words: str) -> Result:
    return CliRunner().invoke(build("baseline"), ["baseline", *words])


def test_converts_a_workbook_to_a_page_in_the_words_of_another(tmp_path: Path) -> None:
    (tmp_path / WORKBOOK).write_bytes(ODD_WORKBOOK)
    (tmp_path / "like.md").write_bytes(page())
    output = tmp_path / "out.md"
    result = run(
        "convert",
        str(tmp_path / WORKBOOK),
        "--to",
        "markdown",
        "--like",
        str(tmp_path / "like.md"),
        "-o",
        str(output),
    )
    assert result.exit_code == 0
    assert output.read_text().startswith("---\ntitle: Shore security baseline for Tide Gauge\n")
    assert f"note: {WORKBOOK}, sheet" in result.stderr


def test_a_name_can_be_given(tmp_path: Path) -> None:
    (tmp_path / WORKBOOK).write_bytes(ODD_WORKBOOK)
    output = tmp_path / "out.md"
    run("convert", str(tmp_path / WORKBOOK), "--to", "markdown", "--name", "Großer Pegel", "-o", str(output))
    assert "# Security baseline for Großer Pegel\n" in output.read_text()


def test_a_source_that_cannot_be_read_leaves_no_output(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_bytes(page()[:900])
    output = tmp_path / "out.xlsx"
    result = run("convert", str(tmp_path / "bad.md"), "--to", "xlsx", "-o", str(output))
    assert isinstance(result.exception, DocumentError)
    assert not output.exists()


def test_a_workbook_has_no_sentences_to_learn_from(tmp_path: Path) -> None:
    (tmp_path / WORKBOOK).write_bytes(ODD_WORKBOOK)
    source = str(tmp_path / WORKBOOK)
    result = run("convert", source, "--to", "markdown", "--like", source, "-o", str(tmp_path / "x.md"))
    assert "has no standing sentences to learn from" in str(result.exception)


def test_an_unknown_benchmark_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_bytes(page())
    words = ("convert", str(tmp_path / "page.md"), "--to", "markdown", "-o", str(tmp_path / "x.md"))
    assert run(*words, "--benchmark", "iso").exit_code == 2


def test_an_edited_publication_is_found(tmp_path: Path) -> None:
    ((name, data), *_) = publish_pages(publication()).items()
    path = tmp_path / name
    path.write_bytes(data)
    assert run("check", str(path)).stdout == f"{name}: as published\n"
    path.write_bytes(data.replace(b"satisfied", b"perfect"))
    assert "was edited after it was published" in str(run("check", str(path)).exception)


def test_imports_and_compares(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_bytes(page())
    store = str(tmp_path / "store")
    assert "tide-gauge: 5 rows are in" in run("import", str(tmp_path / "page.md"), "--store", store).stdout
    table = run("compare", "tide-gauge", "holdfast", "--store", store).stdout
    assert table.startswith("| Control | Feature")
    assert "yes, from the start" in table
    assert "not assessed" not in table
    content = json.loads(run("compare", "tide-gauge", "holdfast", "--store", store, "--json").stdout)
    assert [service["key"] for service in content["services"]] == ["tide-gauge", "holdfast"]
    assert len(content["features"]) == 35
    ours = content["features"][0]["holdfast"]
    assert set(ours) >= {"supported", "enabled_by_default", "responsibility", "state"}
    assert "state" not in content["features"][0]["tide-gauge"]


@pytest.mark.parametrize("words", [("compare", "nowhere"), ("convert", "absent", "--to", "yaml", "-o", "x")])
def test_what_does_not_exist_is_named(words: tuple[str, ...]) -> None:
    assert words[1] in str(run(*words).exception)
