"""The words of filter expressions, for both languages: names, numbers, texts, symbols."""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from holdfast.kernel.errors import InvalidError

MAXIMUM_LENGTH = 16_384
"""Characters of one expression. The hosted service's forms never reach a tenth of it."""


class FilterError(InvalidError):
    """An expression that cannot be read; the message says where and what was expected."""

    code = "InvalidFilter"

    def __init__(self, message: str) -> None:
        super().__init__(message, "filter")


class TokenKind(Enum):
    """What a token is."""

    NAME = auto()
    NUMBER = auto()
    TEXT = auto()
    SYMBOL = auto()
    END = auto()


class Token(NamedTuple):
    """One token with its place, counted in characters from 1."""

    kind: TokenKind
    text: str
    """A TEXT token's content without quotes and escapes."""
    place: int

    @property
    def word(self) -> str:
        """A name in lower case, for keywords; empty for anything else."""
        return self.text.lower() if self.kind is TokenKind.NAME else ""

    @property
    def shown(self) -> str:
        """The token for a message."""
        if self.kind is TokenKind.END:
            return "the end"
        clipped = self.text if len(self.text) <= 40 else f"{self.text[:39]}…"
        return f'"{clipped}"'


_PATTERN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<name>[$@A-Za-z_][A-Za-z0-9_\-]*(?:[./][$A-Za-z_][A-Za-z0-9_\-]*)*)
    | (?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<double>"(?:[^"\\]|\\.)*")
    | (?P<single>'(?:[^']|'')*')
    | (?P<symbol><>|!=|<=|>=|==|[][=<>(),*])
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def tokenize(text: str) -> list[Token]:
    """All tokens, an END last. FilterError at a character that begins none."""
    if len(text) > MAXIMUM_LENGTH:
        raise FilterError(f"The filter has {len(text)} characters; at most {MAXIMUM_LENGTH} are read.")
    return [*_tokens(text), Token(TokenKind.END, "", len(text) + 1)]


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise FilterError(_unreadable(text, position))
        kind, found = str(match.lastgroup), match.group()
        if kind in _KINDS:
            yield Token(_KINDS[kind], _content(kind, found), position + 1)
        position = match.end()


_KINDS = {
    "name": TokenKind.NAME,
    "number": TokenKind.NUMBER,
    "double": TokenKind.TEXT,
    "single": TokenKind.TEXT,
    "symbol": TokenKind.SYMBOL,
}


def _content(kind: str, found: str) -> str:
    if kind not in {"double", "single"}:
        return found
    inner = found[1:-1]
    return inner.replace("''", "'") if kind == "single" else _ESCAPE.sub(r"\1", inner)


def _unreadable(text: str, position: int) -> str:
    if text[position] in "\"'":
        return f"The text that begins at character {position + 1} has no closing quote."
    return f"Character {position + 1} ({text[position]!r}) has no meaning in a filter."
