"""Secret values inside bodies: left out for whoever only looks, sealed again for the database.

A kind names them by dotted paths; `*` stands for any key of an object or any item of a list.
"""

import base64
from collections.abc import Iterable, Iterator

import msgspec

from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.keys.port import KeyRing

Place = tuple[str | int, ...]
"""A concrete path: object keys and list positions."""

SEALED = "$sealed"
"""The only member of an object that stands for a sealed value in the database."""


def places(body: JsonObject, paths: Iterable[str]) -> Iterator[Place]:
    """Where `body` holds a value at one of the secret `paths`; empty ones (null, "") are no secrets."""
    for path in paths:
        yield from _matches(body, path.split("."), ())


def without(body: JsonObject, paths: Iterable[str]) -> JsonObject:
    """The body with its secrets left out; the same object when it has none."""
    found = list(places(body, paths))
    return _rebuilt(body, dict.fromkeys(found, None), remove=True) if found else body


def restored(body: JsonObject, original: JsonObject, paths: Iterable[str]) -> JsonObject:
    """`body`, which came from `without(original)` and may have changed, with the secrets of `original`."""
    found = {place: _at(original, place) for place in places(original, paths)}
    return _rebuilt(body, found) if found else body


def sealed(body: JsonObject, paths: Iterable[str], ring: KeyRing, context: str) -> JsonObject:
    """The body as the database keeps it; `context` names the resource and is authenticated."""
    found: dict[Place, JsonValue] = {}
    for place in places(body, paths):
        text = ring.seal(msgspec.json.encode(_at(body, place)), _context(context, place))
        found[place] = {SEALED: base64.b64encode(text).decode()}
    return _rebuilt(body, found) if found else body


def opened(body: JsonObject, paths: Iterable[str], ring: KeyRing, context: str) -> JsonObject:
    """The body with its sealed values opened; KeyUnavailableError when one was altered or moved."""
    found: dict[Place, JsonValue] = {}
    for place in places(body, paths):
        value = _at(body, place)
        if isinstance(value, dict) and isinstance(text := value.get(SEALED), str):
            found[place] = msgspec.json.decode(ring.open(base64.b64decode(text), _context(context, place)))
    return _rebuilt(body, found) if found else body


def _context(context: str, place: Place) -> str:
    return f"{context} {'.'.join(map(str, place))}"


def _matches(value: JsonValue, parts: list[str], place: Place) -> Iterator[Place]:
    if not parts:
        if value is not None and value != "":
            yield place
        return
    for key, inner in _children(value, parts[0]):
        yield from _matches(inner, parts[1:], (*place, key))


def _children(value: JsonValue, part: str) -> Iterator[tuple[str | int, JsonValue]]:
    if isinstance(value, dict):
        if part == "*":
            yield from list(value.items())
        elif part in value:
            yield part, value[part]
    elif isinstance(value, list) and part == "*":
        yield from enumerate(value)


def _at(value: JsonValue, place: Place) -> JsonValue:
    for key in place:
        value = _child(value, key)
    return value


def _child(value: JsonValue, key: str | int) -> JsonValue:
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    return None


def _rebuilt(body: JsonObject, values: dict[Place, JsonValue], *, remove: bool = False) -> JsonObject:
    """A copy of `body` in which each place has its value, or is gone (null inside a list)."""
    copy: JsonObject = msgspec.json.decode(msgspec.json.encode(body))
    for place, value in values.items():
        _put(copy, place, value, remove)
    return copy


def _put(body: JsonObject, place: Place, value: JsonValue, remove: bool) -> None:
    parent: JsonValue = body
    for key in place[:-1]:
        if isinstance(parent, dict) and isinstance(key, str):
            parent = parent.setdefault(key, {})
        elif isinstance(parent, list) and isinstance(key, int) and key < len(parent):
            parent = parent[key]
        else:
            return
    last = place[-1]
    if isinstance(parent, dict) and isinstance(last, str):
        if remove:
            parent.pop(last, None)
        else:
            parent[last] = value
    elif isinstance(parent, list) and isinstance(last, int) and last < len(parent):
        parent[last] = value
