"""How rows of a workbook come together on a page."""

import pytest

from holdfast.baseline.data.catalog import BENCHMARKS, benchmark, own_wording
from holdfast.baseline.documents.conversion import Format, write_document
from holdfast.baseline.documents.markdown.reader import read_page
from holdfast.baseline.documents.markdown.writer import write_page
from holdfast.baseline.documents.workbook.reader import read_workbook
from holdfast.baseline.model.service import Policy, PolicyTable
from holdfast.baseline.services import carried_service
from tests.baseline.samples import FROM_THE_START, ODD_WORKBOOK, WORKBOOK, page, row, rows, workbook


def written(*special: list[str]) -> str:
    return write_page(read_workbook(workbook(rows(*special)), WORKBOOK).baseline).decode()


ODD = write_page(read_workbook(ODD_WORKBOOK, WORKBOOK).baseline).decode()


def test_duplicate_rows_are_one_feature_with_both_kinds_of_guidance() -> None:
    feature = ODD.split("##### Data in Transit Encryption\n")[1].split("\n## ")[0]
    assert ODD.count("##### Data in Transit Encryption\n") == 1
    assert feature.endswith(
        f"**Configuration Guidance**: {FROM_THE_START}\n\n"
        "**Custom Guidance**: Our tides are secret; we see to that.\n\n"
        "**Reference**: [Tides](/azure/tides?tab=a#b)\n"
    )


def test_a_row_without_a_control_goes_home() -> None:
    control = ODD.split("### BR-1: ")[1]
    assert "##### Service Native Backup Capability\n" in control
    assert "**Custom Guidance**: Copy the tide tables.\n\n- every day\n- at low water" in control


def test_guidance_for_a_whole_control_is_all_printed() -> None:
    assert "### PV-2: Audit and enforce secure configurations\n\n#### Other guidance for PV-2\n" in ODD
    assert "Look once.\n\nLook again." in ODD


def test_what_does_not_apply_is_left_out() -> None:
    assert "Managed Identities" not in ODD


def test_domains_and_controls_are_in_the_benchmarks_order() -> None:
    chapters = [line for line in ODD.split("\n") if line.startswith("## ")]
    order = ["Network security", "Identity management", "Privileged access", "Data protection"]
    order += ["Posture and vulnerability management", "Backup and recovery"]
    assert chapters[1:-1] == [f"## {name}" for name in order]


def test_of_duplicates_with_other_answers_the_regular_one_is_shown() -> None:
    text = written(
        row("Customer Lockbox", ("False", "Not Applicable", "Customer"), guidance="Ask us."),
        row(
            "Customer Lockbox",
            ("False", "Not Applicable", "Not Applicable"),
            guidance="It is not supported to secure.",
        ),
    )
    assert "| False | Not Applicable | Not Applicable |" in text
    assert "**Custom Guidance**: Ask us." in text


def test_our_words_become_the_published_ones() -> None:
    text = write_page(carried_service("holdfast-platform")).decode()
    assert "| True | False | Customer |" in text
    assert "| True | True | Microsoft |" in text
    assert "Operator" not in text.split("## Network security")[1].split("**Configuration")[0]


@pytest.mark.parametrize("key", BENCHMARKS)
def test_our_own_wording_names_the_benchmark(key: str) -> None:
    text = write_document(carried_service("iot-central"), Format.MARKDOWN, benchmark=key).data.decode()
    assert benchmark(key).published in text
    assert own_wording(key).not_supported in text


def test_the_two_generations_differ_in_label_and_place_of_notes() -> None:
    like = read_page(page(), "page.md").baseline
    earlier = write_document(like, Format.MARKDOWN).data.decode()
    later = write_document(like, Format.MARKDOWN, benchmark="mcsb-v1").data.decode()
    assert "**Reference**: [Anchors](/azure/anchors?tab=a)\n\n**Guidance notes**: Mind the tide." in earlier
    assert "**Note**: Mind the tide.\n\n**Reference**: [Anchors](/azure/anchors?tab=a)" in later
    assert "[Microsoft cloud security benchmark version 1.0](/security/benchmark/azure/overview)" in later
    assert "(../mcsb-network-security.md)" in later


def test_rewording_there_and_back_changes_nothing() -> None:
    like = read_page(page(), "page.md").baseline
    later = read_page(write_document(like, Format.MARKDOWN, benchmark="mcsb-v1").data, "later.md").baseline
    assert later.benchmark == "mcsb-v1"
    assert write_document(later, Format.MARKDOWN, benchmark="asb-v3").data == page()


def test_policies_of_a_control_are_sorted_by_provider() -> None:
    baseline = read_page(page(), "page.md").baseline
    table = PolicyTable(control="IM-1", namespace="Microsoft.Anchors", policies=(Policy(name="Heavy"),))
    text = write_page(baseline.model_copy(update={"policies": (*baseline.policies, table)})).decode()
    assert text.index("Microsoft.Anchors**:") < text.index("Microsoft.Tides**:")
    assert "|Heavy | | | |" in text
