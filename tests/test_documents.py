"""The documents tell the truth about where things are."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from holdfast.cli.main import COMMANDS, build

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
FILE = re.compile(r"`((?:src|tests|docs|scripts|benchmarks|samples)/[\w./-]+)`")
COMMAND = re.compile(r"`holdfast ([a-z][a-z-]*)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    broken = [link for link in links if not link.startswith("/") and not (page.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_that_are_named_exist(page: Path) -> None:
    named = set(COMMAND.findall(page.read_text(encoding="utf-8")))
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_are_named_exist(page: Path) -> None:
    named = FILE.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_docs_page_is_reached_from_another() -> None:
    reached = {
        (page.parent / link).resolve()
        for page in PAGES
        for link in LINK.findall(page.read_text(encoding="utf-8"))
    }
    lost = [p.name for p in ROOT.glob("docs/*.md") if p.resolve() not in reached]
    assert lost == []


README = (ROOT / "README.md").read_text(encoding="utf-8")
FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
STATE = re.compile(r" \([^)]*\)$")
"""What a running instance found, which a page cannot know."""


def rows(text: str) -> list[list[str]]:
    """The cells of a Markdown table, without the line below its head."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not set(line) <= {"|", "-", ":"}]
    return [[STATE.sub("", cell.strip()) for cell in line.strip("|").split("|")] for line in lines]


def test_the_readme_fits_on_two_screens() -> None:
    assert len(FOLDED.sub("", README).splitlines()) <= 90


def test_the_readme_compares_services_as_the_command_does() -> None:
    services = ["iot-central", "microsoft-defender-for-iot", "holdfast"]
    printed = CliRunner().invoke(build("baseline"), ["baseline", "compare", *services]).stdout
    (folded,) = FOLDED.findall(README)
    assert rows(folded) == rows(printed)
