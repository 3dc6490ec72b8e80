"""Template expressions, `[concat('a', field('name'))]`: text to tree.

Source: *Syntax and expressions in Azure Resource Manager templates*:

    expression = number | string | "-" expression | postfix
    postfix    = name | postfix "." name | postfix "(" [expression *("," expression)] ")" | postfix "["
    expression "]" string     = "'" *(character | "''") "'"
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from holdfast.policy.language.errors import PolicyLanguageError
from holdfast.policy.language.limits import EXPRESSION_DEPTH, EXPRESSION_LENGTH
from holdfast.policy.language.values import number_from


class ExpressionSyntaxError(PolicyLanguageError):
    """The text between the brackets is not a template expression."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a string, `true`, `false` or `null`."""

    value: str | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A name alone: the grammar has it, and nothing is called so."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments; `name` as written, whatever stands before the arguments."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Member:
    """`container.name`."""

    container: "Expression"
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`container[key]`."""

    container: "Expression"
    key: "Expression"


Expression = Literal | Name | Call | Member | Index

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<string>'(?:[^']|'')*')
      | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
      | (?P<symbol>[()\[\].,-])
    )""",
    re.VERBOSE,
)
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


_END: Final = _Token("end", "the end", -1)


def is_expression(text: str) -> bool:
    """Whether a string of a definition is an expression: in brackets, and not escaped by a second one."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def unescape(text: str) -> str:
    """A string that is no expression as the text it stands for: `[[` at its start is one bracket."""
    return text[1:] if text.startswith("[[") else text


def parse_expression(text: str) -> Expression:
    """Parse a whole expression with its brackets.

    Raises ExpressionSyntaxError with the position at fault.
    """
    if len(text) > EXPRESSION_LENGTH:
        message = f"The expression is longer than {EXPRESSION_LENGTH} characters"
        raise ExpressionSyntaxError(message)
    return _Parser(text[1:-1]).whole()


class _Parser:
    """Recursive descent over the tokens; the depth is bounded so that no text exhausts the stack."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._expression()
        if self._peek() is not _END:
            self._fail("the end of the expression")
        return expression

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > EXPRESSION_DEPTH:
            message = f"The expression nests deeper than {EXPRESSION_DEPTH} levels"
            raise ExpressionSyntaxError(message)
        expression = self._postfix(self._primary())
        self._depth -= 1
        return expression

    def _primary(self) -> Expression:
        token = self._take()
        if token.kind == "number":
            return Literal(_number(token.text))
        if token.kind == "string":
            return Literal(token.text[1:-1].replace("''", "'"))
        if token.text == "-":
            return self._negative()
        if token.kind != "name":
            self._next -= 1
            self._fail("a value or a function")
        is_word = token.text.lower() in _WORDS and self._peek().text != "("
        return Literal(_WORDS[token.text.lower()]) if is_word else Name(token.text)

    def _negative(self) -> Expression:
        if self._peek().kind == "number":
            return Literal(-_number(self._take().text))
        return Call("sub", (Literal(0), self._expression()))

    def _postfix(self, expression: Expression) -> Expression:
        for _ in range(EXPRESSION_DEPTH):
            match self._peek().text:
                case "(" if not isinstance(expression, Literal):
                    expression = Call(source_of(expression), self._arguments())
                case ".":
                    self._take()
                    expression = Member(expression, self._property())
                case "[":
                    self._take()
                    expression = Index(expression, self._expression())
                    self._expect("]")
                case _:
                    return expression
        message = f"The expression leads more than {EXPRESSION_DEPTH} steps down from one value"
        raise ExpressionSyntaxError(message)

    def _property(self) -> str:
        name = self._take()
        if name.kind != "name":
            self._next -= 1
            self._fail("a property's name")
        return name.text

    def _arguments(self) -> tuple[Expression, ...]:
        self._expect("(")
        arguments: list[Expression] = []
        while self._peek().text != ")" or arguments:
            arguments.append(self._expression())
            if self._peek().text != ",":
                break
            self._take()
        self._expect(")")
        return tuple(arguments)

    def _peek(self) -> _Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else _END

    def _take(self) -> _Token:
        token = self._peek()
        self._next += 1
        return token

    def _expect(self, symbol: str) -> None:
        if self._peek().kind != "symbol" or self._peek().text != symbol:
            self._fail(f"'{symbol}'")
        self._next += 1

    def _fail(self, expected: str) -> NoReturn:
        found = self._peek()
        place = "" if found is _END else f" at character {found.position + 2}"
        shown = found.text if len(found.text) <= 40 else found.text[:40] + "…"
        message = f"Expected {expected} but found {shown}{place} in the template expression"
        raise ExpressionSyntaxError(message)


def _number(text: str) -> int | float:
    number = number_from(text)
    if number is None:
        message = f"The number {text[:40]}… is out of range"
        raise ExpressionSyntaxError(message)
    return number


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            place = end - len(text[position:end].lstrip())
            what = "A string is not closed" if text[place] == "'" else f"Unexpected '{text[place]}'"
            message = f"{what} at character {place + 2} of the template expression"
            raise ExpressionSyntaxError(message)
        group = found.lastgroup
        tokens.append(_Token(group, found[group], found.start(group)))
        position = found.end()
    return tokens


def source_of(expression: Expression) -> str:
    """The expression as text again, for reasons and messages."""
    match expression:
        case Literal(value=str() as text):
            return "'" + text.replace("'", "''") + "'"
        case Literal(value=bool() | None as word):
            return {True: "true", False: "false", None: "null"}[word]
        case Literal(value=number):
            return str(number)
        case Name(text=text):
            return text
        case Call(name=name, arguments=arguments):
            return f"{name}({', '.join(map(source_of, arguments))})"
        case Member(container=container, name=name):
            return f"{source_of(container)}.{name}"
        case Index(container=container, key=key):
            return f"{source_of(container)}[{source_of(key)}]"
