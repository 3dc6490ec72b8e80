"""Every statement of both seeds has a line in docs/SEEDS.md, and the page is the generated one."""

from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from holdfast.api.routes import ROUTES
from holdfast.baseline.documents.conversion import read_document
from holdfast.baseline.seeds.page import SEEDS, lines_of, page
from holdfast.baseline.seeds.statements import Kind, Statement, statements_of
from holdfast.baseline.services import carried_service
from holdfast.cli.main import build
from tests.baseline.samples import shared_file

PAGE = Path(__file__).parents[3] / "docs" / "SEEDS.md"
FILES = {
    "iot-central": "iot-central-security-baseline.md",
    "microsoft-defender-for-iot": "microsoft-defender-for-iot-security-baseline.txt",
}


def said_by(service: str) -> list[Statement]:
    """The statements of the seed; where it is absent, those of the facts that we carry of it."""
    path = shared_file("seeds", FILES[service])
    if path:
        return list(statements_of(read_document(path).baseline))
    return [item for item in statements_of(carried_service(service)) if item.kind is not Kind.STANDING]


@pytest.mark.parametrize("service", SEEDS)
def test_every_statement_has_a_line(service: str) -> None:
    answered = {line.key for line in lines_of(service)}
    assert [item.key for item in said_by(service) if item.key not in answered] == []


@pytest.mark.parametrize("service", SEEDS)
def test_no_line_answers_what_the_seed_does_not_say(service: str) -> None:
    said = {item.key for item in said_by(service)}
    invented = [line.key for line in lines_of(service) if line.key not in said]
    assert invented == [] or shared_file("seeds", FILES[service]) is None


@pytest.mark.parametrize("service", SEEDS)
def test_every_line_says_what_holdfast_has_and_how_to_see_it(service: str) -> None:
    for line in lines_of(service):
        assert line.ours, line.key
        assert line.module, line.key
        assert line.command, line.key
        assert line.probes or line.claim in ("", "not applicable"), line.key


@pytest.mark.parametrize("service", SEEDS)
def test_what_is_not_supported_is_honestly_not_yet(service: str) -> None:
    for line in lines_of(service):
        assert line.ours.startswith("Not yet") is (line.claim == "not supported"), line.key


COMMANDS = sorted({line.command for service in SEEDS for line in lines_of(service)})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_there_is(command: str) -> None:
    """With the options and arguments that it needs: it is parsed, not run."""
    program, *words = command.split()
    if program == "GET":
        assert any(route.path == words[0] for route in ROUTES)
        return
    assert program == "holdfast"
    found, context = get_command(build(words[0])), None
    while isinstance(found, TyperGroup):
        context = found.make_context(found.name, [*words], parent=context)
        name, *words = words
        below = found.get_command(context, name)
        assert below is not None
        found = below
    found.make_context(found.name, words, parent=context)


def test_the_page_is_the_generated_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
