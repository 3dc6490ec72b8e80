"""Pages whose text was copied out of a browser."""

import re

import pytest

from holdfast.baseline.documents.conversion import Format, parse_document, write_document
from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.markdown.plain import is_plain, read_plain
from holdfast.baseline.documents.markdown.reader import read_page
from holdfast.baseline.documents.workbook.reader import read_workbook
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.baseline.model.vocabulary import Answer, Combination
from tests.baseline.samples import PAGE, WORKBOOK, page, shared_file


def copied(text: str) -> str:
    """What remains of a page when its text is copied."""
    text = re.sub(r"(?s)^---.*?\n---\n", "", text)
    text = re.sub(r"(?s)#### Microsoft Defender for Cloud monitoring.*?(?=\n## )", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(?m)^\|[-|]+\|\n", "", text)
    text = re.sub(r"(?m)^#+ |^> |^\*(?!\*)|(?<!\*)\*$|\*\*|^\| | \|$", "", text).replace(" | ", "\t")
    return text.replace("[!NOTE]", "Note\n")


def answers(baseline: ServiceBaseline) -> dict[tuple[str | None, str], Combination]:
    return {
        (entry.control, entry.feature): entry.combination
        for entry in baseline.entries
        if entry.supported is not Answer.NOT_APPLICABLE
    }


COPY = copied(PAGE)


def test_marks_decide_what_a_text_is() -> None:
    assert is_plain(COPY.encode())
    assert not is_plain(page())


def test_says_what_the_page_says() -> None:
    plain, marked = read_plain(COPY.encode(), "copy.txt").baseline, read_page(page(), "page.md").baseline
    assert answers(plain) == answers(marked)
    assert [line.value for line in plain.profile] == [line.value for line in marked.profile]
    assert [entry.guidance for entry in plain.entries] == [entry.guidance for entry in marked.entries]


def test_links_of_every_page_are_filled_in() -> None:
    text = write_document(parse_document(COPY.encode(), "copy.txt").baseline, Format.MARKDOWN).data.decode()
    assert "[Azure Security Benchmark version 3.0](/security/benchmark/azure/overview)" in text
    assert "(../security-controls-v3-data-protection.md)" in text
    assert "[Learn more](/azure/security/fundamentals/double-encryption#data-in-transit)." in text


def test_a_browsers_additions_are_passed_over() -> None:
    text = COPY.replace("Supported\tEnabled", "Expand table\n\nSupported\tEnabled")
    assert answers(read_plain(text.encode(), "copy.txt").baseline) == answers(
        read_page(page(), "p.md").baseline
    )


def on_lines(text: str) -> str:
    """The cells of each table on lines of their own."""
    return re.sub(r"(?m)^.+\t.+$", lambda row: row[0].replace("\t", "\n"), text)


def with_open_bars(text: str) -> str:
    """The cells of each table with bars between them, none at the beginning."""
    rows = re.sub(r"(?m)^.+\t.+$", lambda row: row[0].replace("\t", " | ") + " |", text)
    rows = re.sub(r"(?m)^(Service Behavior Attribute .*)$", r"\1\n---|---|", rows)
    return re.sub(r"(?m)^(Supported .*)$", r"\1\n---|---|---|", rows)


MENU = "Security profile\nNetwork security\nNext steps\n"
COPIES = {
    "without empty lines": re.sub(r"\n{2,}", "\n", COPY),
    "cells on lines": on_lines(COPY),
    "cells on lines, without empty lines": re.sub(r"\n{2,}", "\n", on_lines(COPY)),
    "open bars": with_open_bars(COPY),
    "indented": re.sub(r"(?m)^(?=.)", "    ", COPY),
    "a menu below the title": COPY.replace("\n\n", f"\n\nIn this article\n{MENU}\n", 1),
    "typographic marks": COPY.replace("'", "’"),
}


@pytest.mark.parametrize("way", list(COPIES))
def test_browsers_copy_in_different_ways(way: str) -> None:
    document, marked = read_plain(COPIES[way].encode(), "copy.txt"), read_page(page(), "page.md")
    assert answers(document.baseline) == answers(marked.baseline)
    assert [tuple(line) for line in document.baseline.profile] == [
        tuple(line) for line in marked.baseline.profile
    ]


def test_what_stands_above_the_page_is_not_read_and_reported() -> None:
    text = f"Skip to main content\nShore security baseline for Boats\n{MENU}{COPY.lstrip()}"
    document = read_plain(text.encode(), "copy.txt")
    assert document.baseline.name == "Tide Gauge"
    assert document.oddities[0].place == "line 6"
    assert "what stands above was not read" in document.oddities[0].remark


POLICIES = """Microsoft Defender for Cloud monitoring

Azure Policy built-in definitions - Microsoft.Tides:

Expand table

Name
(Azure portal)\tDescription\tEffect(s)\tVersion
(GitHub)
Buoys should float\tOr | a cork.\tAudit, Deny, Disabled\t1.0.0-preview
Ropes should hold\tOr knots.\tAuditIfNotExists, Disabled\t2.1.0

Data protection
"""


@pytest.mark.parametrize("policies", [POLICIES, on_lines(POLICIES)])
def test_tables_of_policies_are_read(policies: str) -> None:
    text = COPY.replace("Data protection\n", policies, 1)
    (table,) = read_plain(text.encode(), "copy.txt").baseline.policies
    assert (table.control, table.namespace) == ("IM-1", "Microsoft.Tides")
    first, second = table.policies
    assert (first.name, first.description) == ("Buoys should float", "Or | a cork.")
    assert (second.effects, second.version) == ("AuditIfNotExists, Disabled", "2.1.0")


def test_policies_whose_cells_ran_together_keep_effects_and_version() -> None:
    text = COPY.replace("Data protection\n", POLICIES.replace("\t", " "), 1)
    first = read_plain(text.encode(), "copy.txt").baseline.policies[0].policies[0]
    assert (first.name, first.description) == ("Buoys should float Or | a cork.", "")
    assert (first.effects, first.version) == ("Audit, Deny, Disabled", "1.0.0-preview")


def test_errors_name_the_line_of_the_text() -> None:
    line = COPY.split("\n").index("True\tFalse\tCustomer")
    text = COPY.replace("True\tFalse\tCustomer", "", 1)
    with pytest.raises(DocumentError, match=f"copy.txt, line {line}: the table ends after its header"):
        read_plain(text.encode(), "copy.txt")


@pytest.mark.parametrize("text", ["", "Nothing of the kind.", "Shore security baseline for X\n\nNext steps"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        read_plain(text.encode(), "copy.txt")


def test_the_second_seed_agrees_with_its_workbook() -> None:
    seed = shared_file("seeds", "microsoft-defender-for-iot-security-baseline.txt")
    source = shared_file("baselines", "xlsx", WORKBOOK.replace("tide-gauge", "microsoft-defender-for-iot"))
    if seed and source:
        baseline = read_plain(seed.read_bytes(), seed.name).baseline
        assert answers(baseline) == answers(read_workbook(source.read_bytes(), source.name).baseline)
        assert (baseline.key, len(baseline.entries)) == ("microsoft-defender-for-iot", 19)
    else:
        assert answers(read_plain(COPY.encode(), "copy.txt").baseline)
