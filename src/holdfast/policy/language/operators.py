"""The nineteen operators of conditions, each a function of the left and the right value.

Source: *Azure Policy definition structure: policy rule, conditions*. The left value is `UNDEFINED` only for
a member field that a member does not have; a field of the resource that is missing arrives as null.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from holdfast.policy.language.patterns import like, match, match_insensitively
from holdfast.policy.language.values import UNDEFINED, compare, equal, fold, scalar_text, truth_from

Operator = Callable[[object, object], bool]


def equals(left: object, right: object) -> bool:
    """See `values.equal`; what is not there equals null alone."""
    return right is None if left is UNDEFINED else equal(left, right)


def contained(left: object, right: object) -> bool:
    """`in`: whether some member of `right` equals `left`; null is in no list, what is missing in one with
    null."""
    if left is UNDEFINED:
        return isinstance(right, list) and None in right
    if left is None or right is UNDEFINED:
        return False
    if isinstance(right, list):
        return any(member is not None and equal(member, left) for member in right)
    return equal(right, left)


def contains(left: object, right: object) -> bool:
    """Whether text holds the text `right`, an array the member, an object the key."""
    if isinstance(left, list):
        return any(equal(member, right) for member in left)
    if isinstance(left, dict):
        return contains_key(left, right)
    text, part = scalar_text(left), scalar_text(right)
    return text is not None and part is not None and fold(part) in fold(text)


def contains_key(left: object, right: object) -> bool:
    """Whether the object `left` has the key `right`, without case."""
    return isinstance(left, dict) and any(equal(key, right) for key in left)


def exists(left: object, right: object) -> bool:
    """Whether `left` is there and not null, as `right` (a boolean or its text) demands."""
    return (left is not None and left is not UNDEFINED) == bool(truth_from(right))


def _ordered(accept: Callable[[int], bool]) -> Operator:
    def test(left: object, right: object) -> bool:
        order = compare(left, right)
        return order is not None and accept(order)

    return test


def _textual(test: Callable[[str, str], bool]) -> Operator:
    def textual(left: object, right: object) -> bool:
        text, pattern = scalar_text(left), scalar_text(right)
        return text is not None and pattern is not None and test(text, pattern)

    return textual


def _negated(operator: Operator, *, needs_right: bool = False) -> Operator:
    """The opposite; `needs_right` keeps it false when there is nothing to compare with."""

    def negated(left: object, right: object) -> bool:
        if needs_right and right is UNDEFINED and left is not UNDEFINED:
            return False
        return not operator(left, right)

    return negated


greater = _ordered(lambda order: order > 0)
greater_or_equals = _ordered(lambda order: order >= 0)
less = _ordered(lambda order: order < 0)
less_or_equals = _ordered(lambda order: order <= 0)

OPERATORS: Final[Mapping[str, Operator]] = MappingProxyType(
    {
        "contains": contains,
        "containsKey": contains_key,
        "equals": equals,
        "exists": exists,
        "greater": greater,
        "greaterOrEquals": greater_or_equals,
        "in": contained,
        "less": less,
        "lessOrEquals": less_or_equals,
        "like": _textual(like),
        "match": _textual(match),
        "matchInsensitively": _textual(match_insensitively),
        "notContains": _negated(contains, needs_right=True),
        "notContainsKey": _negated(contains_key, needs_right=True),
        "notEquals": _negated(equals),
        "notIn": _negated(contained),
        "notLike": _negated(_textual(like)),
        "notMatch": _negated(_textual(match)),
        "notMatchInsensitively": _negated(_textual(match_insensitively)),
    }
)
"""Every operator by its published name."""

BY_FOLDED_NAME: Final[Mapping[str, str]] = MappingProxyType({name.lower(): name for name in OPERATORS})
"""The published name of an operator from its name in any letter case."""
