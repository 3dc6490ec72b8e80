"""What has to move between a resource and its normalized form, worked out once for a type and API version."""

from collections.abc import Iterable
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from holdfast.policy.language.aliases.model import (
    COLLISION_PREFIX,
    FOLDED_ROOT_FIELDS,
    Alias,
    TypeAliases,
    is_data_plane,
    without_properties,
)
from holdfast.policy.language.aliases.paths import WILDCARD

_MEMBER_FIELDS: Final = frozenset({"name", "type", "id", "etag"})
"""Fields that stand beside `properties` in every member of an array of sub-resources."""

Chain = tuple[tuple[str, ...], ...]
"""Arrays inside arrays: the keys that lead to each from the member around it."""


class ScalarMove(NamedTuple):
    """A value outside arrays: where it stands in the resource and where when normalized."""

    source: tuple[str, ...]
    target: tuple[str, ...]


class MemberMove(NamedTuple):
    """A field of the members of an array whose name differs from the alias."""

    arrays: Chain
    source: tuple[str, ...]
    target: tuple[str, ...]


class ArrayMove(NamedTuple):
    """An array whose name differs from the alias."""

    source: str
    target: str


class Wrapping(NamedTuple):
    """An array whose members wrap all but some fields in `properties`."""

    arrays: tuple[str, ...]
    unwrapped: frozenset[str]


class Plan(NamedTuple):
    """Every move for one type and API version. Sources keep their letter case, targets are in lower case."""

    scalars: tuple[ScalarMove, ...]
    displaced: tuple[ScalarMove, ...]
    """Those that unwrapping `properties` does not already put where they belong."""
    members: tuple[MemberMove, ...]
    arrays: tuple[ArrayMove, ...]
    wrappings: tuple[Wrapping, ...]
    owned: frozenset[str]
    """Keys of the normalized resource that one scalar alias accounts for wholly."""


_plans: WeakKeyDictionary[TypeAliases, dict[str | None, Plan]] = WeakKeyDictionary()


def plan_for(aliases: TypeAliases, api_version: str | None) -> Plan:
    """The plan for a type in an API version; a version that no alias knows has that of none."""
    version = api_version.lower() if api_version else None
    if version not in aliases.versions:
        version = None
    known = _plans.setdefault(aliases, {})
    if version not in known:
        known[version] = _plan(aliases, version)
    return known[version]


def _plan(aliases: TypeAliases, version: str | None) -> Plan:
    scalars = [alias for alias in aliases.aliases.values() if not alias.is_array]
    arrays = [
        alias
        for alias in aliases.aliases.values()
        if alias.is_array and alias.short.lower() not in aliases.sub_resources
    ]
    moves = tuple(
        ScalarMove(tuple(alias.path_at(version).split(".")), tuple(alias.key.split("."))) for alias in scalars
    )
    return Plan(
        scalars=moves,
        displaced=tuple(move for move in moves if not _stays(move, aliases)),
        members=tuple(_member_moves(arrays, version)),
        arrays=tuple(dict.fromkeys(_array_moves(arrays, version))),
        wrappings=tuple(_wrappings(aliases, version)),
        owned=frozenset(
            alias.key.removeprefix(COLLISION_PREFIX) for alias in scalars if "." not in alias.key
        ),
    )


def _stays(move: ScalarMove, aliases: TypeAliases) -> bool:
    """Whether unwrapping `properties` already puts the value at its target."""
    folded = tuple(key.lower() for key in move.source)
    if folded[0] == "properties":
        return folded[1:] == move.target and move.target[0] not in FOLDED_ROOT_FIELDS
    return folded == move.target and (folded[0] in FOLDED_ROOT_FIELDS or is_data_plane(aliases.resource_type))


def _member_moves(arrays: Iterable[Alias], version: str | None) -> Iterable[MemberMove]:
    for alias in arrays:
        names = alias.short.split(f"{WILDCARD}.")
        parts = alias.path_at(version).split(f"{WILDCARD}.")
        if len(names) < 2 or len(parts) < 2:
            continue
        leaf = parts[-1].removeprefix("properties.")
        if leaf.lower() != names[-1].lower():
            chain = tuple(tuple(name.lower().split(".")) for name in names[:-1])
            yield MemberMove(chain, tuple(leaf.split(".")), tuple(names[-1].lower().split(".")))


def _array_moves(arrays: Iterable[Alias], version: str | None) -> Iterable[ArrayMove]:
    for alias in arrays:
        name = alias.short.partition(WILDCARD)[0]
        base = without_properties(alias.path_at(version).partition(WILDCARD)[0])
        if name.lower() != base.lower():
            yield ArrayMove(base, name.lower())


def _wrappings(aliases: TypeAliases, version: str | None) -> Iterable[Wrapping]:
    """The arrays of sub-resources, the innermost first."""
    for array in sorted(aliases.sub_resources, key=lambda name: (-name.count("."), name)):
        prefix = array.replace(".", f"{WILDCARD}.") + f"{WILDCARD}."
        unwrapped = {
            key.removeprefix(prefix).partition(".")[0]
            for key, alias in aliases.aliases.items()
            if key.startswith(prefix)
            and not alias.path_at(version).rpartition(f"{WILDCARD}.")[2].startswith("properties.")
        }
        yield Wrapping(tuple(array.split(".")), _MEMBER_FIELDS | unwrapped)
