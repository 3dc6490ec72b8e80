"""The language of device groups: `SELECT * FROM devices WHERE $template = "dtmi:a;1" AND NOT (temp > 20)`.

The hosted service's language, and what people missed in it: IN, parentheses, NOT, IS NULL.
"""

from collections.abc import Iterator

from holdfast.devices.query.expression import Dialect, ExpressionParser, Fields
from holdfast.devices.query.tokens import TokenKind
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator, Scalar

_DIALECT = Dialect(
    operators={
        "=": Operator.EQUAL,
        "==": Operator.EQUAL,
        "!=": Operator.NOT_EQUAL,
        "<>": Operator.NOT_EQUAL,
        "<": Operator.LESS,
        "<=": Operator.LESS_OR_EQUAL,
        ">": Operator.GREATER,
        ">=": Operator.GREATER_OR_EQUAL,
    },
    functions={
        "contains": Operator.CONTAINS,
        "starts_with": Operator.STARTS_WITH,
        "startswith": Operator.STARTS_WITH,
        "ends_with": Operator.ENDS_WITH,
        "endswith": Operator.ENDS_WITH,
    },
)


def parse_group_query(text: str, fields: Fields) -> Condition:
    """The condition of a group; of a query without WHERE one that always holds. FilterError."""
    parser = ExpressionParser(text, _DIALECT, fields)
    parser.need(parser.take_word("select"), "SELECT")
    parser.need(parser.take_symbol("*"), "*")
    parser.need(parser.take_word("from"), "FROM")
    parser.need(parser.take_word("devices"), "devices")
    if parser.token.kind is TokenKind.END:
        return All(())
    parser.need(parser.take_word("where"), "WHERE")
    condition = parser.condition()
    parser.end()
    return condition


class _Names:
    """Collects the templates that a query names, and takes every other field as it comes."""

    def compare(self, name: str, operator: Operator, value: Scalar) -> Condition:
        """See `Fields.compare`."""
        return Compare(name.lower() if name.startswith("$") else name, operator, value)


def templates_named(text: str) -> frozenset[str]:
    """Templates that every device of the group is of one of; none where the query does not say."""
    return _restricted(parse_group_query(text, _Names()))


def _restricted(condition: Condition) -> frozenset[str]:
    match condition:
        case Compare("$template", Operator.EQUAL, str(value)):
            return frozenset({value})
        case In("$template", values):
            return frozenset(str(value) for value in values)
        case All(conditions):
            return next((found for one in conditions if (found := _restricted(one))), frozenset())
        case AnyOf(conditions):
            branches = [_restricted(one) for one in conditions]
            return frozenset().union(*branches) if all(branches) else frozenset()
        case _:
            return frozenset()


def paths_of(condition: Condition) -> Iterator[str]:
    """Every path that a condition looks at."""
    match condition:
        case Compare(path, _, _) | In(path, _):
            yield path
        case All(conditions) | AnyOf(conditions):
            for one in conditions:
                yield from paths_of(one)
        case Not(inner):
            yield from paths_of(inner)
