"""Carrying out `modify` and `append` on a resource."""

import copy
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from holdfast.kernel.json import pointer_step
from holdfast.policy.language.aliases.access import ABSENT
from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.aliases.denormalize import restore_case
from holdfast.policy.language.aliases.model import DEFAULT_CASING, FOLDED_ROOT_FIELDS, is_data_plane
from holdfast.policy.language.aliases.normalize import resource_type_of
from holdfast.policy.language.aliases.paths import WILDCARD
from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.evaluation.effects import Operation
from holdfast.policy.language.evaluation.fields import tag_of
from holdfast.policy.language.values import UNDEFINED, same

_MEMBER: Final = "*"


class Change(NamedTuple):
    """One value that was changed in a resource."""

    operation: str
    field: str
    """As the definition names it."""
    pointer: str
    """The JSON pointer in the resource."""
    before: object
    """UNDEFINED when there was nothing."""
    after: object
    """UNDEFINED when it was removed."""


class Changed(NamedTuple):
    """A resource after its operations."""

    resource: object
    changes: tuple[Change, ...]
    conflicts: tuple[str, ...]
    """Fields that `append` would have to overwrite; Azure refuses the request then."""


def apply_operations(
    resource: object, operations: Sequence[Operation], catalog: Catalog, api_version: str | None = None
) -> Changed:
    """`resource` with the operations carried out, in their order; the one that was given stays as it is.

    Raises TemplateError when a condition or value could not be computed.
    """
    result = copy.deepcopy(resource)
    if not isinstance(result, dict):
        return Changed(result, (), ())
    changes: list[Change] = []
    conflicts: list[str] = []
    for operation in operations:
        if not _is_taken(operation):
            continue
        path = field_path(operation.field, catalog, resource_type_of(resource), api_version)
        if not path:
            raise TemplateError(f"'{operation.field}' names no place in the resource")
        for change in _carry_out(operation, result, path, ""):
            if change.operation == "conflict":
                conflicts.append(operation.field)
            elif not _is_same(change.before, change.after):
                changes.append(change)
    return Changed(result, tuple(changes), tuple(conflicts))


def _is_taken(operation: Operation) -> bool:
    if operation.condition is UNDEFINED or not isinstance(operation.condition, bool):
        raise TemplateError(f"The condition on changing '{operation.field}' is neither true nor false")
    if operation.value is UNDEFINED and operation.operation != "remove" and operation.condition:
        raise TemplateError(f"The value for '{operation.field}' cannot be computed")
    return operation.condition


def _is_same(before: object, after: object) -> bool:
    if before is UNDEFINED or after is UNDEFINED:
        return before is after
    return same(before, after)


def field_path(field: str, catalog: Catalog, resource_type: str, api_version: str | None) -> tuple[str, ...]:
    """Where a field stands in a resource: its keys in their letter case, `*` for every member of an array."""
    tag = tag_of(field)
    if tag is not None:
        return ("tags", tag)
    alias = catalog.alias(field)
    if alias is not None:
        return _keys(alias.path_at(api_version))
    short = field.rpartition("/")[2]
    root = short.replace(WILDCARD, "").partition(".")[0].lower()
    if root in FOLDED_ROOT_FIELDS or root == "properties" or is_data_plane(resource_type):
        return _keys(short)
    keys = _keys(short)
    return ("properties", *keys) if keys and "/" in field else keys


def _keys(path: str) -> tuple[str, ...]:
    return tuple(key for key in path.replace(WILDCARD, f".{_MEMBER}").split(".") if key)


def _carry_out(
    operation: Operation, owner: dict[str, object], path: tuple[str, ...], pointer: str
) -> Iterator[Change]:
    key = _present_key(owner, path[0])
    place = pointer + pointer_step(key)
    rest = path[1:]
    if not rest:
        yield from _at_key(operation, owner, key, place)
        return
    below = owner.get(key)
    if rest == (_MEMBER,):
        yield from _at_array(operation, owner, key, place)
    elif rest[0] == _MEMBER:
        for index, member in enumerate(below if isinstance(below, list) else ()):
            if isinstance(member, dict):
                yield from _carry_out(operation, member, rest[1:], f"{place}/{index}")
    elif isinstance(below, dict):
        yield from _carry_out(operation, below, rest, place)
    elif operation.operation != "remove" and below is None:
        made: dict[str, object] = {}
        yield from _carry_out(operation, made, rest, place)
        owner[key] = made


def _present_key(owner: dict[str, object], key: str) -> str:
    """The key as the resource writes it, or as it is usually written."""
    if key in owner:
        return key
    folded = key.lower()
    found = next((name for name in owner if name.lower() == folded), None)
    return found if found is not None else DEFAULT_CASING.get(folded, key)


def _at_key(operation: Operation, owner: dict[str, object], key: str, place: str) -> Iterator[Change]:
    before = owner.get(key, ABSENT)
    known = UNDEFINED if before is ABSENT else before
    kind = operation.operation
    if kind == "remove":
        owner.pop(key, None)
        yield Change(kind, operation.field, place, known, UNDEFINED)
        return
    value = restore_case(copy.deepcopy(operation.value), DEFAULT_CASING)
    if kind == "append" and before is not ABSENT and before is not None:
        if not same(before, value):
            yield Change("conflict", operation.field, place, known, value)
        return
    if kind == "add" and before is not ABSENT and before is not None:
        return
    owner[key] = value
    yield Change(kind, operation.field, place, known, value)


def _at_array(operation: Operation, owner: dict[str, object], key: str, place: str) -> Iterator[Change]:
    """An operation on the members of an array: values are added to it once, or removed from it."""
    before = owner.get(key)
    members = before if isinstance(before, list) else []
    values = operation.value if isinstance(operation.value, list) else [operation.value]
    if operation.operation == "remove":
        after = [] if operation.value is UNDEFINED else [each for each in members if not _among(each, values)]
    elif operation.operation == "addOrReplace":
        after = list(values)
    else:
        after = [*members, *(each for each in values if not _among(each, members))]
    if before is None and operation.operation == "remove":
        return
    owner[key] = after
    yield Change(operation.operation, operation.field, place, UNDEFINED if before is None else before, after)


def _among(value: object, members: Sequence[object]) -> bool:
    return any(same(value, each) for each in members)
