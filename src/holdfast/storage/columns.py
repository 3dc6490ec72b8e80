"""Column types and functions that mean the same on SQLite and PostgreSQL."""

import functools
import sys
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

TEXT = sqlalchemy.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that compares and sorts by bytes on both."""

COUNTER = sqlalchemy.BigInteger().with_variant(sqlalchemy.Integer(), "sqlite")
"""A 64-bit number; as a single primary key it is SQLite's rowid."""

MOMENT: sqlalchemy.Double[float] = sqlalchemy.Double()
"""Unix seconds."""


class unindexed(sqlalchemy.sql.expression.FunctionElement[Any]):  # Any: of the column's type  # noqa: N801 - as an SQL function
    """A column that SQLite shall read in the order of another, not by its own index (a unary plus)."""

    inherit_cache = True
    name = "unindexed"


@compiles(unindexed, "sqlite")
def _plus(element: unindexed, compiler: SQLCompiler, **kw: Any) -> str:  # Any: passed through
    return f"+{compiler.process(element.clauses, **kw)}"


@compiles(unindexed, "postgresql")
def _bare(element: unindexed, compiler: SQLCompiler, **kw: Any) -> str:  # Any: passed through
    return compiler.process(element.clauses, **kw)


class like_without_case(sqlalchemy.sql.expression.FunctionElement[bool]):  # noqa: N801 - as above
    """`text LIKE pattern`, whatever the case of ASCII letters; a backslash escapes.

    SQLite's LIKE is so by itself; SQLAlchemy's `ilike` lowers both sides first, at the same cost again.
    """

    inherit_cache = True
    name = "like_without_case"
    type = sqlalchemy.Boolean()


@compiles(like_without_case, "sqlite")
def _like(element: like_without_case, compiler: SQLCompiler, **kw: Any) -> str:  # Any: passed through
    text, pattern = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({text} LIKE {pattern} ESCAPE '\\')"


@compiles(like_without_case, "postgresql")
def _ilike(element: like_without_case, compiler: SQLCompiler, **kw: Any) -> str:  # Any: passed through
    text, pattern = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({text} ILIKE {pattern} ESCAPE '\\')"


class matches_without_case(sqlalchemy.sql.expression.FunctionElement[bool]):  # noqa: N801 - as above
    """Whether a text holds `part`, whatever the case of its letters by Unicode's rules.

    `before`, `after`: whether other text may stand there. SQLite's GLOB takes the writings of each letter as
    a set. A set at the beginning would be tried at every place; so the first letter's writings are searched
    for one after another.
    """

    inherit_cache = True
    name = "matches_without_case"
    type = sqlalchemy.Boolean()

    def __init__(self, column: ColumnElement[Any], part: str, *, before: bool, after: bool) -> None:
        # Any: text, whatever the type says
        rest = "".join(map(_one_of, part[1:]))
        globs = [f"{'*' * before}{_escaped(sign)}{rest}{'*' * after}" for sign in writings(part[0])]
        like = part.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        super().__init__(column, f"{'%' * before}{like}{'%' * after}", *globs)


@compiles(matches_without_case, "sqlite")
def _glob(element: matches_without_case, compiler: SQLCompiler, **kw: Any) -> str:  # Any: passed through
    text, _like_pattern, *globs = (compiler.process(clause, **kw) for clause in element.clauses)
    return "(" + " OR ".join(f"{text} GLOB {glob}" for glob in globs) + ")"


@compiles(matches_without_case, "postgresql")
def _lower_by_icu(element: matches_without_case, compiler: SQLCompiler, **kw: Any) -> str:  # Any: as above
    text, pattern, *_globs = (compiler.process(clause, **kw) for clause in element.clauses)
    # It costs a microsecond a row, so it is asked only of texts that have such letters.
    lower = f'lower({text} COLLATE "und-x-icu")'
    return f"(octet_length({text}) > char_length({text}) AND {lower} LIKE {pattern} ESCAPE '\\')"


def writings(sign: str) -> str:
    """The characters that are the same but for their case, the given one among them."""
    return _writings().get(sign.casefold(), sign) if sign not in _GLOB_SIGNS else sign


@functools.cache
def _writings() -> dict[str, str]:
    """Case-folded form -> the characters with it, of those that have more than one writing."""
    cased = (sign for sign in map(chr, range(sys.maxunicode + 1)) if sign.casefold() != sign)
    found: dict[str, str] = {}
    for sign in cased:
        folded = sign.casefold()
        found[folded] = found.get(folded, folded if len(folded) == 1 else "") + sign
    return found


_GLOB_SIGNS = "*?["


def _one_of(sign: str) -> str:
    found = writings(sign)
    return _escaped(sign) if len(found) == 1 else f"[{found}]"


def _escaped(sign: str) -> str:
    return f"[{sign}]" if sign in _GLOB_SIGNS else sign
