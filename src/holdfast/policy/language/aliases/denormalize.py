"""From the flat form back to a resource: the opposite of `normalize`, as far as aliases know the letter
case."""

from collections.abc import Mapping

from holdfast.policy.language.aliases.access import ABSENT, each_member, find, read_any_case, remove, write
from holdfast.policy.language.aliases.model import (
    COLLISION_PREFIX,
    DEFAULT_CASING,
    FOLDED_ROOT_FIELDS,
    ROOT_FIELDS,
    TypeAliases,
    is_data_plane,
)
from holdfast.policy.language.aliases.normalize import resource_type_of
from holdfast.policy.language.aliases.plan import MemberMove, Plan, Wrapping, plan_for


def denormalize(flat: object, aliases: TypeAliases | None = None, api_version: str | None = None) -> object:
    """The resource whose flat form this is; anything but an object is returned as it is.

    A renamed value inside an object that no alias stands for keeps its short name beside its own.
    """
    if not isinstance(flat, dict):
        return flat
    casing = aliases.casing if aliases else DEFAULT_CASING
    plan = plan_for(aliases, api_version) if aliases else None
    resource: dict[str, object] = {
        name: restore_case(found, casing)
        for name in ROOT_FIELDS
        if (found := find(flat, name.lower())) is not ABSENT
    }
    properties: dict[str, object] = {}
    _place_unowned(flat, resource, properties, casing, plan.owned if plan else frozenset())
    if plan is not None:
        _undo(plan, flat, resource, properties, casing)
    if properties:
        _attach(resource, properties)
    return resource


def restore_case(value: object, casing: Mapping[str, str]) -> object:
    """A value with its keys in the letter case that is known for them."""
    if isinstance(value, dict):
        return {_restored(str(key), casing): restore_case(member, casing) for key, member in value.items()}
    return [restore_case(member, casing) for member in value] if isinstance(value, list) else value


def _restored(key: str, casing: Mapping[str, str]) -> str:
    return casing.get(key.lower(), key)


def _place_unowned(
    flat: dict[str, object],
    resource: dict[str, object],
    properties: dict[str, object],
    casing: Mapping[str, str],
    owned: frozenset[str],
) -> None:
    """Put every key that is no root field and no alias below `properties`, or at the root of the data
    plane."""
    at_root = is_data_plane(resource_type_of(flat))
    for key, value in flat.items():
        name = str(key).removeprefix(COLLISION_PREFIX)
        if str(key).lower() in FOLDED_ROOT_FIELDS or name.lower() in owned:
            continue
        collides = str(key).startswith(COLLISION_PREFIX)
        owner = resource if at_root and not collides else properties
        owner[_restored(name, casing)] = restore_case(value, casing)


def _undo(
    plan: Plan,
    flat: dict[str, object],
    resource: dict[str, object],
    properties: dict[str, object],
    casing: Mapping[str, str],
) -> None:
    for scalar in plan.scalars:
        found, value = read_any_case(flat, scalar.target)
        if found:
            wrapped = scalar.source[0] == "properties" and len(scalar.source) > 1
            owner = properties if wrapped else resource
            write(owner, scalar.source[1:] if wrapped else scalar.source, restore_case(value, casing))
    for source, target in plan.arrays:
        present = next((key for key in properties if key.lower() == target), None)
        if present is not None:
            properties[source] = properties.pop(present)
    for move in plan.members:
        _undo_member_move(move, properties)
    for wrapping in plan.wrappings:
        _wrap(properties, wrapping.arrays, wrapping)


def _undo_member_move(move: MemberMove, properties: dict[str, object]) -> None:
    for member in each_member(properties, move.arrays):
        found, value = read_any_case(member, move.target)
        if found:
            write(member, move.source, value)
            remove(member, move.target)


def _wrap(owner: dict[str, object], arrays: tuple[str, ...], wrapping: Wrapping) -> None:
    array = find(owner, arrays[0])
    if not isinstance(array, list):
        return
    if len(arrays) > 1:
        for member in array:
            if isinstance(member, dict):
                _wrap(member, arrays[1:], wrapping)
        return
    array[:] = [_wrapped(member, wrapping.unwrapped) for member in array]


def _wrapped(member: object, unwrapped: frozenset[str]) -> object:
    if not isinstance(member, dict):
        return member
    outside: dict[str, object] = {}
    inside: dict[str, object] = {}
    for key, value in member.items():
        (outside if str(key).lower() in unwrapped else inside)[key] = value
    return {**outside, "properties": inside} if inside else outside


def _attach(resource: dict[str, object], properties: dict[str, object]) -> None:
    """Add `properties`; what an alias already put there stays."""
    present = resource.get("properties")
    if isinstance(present, dict):
        resource["properties"] = {**properties, **present}
    else:
        resource["properties"] = properties
