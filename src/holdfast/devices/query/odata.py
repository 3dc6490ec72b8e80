"""OData filters and orders, as the REST API takes them: `provisioned eq true and contains(displayName,'x')`.

The subset of OData 4.01 (part 2, section 5.1.1) that makes sense for lists of resources.
"""

from collections.abc import Mapping

from holdfast.devices.query.expression import Dialect, ExpressionParser, Fields
from holdfast.devices.query.tokens import FilterError
from holdfast.resources.query import Condition, Operator, Order

_DIALECT = Dialect(
    operators={
        "eq": Operator.EQUAL,
        "ne": Operator.NOT_EQUAL,
        "lt": Operator.LESS,
        "le": Operator.LESS_OR_EQUAL,
        "gt": Operator.GREATER,
        "ge": Operator.GREATER_OR_EQUAL,
    },
    functions={
        "contains": Operator.CONTAINS,
        "startswith": Operator.STARTS_WITH,
        "endswith": Operator.ENDS_WITH,
    },
    index_of=True,
    quoted_names=True,
)


def parse_filter(text: str, fields: Fields) -> Condition:
    """The condition of a `$filter`. FilterError."""
    parser = ExpressionParser(text, _DIALECT, fields)
    condition = parser.condition()
    parser.end()
    return condition


def parse_order(text: str, paths: Mapping[str, str]) -> Order:
    """The order of an `$orderby`; `paths` maps the names that may be sorted by. FilterError."""
    words = text.split()
    if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1].lower() not in {"asc", "desc"}):
        raise FilterError("An order is a field, and then asc or desc if you like: displayName desc.")
    path = paths.get(words[0])
    if path is None:
        raise FilterError(f"Lists can be ordered by {', '.join(sorted(paths))}, not by {words[0][:40]}.")
    return Order(path, descending=len(words) == 2 and words[1].lower() == "desc")
