"""The two pattern languages of conditions: `like` with wildcards, `match` with character classes."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.limits import COMPARISONS
from holdfast.policy.language.values import fold


@lru_cache(maxsize=4096)
def _like_test(pattern: str) -> Callable[[str], bool]:
    """A test for a folded `like` pattern; the common shapes need no search."""
    first, *others = pattern.split("*")
    if "?" in pattern:
        return _with_question_marks(first, others)
    if not others:
        return pattern.__eq__
    *between, last = others
    shortest = len(pattern) - len(others)
    return lambda text: (
        len(text) >= shortest
        and text.startswith(first)
        and text.endswith(last)
        and (not between or _in_order(text[len(first) : len(text) - len(last)], between))
    )


def _in_order(text: str, parts: Iterable[str]) -> bool:
    """Whether the parts stand one after another; each is taken where it stands first."""
    place = 0
    for part in parts:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _with_question_marks(first: str, others: Sequence[str]) -> Callable[[str], bool]:
    """The same with `?`; atomic groups take each part where it stands first and try it nowhere else."""
    start, *parts = [".".join(map(re.escape, part.split("?"))) for part in (first, *others)]
    searched = "".join(f"(?>.*?{part})" for part in parts[:-1])
    ending = f".*{parts[-1]}" if parts else ""
    compiled = re.compile(f"{start}{searched}{ending}", re.DOTALL)
    longest = max(map(len, (first, *others)))

    def test(text: str) -> bool:
        if len(text) * longest > COMPARISONS:
            message = f"'like' with '?' takes too long on {len(text)} characters; shorten the pattern"
            raise TemplateError(message)
        return compiled.fullmatch(text) is not None

    return test


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
