"""A page that is read and written again is the same page; one page lends its sentences to another service."""

import pytest

from holdfast.baseline.documents.conversion import Format, parse_document, write_document
from holdfast.baseline.documents.markdown.reader import read_page
from holdfast.baseline.documents.markdown.writer import write_page
from holdfast.baseline.documents.workbook.reader import read_workbook
from holdfast.baseline.model.service import ServiceBaseline
from tests.baseline.samples import WORKBOOK, page, pages, shared_file, workbooks

PAGES = pages()
WORKBOOKS = workbooks()


@pytest.mark.parametrize(("name", "data"), PAGES, ids=[name for name, _ in PAGES])
def test_a_page_survives(name: str, data: bytes) -> None:
    assert write_page(read_page(data, name).baseline) == data


@pytest.mark.parametrize(("name", "data"), PAGES, ids=[name for name, _ in PAGES])
def test_a_page_survives_the_way_through_yaml(name: str, data: bytes) -> None:
    yaml = write_document(read_page(data, name).baseline, Format.YAML).data
    baseline = parse_document(yaml, "service.yaml").baseline
    assert write_document(baseline, Format.MARKDOWN).data == data


def test_the_published_page_comes_out_of_the_workbook() -> None:
    """With the sentences of another service's page; without shared data our own pair stands in."""
    source = shared_file("baselines", "xlsx", WORKBOOK.replace("tide-gauge", "key-vault"))
    like = shared_file("seeds", "iot-central-security-baseline.md")
    expected = shared_file("baselines", "key-vault-security-baseline.md")
    if source and like and expected:
        baseline = read_workbook(source.read_bytes(), source.name).baseline
        wording = read_page(like.read_bytes(), like.name).baseline.wording
        written = write_document(baseline, Format.MARKDOWN, wording).data
        assert _body(written) == _body(expected.read_bytes())
    else:
        baseline = read_page(page(), "page.md").baseline
        assert write_page(baseline.model_copy(update={"wording": None}), baseline.wording) == page()


def _body(data: bytes) -> list[str]:
    return data.decode().split("---\n", 2)[2].split("\n")


@pytest.mark.parametrize(("name", "data"), WORKBOOKS, ids=[name[:24] for name, _ in WORKBOOKS])
def test_what_a_workbook_says_stands_on_its_page(name: str, data: bytes) -> None:
    baseline = read_workbook(data, name).baseline
    again = read_page(write_page(baseline), "page.md").baseline
    assert _answers(again) == _answers(baseline)
    assert [line.value for line in again.profile] == [line.value for line in baseline.profile]


def _answers(baseline: ServiceBaseline) -> set[tuple[str, str]]:
    """Features that apply, by name; of duplicates and orphans only that they are there."""
    return {
        (entry.feature, str(entry.supported))
        for entry in baseline.entries
        if entry.supported.as_boolean is not None
    }


def test_another_service_takes_over_the_sentences_but_not_the_facts() -> None:
    learned = read_page(page(), "page.md").baseline
    other = read_workbook(WORKBOOKS[0][1], "rain-meter-azure-security-benchmark-v3.xlsx").baseline
    text = write_page(other, learned.wording).decode()
    assert "title: Shore security baseline for Rain Meter" in text
    assert "ms.service: rain-meter" in text
    assert "How Rain Meter fares under the [Azure Security Benchmark" in text
    assert "/x/rain-meter-azure-security-benchmark-v3-latest-security-baseline.xlsx" in text
    assert "Benchmark: Backup and recovery](../security-controls-v3-backup-recovery.md).*" in text
    assert "Tide Gauge" not in text


def test_a_service_named_like_a_product_keeps_the_products_name() -> None:
    text = PAGES[0][1].decode().replace("Tide Gauge", "Azure Policy").replace("tide-gauge", "azure-policy")
    text = text.replace("in four lines", "in four lines; Azure Policy definitions follow")
    wording = read_page(text.encode(), "page.md").baseline.wording
    assert wording is not None
    assert wording.profile_sentence == "{service} in four lines; Azure Policy definitions follow."
