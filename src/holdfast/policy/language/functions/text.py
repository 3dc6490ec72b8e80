"""Strings: `concat`, `indexOf`, `padLeft`, `split`, … Searching ignores case, as documented."""

import re
from collections.abc import Callable
from typing import Final, Literal

from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.functions.base import ANY, Function, bounded_items, bounded_text, whole
from holdfast.policy.language.limits import COMPARISONS, TEXT_LENGTH
from holdfast.policy.language.values import UNDEFINED, fold, number_from, same, scalar_text, text_of

_ALTERNATIVE: Final = 10
"""Trying one of several delimiters costs as much as so many comparisons."""


def _on_text(change: Callable[[str], str]) -> Callable[..., object]:
    return lambda value: change(value) if isinstance(value, str) else UNDEFINED


def _concat(*parts: object) -> object:
    """Texts and numbers to one text, or arrays to one array."""
    if parts and all(isinstance(part, list) for part in parts):
        return bounded_items([member for part in parts if isinstance(part, list) for member in part])
    texts = [scalar_text(part) for part in parts]
    known = [text for text in texts if text is not None]
    return bounded_text("".join(known)) if len(known) == len(texts) else UNDEFINED


def _original(text: str, place: int) -> int:
    """The position in `text` of a position in the folded text: ß folds to two characters."""
    folded = 0
    for position, character in enumerate(text):
        folded += len(fold(character))
        if folded > place:
            return position
    return len(text)


def _finder(
    find: Callable[[str, str], int], empty: Callable[[str], int], end: Literal[0, -1]
) -> Callable[..., object]:
    """The position of a part of a text, without case, or of a member of an array, which must be the same:
    the first one (`end` 0) or the last (-1)."""

    def position_of(text: object, part: object) -> object:
        if isinstance(text, list):
            places = [place for place, member in enumerate(text) if same(member, part)]
            return places[end] if places else -1
        if not (isinstance(text, str) and isinstance(part, str)):
            return UNDEFINED
        if not part:
            return empty(text)
        folded = fold(text)
        found = find(folded, fold(part))
        return found if found < 0 or len(folded) == len(text) else _original(text, found)

    return position_of


def _edge(test: Callable[[str, str], bool]) -> Callable[..., object]:
    def at_edge(text: object, part: object) -> object:
        if not (isinstance(text, str) and isinstance(part, str)):
            return UNDEFINED
        return test(fold(text), fold(part))

    return at_edge


def _pad_left(value: object, width: object, padding: object = " ") -> object:
    text = scalar_text(value)
    total = whole(number_from(width) if isinstance(width, str) else width)
    if text is None or total is None or not 0 <= total <= TEXT_LENGTH or not isinstance(padding, str):
        return UNDEFINED
    return text.rjust(total, (padding or " ")[0])


def _replace(text: object, old: object, new: object) -> object:
    if not (isinstance(text, str) and isinstance(old, str) and isinstance(new, str)):
        return UNDEFINED
    if old and text.count(old) * len(new) > TEXT_LENGTH:
        return UNDEFINED
    return text.replace(old, new) if old else text


def _split(text: object, delimiter: object) -> object:
    delimiters = delimiter if isinstance(delimiter, list) else [delimiter]
    if not isinstance(text, str) or not isinstance(delimiter, list | str):
        return UNDEFINED
    known = sorted((part for part in delimiters if isinstance(part, str) and part), key=len, reverse=True)
    if len(text) * len(known) > COMPARISONS // _ALTERNATIVE:
        raise TemplateError("split(): the text is too long for so many delimiters")
    return list(re.split("|".join(map(re.escape, known)), text)) if known else [text]


def _substring(text: object, start: object, length: object = None) -> object:
    """A part of a text; one that reaches beyond the end is a fault, as documented."""
    if not isinstance(text, str):
        return UNDEFINED
    first = whole(start)
    size = len(text) - (first or 0) if length is None else whole(length)
    if first is None or size is None or first < 0 or size < 0 or first + size > len(text):
        return UNDEFINED
    return text[first : first + size]


def _join(members: object, delimiter: object) -> object:
    if not (isinstance(members, list) and isinstance(delimiter, str)):
        return UNDEFINED
    return bounded_text(delimiter.join(map(text_of, members)))


def _string(value: object) -> object:
    return UNDEFINED if value is UNDEFINED else bounded_text(text_of(value))


FUNCTIONS: Final = (
    Function("concat", _concat, 0, ANY, of_text=True),
    Function("endsWith", _edge(str.endswith), 2, 2, of_text=True),
    Function("indexOf", _finder(str.find, lambda text: 0, 0), 2, 2, of_text=True),
    Function("join", _join, 2, 2),
    Function("lastIndexOf", _finder(str.rfind, len, -1), 2, 2, of_text=True),
    Function("padLeft", _pad_left, 2, 3, of_text=True),
    Function("replace", _replace, 3, 3, of_text=True),
    Function("split", _split, 2, 2, of_text=True),
    Function("startsWith", _edge(str.startswith), 2, 2, of_text=True),
    Function("string", _string, 1, 1, of_text=True),
    Function("substring", _substring, 2, 3, of_text=True),
    Function("toLower", _on_text(str.lower), 1, 1, of_text=True),
    Function("toUpper", _on_text(str.upper), 1, 1, of_text=True),
    Function("trim", _on_text(str.strip), 1, 1, of_text=True),
)
