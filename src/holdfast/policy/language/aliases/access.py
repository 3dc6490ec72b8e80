"""Reaching into documents by keys: exactly, or in any letter case."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

ABSENT: Final = object()
"""What `find` answers when there is no such member."""


def find(members: Mapping[str, object], key: str) -> object:
    """The member whose key is `key` (given in lower case) in any letter case, or ABSENT."""
    if key in members:
        return members[key]
    return next((value for name, value in members.items() if str(name).lower() == key), ABSENT)


def read(root: object, path: Sequence[str]) -> tuple[bool, object]:
    """Whether something stands at a path of exact keys, and what."""
    for key in path:
        if not isinstance(root, dict) or key not in root:
            return False, None
        root = root[key]
    return True, root


def read_any_case(root: object, path: Sequence[str]) -> tuple[bool, object]:
    """`read` with keys in any letter case."""
    for key in path:
        root = find(root, key.lower()) if isinstance(root, dict) else ABSENT
        if root is ABSENT:
            return False, None
    return True, root


def write(root: dict[str, object], path: Sequence[str], value: object) -> None:
    """Put `value` at a path, making the objects on the way; a value in the way stays, and nothing is
    written."""
    for key in path[:-1]:
        below = root.setdefault(key, {})
        if not isinstance(below, dict):
            return
        root = below
    root[path[-1]] = value


def remove(root: dict[str, object], path: Sequence[str]) -> None:
    """Remove what stands at a path in any letter case; the objects on the way stay, even when they are
    empty."""
    found, owner = read_any_case(root, path[:-1])
    if found and isinstance(owner, dict):
        for key in [key for key in owner if key.lower() == path[-1].lower()]:
            del owner[key]


def each_member(root: dict[str, object], arrays: Sequence[Sequence[str]]) -> Iterator[dict[str, object]]:
    """The objects in an array, or in arrays inside the members of arrays."""
    if not arrays:
        yield root
        return
    found, array = read_any_case(root, arrays[0])
    members = (each for each in array if isinstance(each, dict)) if found and isinstance(array, list) else ()
    yield from chain.from_iterable(each_member(member, arrays[1:]) for member in members)
