"""What a page says, and what is wrong with it."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.baseline.documents.conversion import Format, write_document
from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.markdown.reader import read_page
from holdfast.baseline.model.vocabulary import Answer, GuidanceKind
from tests.baseline.samples import PAGE, page


def problem(text: str) -> str:
    with pytest.raises(DocumentError) as error:
        read_page(text.encode(), "page.md")
    return str(error.value)


def test_reads_answers_and_texts() -> None:
    baseline = read_page(page(), "page.md").baseline
    assert (baseline.key, baseline.name, baseline.benchmark) == ("tide-gauge", "Tide Gauge", "asb-v3")
    custom, configuration = baseline.entries[:2]
    assert (custom.guidance_kind, custom.guidance) == (GuidanceKind.CUSTOM, "Anchor it well.")
    assert configuration.guidance == "Anchor it.\n1) once\n2) twice"
    assert configuration.notes == "A first paragraph. \n\nAnd a second one,\non two lines.\n\n\nAfter a gap."
    assert configuration.reference == "Anchors: https://docs.microsoft.com/azure/anchors?tab=a"
    assert configuration.guidance_notes == "Mind the tide."


def test_reads_guidance_for_a_whole_control() -> None:
    entry = next(
        item
        for item in read_page(page(), "page.md").baseline.entries
        if item.supported is Answer.NO_RELATED_FEATURE
    )
    assert (entry.control, entry.guidance) == ("NS-6", "Keep waves out.\n\n- the high ones\n- the long ones")


def test_reads_policies() -> None:
    (table,) = read_page(page(), "page.md").baseline.policies
    (policy,) = table.policies
    assert (table.control, table.namespace) == ("IM-1", "Microsoft.Tides")
    assert (policy.name, policy.link) == ("Buoys should float", "https://example.org/p?a=b")
    assert (policy.description, policy.effects) == ("Or | a cork.", "Audit, Deny, Disabled")


def test_learns_the_standing_sentences() -> None:
    wording = read_page(page(), "page.md").baseline.wording
    assert wording is not None
    assert wording.title == "# Shore security baseline for {service}"
    assert (
        wording.domain_line
        == "*Look at the [Azure Security Benchmark: {domain}](../security-controls-v3-{slug}.md).*"
    )
    assert wording.not_supported == "That one is not supported to secure it."
    assert wording.features["Data in Transit Encryption"].learn_more == "/azure/bottles"


def test_later_names_of_features_and_notes_are_known() -> None:
    text = PAGE.replace(
        "Azure Security Benchmark version 3.0", "Microsoft cloud security benchmark version 1.0"
    )
    text = text.replace("Azure Security Benchmark", "Microsoft cloud security benchmark")
    text = text.replace("**Guidance notes**: Mind", "**Note**: Mind")
    text = text.replace(
        "##### Local Authentication Methods for", "##### Microsoft Entra Authentication Required for"
    )
    document = read_page(text.encode(), "page.md")
    assert document.baseline.benchmark == "mcsb-v1"
    assert document.baseline.entries[0].guidance_notes == "Mind the tide."
    assert not any("canonical" in oddity.remark for oddity in document.oddities)


def test_a_domain_without_controls_and_windows_line_ends_are_read() -> None:
    text = PAGE.replace("## Next steps", "## Asset management\n\n*Look.*\n\n## Next steps").replace(
        "\n", "\r\n"
    )
    assert len(read_page(text.encode(), "page.md").baseline.entries) == 5


@pytest.mark.filterwarnings("error")
def test_a_page_without_features_can_be_written_again() -> None:
    text = PAGE[: PAGE.index("## Network")] + PAGE[PAGE.index("## Next steps") :]
    baseline = read_page(text.encode(), "page.md").baseline
    assert baseline.entries == ()
    assert all(write_document(baseline, target).data for target in Format)


def test_headings_in_code_and_in_texts_are_text() -> None:
    more = "Keep waves out.\n\n```\n## Next steps\n```\n\n#### A wall\n\nof stone"
    entries = read_page(PAGE.replace("Keep waves out.", more).encode(), "page.md").baseline.entries
    assert str(entries[2].guidance).startswith(more)


def test_an_unknown_chapter_is_reported() -> None:
    text = PAGE.replace("## Next steps", "## Weather\n\nRain.\n\n## Next steps")
    oddities = read_page(text.encode(), "page.md").oddities
    assert 'the chapter "Weather" is not part of a security baseline' in str(oddities[0])


def test_the_title_of_another_control_is_reported() -> None:
    text = PAGE.replace("### IM-1: Use centralized identity and authentication system", "### IM-1: Use knots")
    assert any(
        'IM-1 is titled "Use knots"' in str(item) for item in read_page(text.encode(), "p.md").oddities
    )


def test_the_slip_of_the_published_pages_is_reported() -> None:
    text = PAGE.replace(
        "### DP-3: Encrypt sensitive data in transit", "### LT-4: Enable logging for security investigation"
    )
    text = text.replace("##### Data in Transit Encryption", "##### Azure Resource Logs")
    remarks = [str(item) for item in read_page(text.encode(), "page.md").oddities]
    assert 'line 105: LT-4 carries the title of LT-3, "Enable logging for security investigation"' in remarks


CUTS = {
    "| True | False | Customer |\n": "line 41: the table ends after its header; it seems cut",
    "|---|---|---|\n| True | False | Customer |": "line 40: the line below must be the rule of the table",
    " | Customer |": "line 42: a table of 3 columns has 2 here; the table seems cut",
    "| Stores customer content at rest | True |\n": "line 17: the security profile has 3 of 4 attributes",
    "**Description**: Water on both sides. [Learn more](/azure/water#both).": "line 36: Virtual Network",
    "## Next steps\n\n- See the [overview](../overview.md)\n": 'does not end with the chapter "Next steps"',
    "# Shore security baseline for Tide Gauge\n\nHow": "line 1: is no security baseline: the title",
    "### NS-1: Establish network segmentation boundaries\n": "line 35: Virtual Network Integration stands",
}


@pytest.mark.parametrize("gone", CUTS)
def test_a_page_with_a_part_cut_out_is_refused(gone: str) -> None:
    assert gone in PAGE
    assert CUTS[gone] in problem(PAGE.replace(gone, "", 1))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "| True | False | Customer |",
            "| True | Perhaps | Customer |",
            "line 42: 'Perhaps' is not a valid Answer",
        ),
        (
            "| True | False | Customer |",
            "| True | False | Me |",
            "line 42: 'Me' is not a valid Responsibility",
        ),
        ("**Feature notes**: A first", "A first", "line 44: text without a label"),
        ("\n---\n\n# Shore", "\n\n# Shore", "line 1: the front matter has no end"),
        ("Other guidance for NS-6", "Other guidance for NS-7", "line 64: stands under NS-6"),
        (
            "| False | Not Applicable | Not Applicable |",
            "| False | Not Applicable | Not Applicable |\n| a | b | c |",
            "one row of answers",
        ),
    ],
)
def test_errors_name_the_line(old: str, new: str, expected: str) -> None:
    assert old in PAGE
    assert expected in problem(PAGE.replace(old, new, 1))


@pytest.mark.parametrize("named", ["v1.0", "version 2.0", "version\n2.0"])
def test_pages_from_before_there_were_features_are_told_from_cut_ones(named: str) -> None:
    text = PAGE[: PAGE.index("## Security profile")].replace("version 3.0", named)
    more = "## Network Security\n\n### 1.1: Keep dry\n\n**Guidance**: Swim.\n\n## Next steps\n"
    expected = f"line 10: is a page on the Azure Security Benchmark version {named[-3:]}"
    assert expected in problem(text + more)


@pytest.mark.parametrize(
    ("named", "known"),
    [
        ("Azure Security Benchmark version 4.0", "Azure Security Benchmark version 3.0"),
        ("Microsoft cloud security benchmark v2", "Microsoft cloud security benchmark version 1.0"),
    ],
)
def test_a_page_on_a_later_version_is_read_with_what_is_known_and_says_so(named: str, known: str) -> None:
    text = PAGE.replace("Azure Security Benchmark version 3.0", named)
    remarks = [oddity.remark for oddity in read_page(text.encode(), "page.md").oddities]
    assert any("speaks of version" in remark and known in remark for remark in remarks)


def test_a_page_without_end_is_refused() -> None:
    assert "more than 100000 lines" in problem(PAGE + "\n" * 100_000)


def test_a_title_in_another_language_is_named() -> None:
    expected = 'line 10: "Strandsäkerhet för Tide Gauge" is no title of a security baseline'
    assert expected in problem(PAGE.replace("Shore security baseline for Tide", "Strandsäkerhet för Tide"))


def test_a_table_that_stands_in_another_file_is_named() -> None:
    start, end = PAGE.index("|Name<br />"), PAGE.index("\n\n## Data protection")
    text = f"{PAGE[:start]}[!INCLUDE [Tides](../tides-im-1.md)]{PAGE[end:]}"
    assert "the table of Microsoft.Tides stands in another file (INCLUDE); put it here" in problem(text)


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f"])
def test_a_control_character_is_named_with_its_line(character: str) -> None:
    assert f"line 12: holds the control character {character!r}" in problem(
        PAGE.replace("How Tide", f"How{character} Tide")
    )


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(DocumentError, match=r"page\.md: is not UTF-8 text"):
        read_page(b"# \xff", "page.md")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(PAGE) - 1))
def test_a_page_cut_anywhere_is_refused(end: int) -> None:
    """Only the very last chapter may end early: nothing follows it."""
    if end < PAGE.index("## Next steps") + len("## Next steps"):
        assert problem(PAGE[:end])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(PAGE)), st.text(max_size=5), st.integers(0, 30))
def test_a_damaged_page_is_read_or_refused(start: int, text: str, length: int) -> None:
    damaged = PAGE[:start] + text + PAGE[start + length :]
    with contextlib.suppress(DocumentError):
        read_page(damaged.encode("utf-8", "surrogatepass"), "page.md")
