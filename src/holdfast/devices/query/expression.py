"""Conditions from filter expressions. Two dialects share one grammar and differ in their words.

condition := conjunction (OR conjunction)*
conjunction := negation (AND negation)*
negation := NOT negation | "(" condition ")" | comparison
comparison := field operator literal | field [NOT] IN "(" literal ("," literal)* ")"
              (or the list in brackets)
            | field IS [NOT] NULL | function "(" field "," text ")"
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from holdfast.devices.query.tokens import FilterError, Token, TokenKind, tokenize
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator, Scalar

MAXIMUM_COMPARISONS = 100
"""As in the hosted service: filters of one device group."""
MAXIMUM_VALUES = 400
"""Values in all IN lists together; the store takes 500 conditions."""
MAXIMUM_NESTING = 24


class Fields(Protocol):
    """What the names in an expression mean. Raises FilterError for a name or a value that means nothing."""

    def compare(self, name: str, operator: Operator, value: Scalar) -> Condition:
        """The condition that the field called `name` stands so to `value`."""
        ...


class Dialect(NamedTuple):
    """The words of one language; keywords and functions are read in any letter case."""

    operators: Mapping[str, Operator]
    functions: Mapping[str, Operator]
    index_of: bool = False
    """Whether `indexof(field, text) ge 0` is understood, which some clients write for "contains"."""
    quoted_names: bool = False
    """Whether a field may stand in quotes."""


class ExpressionParser:
    """Reads one expression. Holds the position; used once."""

    def __init__(self, text: str, dialect: Dialect, fields: Fields) -> None:
        self._tokens = tokenize(text)
        self._at = 0
        self._dialect = dialect
        self._fields = fields
        self._comparisons = 0
        self._values = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    def condition(self, depth: int = 0) -> Condition:
        """Read a condition as far as it goes."""
        if depth > MAXIMUM_NESTING:
            raise FilterError(f"The filter is nested more than {MAXIMUM_NESTING} deep.")
        parts = [self._conjunction(depth)]
        while self.take_word("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def take_word(self, *words: str) -> bool:
        """Step over a keyword if it is next."""
        if self.token.word not in words:
            return False
        self._at += 1
        return True

    def take_symbol(self, symbol: str) -> bool:
        """Step over a symbol if it is next."""
        if self.token.kind is not TokenKind.SYMBOL or self.token.text != symbol:
            return False
        self._at += 1
        return True

    def need(self, taken: bool, wanted: str) -> None:
        """Fail with what was wanted, unless it was taken."""
        if not taken:
            raise self.unexpected(wanted)

    def unexpected(self, wanted: str) -> FilterError:
        """The error for the next token."""
        return FilterError(f"At character {self.token.place}: {self.token.shown} stands where {wanted} must.")

    def end(self) -> None:
        """Fail unless everything was read."""
        if self.token.kind is not TokenKind.END:
            raise self.unexpected("AND, OR or the end")

    def name(self) -> str:
        """Read a field's name; the hosted service's examples put some in quotes: `'@id' eq 'dtmi:a;1'`."""
        if self._dialect.quoted_names and self.token.kind is TokenKind.TEXT:
            return self._next().text
        if self.token.kind is not TokenKind.NAME or self.token.word in _RESERVED:
            raise self.unexpected("a field")
        return self._next().text

    def _next(self) -> Token:
        token = self.token
        if token.kind is not TokenKind.END:
            self._at += 1
        return token

    def _conjunction(self, depth: int) -> Condition:
        parts = [self._negation(depth)]
        while self.take_word("and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _negation(self, depth: int) -> Condition:
        negated = False
        while self.take_word("not"):
            negated = not negated
        if self.take_symbol("("):
            inner = self.condition(depth + 1)
            self.need(self.take_symbol(")"), "a closing parenthesis")
        else:
            inner = self._comparison()
        return Not(inner) if negated else inner

    def _comparison(self) -> Condition:
        self._comparisons += 1
        if self._comparisons > MAXIMUM_COMPARISONS:
            raise FilterError(f"The filter has more than {MAXIMUM_COMPARISONS} comparisons.")
        following = self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        if following.text == "(" and following.kind is TokenKind.SYMBOL and self.token.word != "in":
            return self._function()
        return self._operation(self.name())

    def _function(self) -> Condition:
        word = self.token.word
        if word == "indexof" and self._dialect.index_of:
            return self._index_of()
        operator = self._dialect.functions.get(word)
        if operator is None:
            raise self.unexpected(f"a field or one of {', '.join(sorted(self._dialect.functions))}")
        self._next()
        field, text = self._arguments()
        return self._fields.compare(field, operator, text)

    def _arguments(self) -> tuple[str, str]:
        self.need(self.take_symbol("("), "an opening parenthesis")
        field = self.name()
        self.need(self.take_symbol(","), "a comma")
        if self.token.kind is not TokenKind.TEXT:
            raise self.unexpected("a text in quotes")
        text = self._next().text
        self.need(self.take_symbol(")"), "a closing parenthesis")
        return field, text

    def _index_of(self) -> Condition:
        """`indexof(f, t) ge 0` and its kin: whether the text occurs."""
        self._next()
        field, text = self._arguments()
        operator = self._operator()
        position = self.literal()
        found = self._fields.compare(field, Operator.CONTAINS, text)
        if (operator, position) in _OCCURS:
            return found
        if (operator, position) in _IS_ABSENT:
            return Not(found)
        raise FilterError(
            "indexof can be compared with 0 or -1 alone: `ge 0` for contained, `eq -1` for not."
        )

    def _operation(self, field: str) -> Condition:
        if self.take_word("is"):
            negated = self.take_word("not")
            self.need(self.take_word("null"), "NULL")
            return self._fields.compare(field, Operator.NOT_EQUAL if negated else Operator.EQUAL, None)
        negated = self.take_word("not")
        if self.take_word("in"):
            found = self._one_of(field)
            return Not(found) if negated else found
        if negated:
            raise self.unexpected("IN")
        operator = self._operator()
        return self._fields.compare(field, operator, self.literal())

    def _operator(self) -> Operator:
        spelled = self.token.word or (self.token.text if self.token.kind is TokenKind.SYMBOL else "")
        operator = self._dialect.operators.get(spelled)
        if operator is None:
            raise self.unexpected(f"one of {', '.join(self._dialect.operators)}")
        self._next()
        return operator

    def _one_of(self, field: str) -> Condition:
        bracket = self.take_symbol("[")  # as IoT Hub's queries have it
        self.need(bracket or self.take_symbol("("), "an opening parenthesis")
        values = [self.literal()]
        while self.take_symbol(","):
            values.append(self.literal())
        self.need(self.take_symbol("]" if bracket else ")"), "a comma or the end of the list")
        self._values += len(values)
        if self._values > MAXIMUM_VALUES:
            raise FilterError(f"The lists of the filter have more than {MAXIMUM_VALUES} values together.")
        return _united([self._fields.compare(field, Operator.EQUAL, value) for value in values])

    def literal(self) -> Scalar:
        """Read a text, a number, true, false or null."""
        token = self.token
        if token.kind is TokenKind.TEXT:
            return self._next().text
        if token.kind is TokenKind.NUMBER:
            return float(self._next().text)
        if token.word in _CONSTANTS:
            self._next()
            return _CONSTANTS[token.word]
        raise self.unexpected("a text in quotes, a number, true, false or null")


_CONSTANTS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_RESERVED = frozenset({"and", "or", "not", "in", "is", *_CONSTANTS})

_OCCURS = frozenset({(Operator.GREATER_OR_EQUAL, 0.0), (Operator.GREATER, -1.0), (Operator.NOT_EQUAL, -1.0)})
_IS_ABSENT = frozenset({(Operator.LESS, 0.0), (Operator.EQUAL, -1.0), (Operator.LESS_OR_EQUAL, -1.0)})


def _united(conditions: list[Condition]) -> Condition:
    """`IN` as one condition where every value is compared along the same path."""
    compared = [one for one in conditions if isinstance(one, Compare)]
    paths = {one.path for one in compared}
    if len(compared) == len(conditions) and len(paths) == 1:
        return In(paths.pop(), tuple(one.value for one in compared))
    return AnyOf(tuple(conditions))
