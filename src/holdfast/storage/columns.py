"""Column types and functions that mean the same on SQLite and PostgreSQL."""

from typing import Any

import sqlalchemy
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

LOWER_FUNCTION = "text_lower"
"""The function that SQLite connections get for `lowered`; SQLite's own knows only ASCII."""

TEXT = sqlalchemy.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that compares and sorts by bytes on both."""

COUNTER = sqlalchemy.BigInteger().with_variant(sqlalchemy.Integer(), "sqlite")
"""A 64-bit number; as a single primary key it is SQLite's rowid."""

MOMENT: sqlalchemy.Double[float] = sqlalchemy.Double()
"""Unix seconds."""


class lowered(sqlalchemy.sql.expression.FunctionElement[str]):  # noqa: N801 - reads as an SQL function
    """Text in lower case by Unicode's rules, as Python's `str.lower` has it, on both databases."""

    inherit_cache = True
    name = "lowered"
    type = sqlalchemy.Text()


@compiles(lowered, "sqlite")
def _lowered_by_python(element: lowered, compiler: SQLCompiler, **kw: Any) -> str:  # Any: passed through
    return f"{LOWER_FUNCTION}({compiler.process(element.clauses, **kw)})"


@compiles(lowered, "postgresql")
def _lowered_by_icu(element: lowered, compiler: SQLCompiler, **kw: Any) -> str:  # Any: passed through
    return f'lower({compiler.process(element.clauses, **kw)} COLLATE "und-x-icu")'


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
