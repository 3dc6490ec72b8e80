"""Template expressions: any text parses or is refused by one error, and what parses can be written again."""

from holdfast.policy.language.expressions.syntax import ExpressionSyntaxError, parse_expression, source_of
from holdfast.policy.language.patterns import like, match, match_insensitively


def target(data: bytes) -> None:
    """The bytes are tried as an expression and, cut in two, as text and pattern."""
    text = data.decode("utf-8", "replace")
    half = len(text) // 2
    for test in (like, match, match_insensitively):
        test(text[:half], text[half:])
    try:
        expression = parse_expression(f"[{text}]")
    except ExpressionSyntaxError:
        return
    assert parse_expression(f"[{source_of(expression)}]") == expression
