"""Whatever a page has beyond what is kept of it is reported with its line."""

import pytest

from holdfast.baseline.documents.markdown.keeping import MAXIMUM_REMARKS, not_kept
from holdfast.baseline.documents.markdown.outline import NumberedLine
from holdfast.baseline.documents.markdown.reader import read_page
from tests.baseline.samples import page

PAGE = page().decode()
TWICE = "occurs a second time"
"""The one remark about the page as it is."""
NEXT = "## Next steps"


def remarks(text: str) -> list[str]:
    found = map(str, read_page(text.encode(), "page.md").oddities)
    return [each for each in found if TWICE not in each]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (NEXT, f"## Backup and recovery\n\n*Look.*\n\n{NEXT}", ["## Backup and recovery", "*Look.*"]),
        ("### DP-3", "By hand.\n\n### DP-3", ["By hand."]),
        ("| Product Category | IoT |", "| Product Category | |", ["| Product Category | |"]),
    ],
)
def test_lines_that_are_not_kept_are_named(before: str, after: str, said: list[str]) -> None:
    assert before in PAGE
    found = remarks(PAGE.replace(before, after, 1))
    assert [each.partition(": is not kept: ")[2] for each in found] == said


def test_a_domain_out_of_its_order_is_named_at_its_first_line() -> None:
    start, end = PAGE.index("## Network security"), PAGE.index("## Identity management")
    text = PAGE[:start] + PAGE[end:].replace(NEXT, PAGE[start:end] + NEXT)
    (found,) = remarks(text)
    line = text[: text.index("## Identity management")].count("\n") + 1
    assert found == f"line {line}: stands elsewhere on published pages: ## Identity management"


def test_what_is_kept_needs_no_remark() -> None:
    assert remarks(PAGE.replace("\n\n", "\n\n\n")) == []
    assert remarks(PAGE.replace("\n", "\r\n")) == []


def test_many_remarks_are_counted_and_long_lines_cut() -> None:
    lines = [NumberedLine(number, f"{number} {'x' * 100}") for number in range(1, MAXIMUM_REMARKS + 4)]
    found = [str(each) for each in not_kept(lines, b"")]
    assert found[-1] == "page: 3 more lines are not kept"
    assert len(found) == MAXIMUM_REMARKS + 1
    assert all(each.endswith("x…") for each in found[:-1])
