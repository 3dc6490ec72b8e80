"""Paths into documents: `properties.rules[*].name`, `tags['cost center']`, `items[0]`."""

from typing import Final

from holdfast.policy.language.errors import PolicyLanguageError

WILDCARD: Final = "[*]"

Segments = tuple[str, ...]
"""Keys in lower case and array indexes as digits, from the outside in."""


class PathSyntaxError(PolicyLanguageError):
    """The text is not a path into a document."""


def split_path(path: str) -> Segments:
    """The segments of a path without `[*]`.

    Raises PathSyntaxError when a segment is empty or a bracket is not closed.
    """
    segments: list[str] = []
    rest = path.strip()
    while rest:
        if rest.startswith("["):
            inner, bracket, rest = rest[1:].partition("]")
            segment = inner.strip().strip("'\"")
            if not bracket or (rest and rest[0] not in ".["):
                raise PathSyntaxError(f"The bracket in '{path}' is not closed or followed by a name")
            rest = rest.removeprefix(".") if rest != "." else rest
        else:
            segment, rest = _plain_segment(rest)
        if not segment:
            raise PathSyntaxError(f"'{path}' has an empty segment")
        segments.append(segment.lower())
    if not segments:
        raise PathSyntaxError("The path is empty")
    return tuple(segments)


def _plain_segment(text: str) -> tuple[str, str]:
    """The segment before the first dot or bracket, and what follows; a dot at the end is an empty segment."""
    end = next((position for position, character in enumerate(text) if character in ".["), len(text))
    segment, rest = text[:end].strip(), text[end:]
    if rest.startswith("."):
        return (segment, rest[1:]) if len(rest) > 1 else ("", "")
    return segment, rest


def split_wildcards(path: str) -> list[str]:
    """The parts of a path between its `[*]`; the last one is empty when the path ends with one."""
    return [part.strip(".") for part in path.split(WILDCARD)]
