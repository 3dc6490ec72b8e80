"""Help as a person reads it who does not know the commands yet."""

import importlib
from collections.abc import Iterator

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from holdfast.cli.main import COMMANDS

TERMINAL_COLUMNS = 80
INDENT_AND_GAP = 6
"""What Click leaves around a command's name in a list, and two columns it keeps free at the right."""


def _lists() -> Iterator[tuple[str, TyperGroup]]:
    for name, entry in COMMANDS.items():
        yield from _below(f"holdfast {name}", get_command(importlib.import_module(entry.module).app))


def _below(path: str, command: object) -> Iterator[tuple[str, TyperGroup]]:
    if isinstance(command, TyperGroup):
        yield path, command
        for name, nested in command.commands.items():
            yield from _below(f"{path} {name}", nested)


@pytest.mark.parametrize(("path", "group"), list(_lists()))
def test_each_line_of_a_list_of_commands_ends_in_a_whole_sentence(path: str, group: TyperGroup) -> None:
    room = TERMINAL_COLUMNS - 2 - INDENT_AND_GAP - max(map(len, group.commands), default=0)
    lines = {
        name: command.get_short_help_str(room)
        for name, command in group.commands.items()
        if isinstance(command, TyperCommand | TyperGroup)
    }
    assert lines or not group.commands
    assert not {name: line for name, line in lines.items() if not line or line.endswith("...")}
