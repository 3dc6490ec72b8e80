"""Arrays and objects: `contains`, `first`, `intersection`, `items`, `tryGet`, …"""

from collections.abc import Callable
from typing import Any, Final

from holdfast.policy.language import operators
from holdfast.policy.language.documents import read_json
from holdfast.policy.language.errors import PolicyLanguageError, TemplateError
from holdfast.policy.language.functions.base import ANY, Function, bounded_items, whole
from holdfast.policy.language.values import UNDEFINED, identity, is_missing, same


def _array(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _create_array(*members: object) -> object:
    return list(members)


def _create_object(*pairs: object) -> object:
    if len(pairs) % 2:
        raise TemplateError(f"createObject(): expected an even number of arguments, got {len(pairs)}")
    if any(isinstance(key, list | dict) for key in pairs[::2]):
        return UNDEFINED
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _empty(value: object) -> object:
    return is_missing(value) or (isinstance(value, str | list | dict) and not value)


def _length(value: object) -> object:
    return len(value) if isinstance(value, str | list | dict) else UNDEFINED


def _at_edge(index: int) -> Callable[..., object]:
    def pick(value: object) -> object:
        if isinstance(value, list):
            return value[index] if value else None
        if isinstance(value, str):
            return value[index] if value else ""
        return UNDEFINED

    return pick


def _take(value: object, number: object) -> object:
    return _cut(value, number, lambda members, place: members[:place])


def _skip(value: object, number: object) -> object:
    return _cut(value, number, lambda members, place: members[place:])


def _cut(value: object, number: object, part: Callable[[Any, int], object]) -> object:  # Any: either
    """A part of a text or an array at a number of members; a negative number counts as none."""
    place = whole(number)
    return UNDEFINED if place is None or not isinstance(value, str | list) else part(value, max(place, 0))


def _intersection(first: object, *others: object) -> object:
    """Members of every array, or pairs of every object."""
    if isinstance(first, list):
        arrays = [other for other in others if isinstance(other, list)]
        if len(arrays) < len(others):
            return UNDEFINED
        kept = [set(map(identity, other)) for other in arrays]
        return [member for member in first if all(identity(member) in other for other in kept)]
    if not isinstance(first, dict):
        return UNDEFINED
    objects = [other for other in others if isinstance(other, dict)]
    if len(objects) < len(others):
        return UNDEFINED
    return {
        key: value
        for key, value in first.items()
        if all(key in other and same(other[key], value) for other in objects)
    }


def _union(*values: object) -> object:
    """Every array's members once, or objects merged: the last one wins, objects inside are merged too."""
    if all(isinstance(value, list) for value in values):
        unique: dict[object, object] = {}
        for value in values:
            for member in value if isinstance(value, list) else ():
                unique.setdefault(identity(member), member)
        return bounded_items(list(unique.values()))
    if all(isinstance(value, dict) for value in values):
        merged: dict[object, object] = {}
        for value in values:
            merged = _merge(merged, value)
        return merged
    return UNDEFINED


def _merge(base: dict[object, object], overlay: object) -> dict[object, object]:
    merged = dict(base)
    for key, value in overlay.items() if isinstance(overlay, dict) else ():
        before = merged.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[key] = _merge(before, value) if both and isinstance(before, dict) else value
    return merged


def _shallow_merge(objects: object) -> object:
    if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
        return UNDEFINED
    return {key: value for each in objects for key, value in each.items()}


def _items(value: object) -> object:
    """The pairs of an object, ordered by key."""
    if not isinstance(value, dict):
        return UNDEFINED
    return [{"key": key, "value": value[key]} for key in sorted(value, key=str)]


def _object_keys(value: object) -> object:
    return sorted(value, key=str) if isinstance(value, dict) else UNDEFINED


def _flatten(value: object) -> object:
    if not isinstance(value, list):
        return UNDEFINED
    return bounded_items([part for each in value for part in (each if isinstance(each, list) else [each])])


def _try_get(container: object, key: object, *further: object) -> object:
    """The member under a key or index, or null; further keys lead deeper."""
    if isinstance(container, dict):
        found = container.get(key) if not isinstance(key, list | dict) else None
    elif isinstance(container, list):
        index = whole(key)
        found = container[index] if index is not None and 0 <= index < len(container) else None
    else:
        return None
    return _try_get(found, *further) if further else found


def _from_end(members: object, position: object) -> object:
    """The member at a one-based position from the end, or UNDEFINED."""
    index = whole(position)
    if not isinstance(members, list) or index is None or not 0 < index <= len(members):
        return UNDEFINED
    return members[-index]


def _index_from_end(members: object, position: object) -> object:
    found = _from_end(members, position)
    if found is UNDEFINED and isinstance(members, list) and whole(position) is not None:
        raise TemplateError(f"indexFromEnd(): position {whole(position)} is out of bounds")
    return found


def _try_index_from_end(members: object, position: object) -> object:
    found = _from_end(members, position)
    return None if found is UNDEFINED else found


def json_value(text: object) -> object:
    """The value that JSON text holds; UNDEFINED when it holds none."""
    if not isinstance(text, str):
        return UNDEFINED
    try:
        return read_json(text)
    except PolicyLanguageError:
        return UNDEFINED


FUNCTIONS: Final = (
    Function("array", _array, 1, 1),
    Function("contains", operators.contains, 2, 2, of_text=True),
    Function("createArray", _create_array, 0, ANY),
    Function("createObject", _create_object, 0, ANY),
    Function("empty", _empty, 1, 1),
    Function("first", _at_edge(0), 1, 1, of_text=True),
    Function("flatten", _flatten, 1, 1),
    Function("indexFromEnd", _index_from_end, 2, 2),
    Function("intersection", _intersection, 1, ANY),
    Function("items", _items, 1, 1),
    Function("json", json_value, 1, 1, of_text=True),
    Function("last", _at_edge(-1), 1, 1, of_text=True),
    Function("length", _length, 1, 1, of_text=True),
    Function("objectKeys", _object_keys, 1, 1),
    Function("shallowMerge", _shallow_merge, 1, 1),
    Function("skip", _skip, 2, 2, of_text=True),
    Function("take", _take, 2, 2, of_text=True),
    Function("tryGet", _try_get, 2, ANY),
    Function("tryIndexFromEnd", _try_index_from_end, 2, 2),
    Function("union", _union, 1, ANY),
)
