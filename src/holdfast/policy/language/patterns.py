"""The two pattern languages of conditions: `like` with wildcards, `match` with character classes."""

from collections.abc import Callable
from functools import lru_cache

from holdfast.policy.language.values import fold


@lru_cache(maxsize=4096)
def _like_test(pattern: str) -> Callable[[str], bool]:
    """A test for a folded `like` pattern; the common shapes need no search."""
    if "?" not in pattern and pattern.count("*") <= 1:
        prefix, star, suffix = pattern.partition("*")
        if not star:
            return pattern.__eq__
        shortest = len(prefix) + len(suffix)
        return lambda text: len(text) >= shortest and text.startswith(prefix) and text.endswith(suffix)
    return lambda text: _wildcards(text, pattern)


def _wildcards(text: str, pattern: str) -> bool:
    """Greedy matching of `*` and `?` that returns to the last star: linear in memory, no recursion."""
    at = where = 0
    star, resume = -1, 0
    while at < len(text):
        if where < len(pattern) and pattern[where] == "*":
            star, resume = where, at
            where += 1
        elif where < len(pattern) and pattern[where] in ("?", text[at]):
            at, where = at + 1, where + 1
        elif star >= 0:
            resume += 1
            at, where = resume, star + 1
        else:
            return False
    return pattern[where:].strip("*") == ""


def like(text: str, pattern: str) -> bool:
    """Whether `text` fits `pattern` without case: `*` any characters, `?` one."""
    return _like_test(fold(pattern))(fold(text))


def match(text: str, pattern: str) -> bool:
    """Whether `text` fits `pattern` with case: `#` a digit, `?` a letter, `.` any character."""
    return len(text) == len(pattern) and all(map(_fits, text, pattern))


def match_insensitively(text: str, pattern: str) -> bool:
    """`match` without case."""
    return match(fold(text), fold(pattern))


def _fits(character: str, wanted: str) -> bool:
    if wanted == ".":
        return True
    if wanted == "#":
        return character.isascii() and character.isdigit()
    if wanted == "?":
        return character.isascii() and character.isalpha()
    return character == wanted
