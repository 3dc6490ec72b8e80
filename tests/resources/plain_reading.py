"""Conditions of every form, and what each means: evaluated in Python over the bodies."""

import operator
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from holdfast.kernel.json import JsonObject, at_path
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator, Scalar

LONG = "long " * 200
PATHS: dict[str, list[Scalar]] = {
    "name": ["Pump", "pump", "", LONG + "x"],
    "size": [4, 0, -1.5],
    "on": [True, False],
    "place.city": ["Oslo", ""],
}


WITHIN: dict[Operator, Callable[[str, str], bool]] = {
    Operator.CONTAINS: operator.contains,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
}
"""Searches in texts, of which both sides are lowered."""
PARTS = [
    "",
    "p",
    "Pu",
    "PUMP",
    "pump 1",
    "o",
    "LoNg l",
    "%",
    "pum_",
    "ä",
    "äRG",
    "RGER Ü",
    "é",
    "Ä*",
    "ä?g",
    "[ä]",
]


def compares() -> st.SearchStrategy[Condition]:
    ordered = [op for op in Operator if op not in WITHIN]
    parts = st.builds(
        Compare,
        st.sampled_from(["name", "place.city"]),
        st.sampled_from(list(WITHIN)),
        st.sampled_from(PARTS),
    )

    def for_path(path: str) -> st.SearchStrategy[Condition]:
        values = st.sampled_from(PATHS[path])
        single = st.builds(Compare, st.just(path), st.sampled_from(ordered), values)
        absence = st.builds(
            Compare, st.just(path), st.sampled_from([Operator.EQUAL, Operator.NOT_EQUAL]), st.none()
        )
        return single | absence | st.builds(In, st.just(path), st.lists(values, max_size=2).map(tuple))

    return st.sampled_from(sorted(PATHS)).flatmap(for_path) | parts


CONDITIONS = st.recursive(
    compares(),
    lambda inner: (
        st.builds(All, st.lists(inner, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=6,
)


def holds(condition: Condition, body: JsonObject) -> bool:
    match condition:
        case All(conditions):
            return all(holds(inner, body) for inner in conditions)
        case AnyOf(conditions):
            return any(holds(inner, body) for inner in conditions)
        case Not(inner):
            return not holds(inner, body)
        case In(path, values):
            return any(holds(Compare(path, Operator.EQUAL, value), body) for value in values)
        case Compare(path, comparison, value):
            return compared(at_path(body, path), comparison, value)


ORDERED: dict[Operator, Callable[[Any, Any], bool]] = {  # Any: values of any one type
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}


def compared(present: object, comparison: Operator, value: Scalar) -> bool:
    if comparison is Operator.EQUAL:
        return present == value
    if comparison is Operator.NOT_EQUAL:
        return present != value
    if comparison in WITHIN:
        return isinstance(present, str) and WITHIN[comparison](present.lower(), str(value).lower())
    comparable = present is not None and isinstance(present, str) == isinstance(value, str)
    return comparable and ORDERED[comparison](present, value)
