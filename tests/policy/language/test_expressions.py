import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy.language.expressions.syntax import (
    Call,
    Expression,
    ExpressionSyntaxError,
    Index,
    Literal,
    Member,
    Name,
    is_expression,
    parse_expression,
    source_of,
    unescape,
)
from holdfast.policy.language.limits import EXPRESSION_DEPTH, EXPRESSION_LENGTH

NAMES = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,5}\Z")
LITERALS = st.builds(
    Literal,
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=6),
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    LITERALS | st.builds(Call, NAMES, st.just(())),
    lambda inner: st.one_of(
        st.builds(Call, NAMES, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Member, st.builds(Call, NAMES, st.tuples(inner)), NAMES),
        st.builds(Index, st.builds(Call, NAMES, st.tuples(inner)), inner),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_what_is_written_is_read_back(expression: Expression) -> None:
    assert parse_expression(f"[{source_of(expression)}]") == expression


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("[f()]", Call("f", ())),
        ("[ f( 'it''s' , 2.5 ) ]", Call("f", (Literal("it's"), Literal(2.5)))),
        ("[f('(,)]')]", Call("f", (Literal("(,)]"),))),
        ("[add(-3, 1e3)]", Call("add", (Literal(-3), Literal(1000.0)))),
        ("[-f()]", Call("sub", (Literal(0), Call("f", ())))),
        ("[f().a[0]['b']]", Index(Index(Member(Call("f", ()), "a"), Literal(0)), Literal("b"))),
        ("[TRUE]", Literal(True)),
        ("[null]", Literal(None)),
        ("[name]", Name("name")),
        ("[true()]", Call("true", ())),
        ("[plant.unique('a')]", Call("plant.unique", (Literal("a"),))),
        ("[f('a')(1)]", Call("f('a')", (Literal(1),))),
    ],
)
def test_expressions_become_trees(text: str, expression: Expression) -> None:
    assert parse_expression(text) == expression


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "a value or a function"),
        ("[f(]", "a value or a function"),
        ("[f('x']", r"'\)'"),
        ("[f(1,)]", "a value or a function"),
        ("[f() g()]", "the end of the expression"),
        ("['open]", "not closed"),
        ('[f("x")]', "Unexpected"),
        ("[f()" + ".a" * 100 + "]", f"more than {EXPRESSION_DEPTH} steps"),
        ("[f()" + "[0]" * 5000 + "]", f"more than {EXPRESSION_DEPTH} steps"),
        ("[f" + "()" * 5000 + "]", f"more than {EXPRESSION_DEPTH} steps"),
        ("['a'('b')]", "the end of the expression"),
        ("[f().]", "a property's name"),
        ("[f()[1]", r"'\]'"),
        ("[" + "f(" * 100 + "1" + ")" * 100 + "]", f"deeper than {EXPRESSION_DEPTH}"),
        ("[" + "-" * 100 + "f()]", f"deeper than {EXPRESSION_DEPTH}"),
        ("['" + "x" * EXPRESSION_LENGTH + "']", "longer than"),
        ("[" + "9" * 500 + "]", "out of range"),
    ],
)
def test_faults_are_named(text: str, message: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match=message):
        parse_expression(text)


def test_the_place_of_a_fault_counts_the_bracket() -> None:
    with pytest.raises(ExpressionSyntaxError, match="at character 4"):
        parse_expression("[f(?)]")


@pytest.mark.parametrize(
    ("text", "result"), [("[f()]", True), ("[[f()]", False), ("[f()", False), ("f()]", False), ("", False)]
)
def test_only_brackets_make_an_expression(text: str, result: bool) -> None:
    assert is_expression(text) is result


def test_a_doubled_bracket_stands_for_one() -> None:
    assert unescape("[[a]") == "[a]"
    assert unescape("[a") == "[a"
