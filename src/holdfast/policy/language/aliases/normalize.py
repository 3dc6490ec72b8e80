"""From a resource as Azure Resource Manager writes it to the flat form that conditions read.

`properties` is unwrapped, keys are in lower case, and every alias stands at its short name, whatever path the
resource's API version has for it.
"""

from collections.abc import Iterator, Mapping

from holdfast.policy.language.aliases.access import each_member, find, read, read_any_case, remove, write
from holdfast.policy.language.aliases.model import ROOT_FIELDS, TypeAliases, is_data_plane
from holdfast.policy.language.aliases.plan import MemberMove, Plan, plan_for

_SHALLOW = frozenset({"tags", "identity"})
"""Maps with keys of people's choice: only their own keys are folded, not those of what they hold."""


def resource_type_of(resource: object) -> str:
    """The `type` of a resource, empty when it has none."""
    if not isinstance(resource, Mapping):
        return ""
    found = find(resource, "type")
    return found if isinstance(found, str) else ""


def fold_keys(value: object) -> object:
    """A value with every key in lower case; nothing is unwrapped."""
    if isinstance(value, dict):
        return {str(key).lower(): fold_keys(member) for key, member in value.items()}
    return [fold_keys(member) for member in value] if isinstance(value, list) else value


def normalize(
    resource: object,
    aliases: TypeAliases | None = None,
    api_version: str | None = None,
    *,
    guess: bool = False,
) -> object:
    """The flat form of `resource`; anything but an object is returned as it is.

    With `guess`, members of arrays that have `properties` are unwrapped though no alias says so: for types of
    which nothing is known.
    """
    if not isinstance(resource, dict):
        return resource
    fold = _Fold(aliases.sub_resources if aliases else frozenset(), guess)
    flat: dict[str, object] = {}
    for key, value in _root_members(resource):
        folded = key.lower()
        flat[folded] = _shallow(value) if folded in _SHALLOW else fold.value(value, folded)
    fold.properties(flat, resource, "")
    if aliases is not None:
        _apply(plan_for(aliases, api_version), flat, resource)
    return flat


def _root_members(resource: dict[str, object]) -> Iterator[tuple[str, object]]:
    """The members beside `properties`: all of a data-plane resource, else those that resources have."""
    if is_data_plane(resource_type_of(resource)):
        yield from ((key, value) for key, value in resource.items() if key.lower() != "properties")
        return
    folded = {str(key).lower(): value for key, value in reversed(resource.items())}
    yield from ((name, folded[name.lower()]) for name in ROOT_FIELDS if name.lower() in folded)


def _shallow(value: object) -> object:
    return {str(key).lower(): member for key, member in value.items()} if isinstance(value, dict) else value


class _Fold:
    """Keys to lower case, members of sub-resource arrays unwrapped."""

    def __init__(self, sub_resources: frozenset[str], guess: bool) -> None:
        self._sub_resources = sub_resources
        self._guess = guess

    def value(self, value: object, path: str) -> object:
        if isinstance(value, dict):
            return {
                str(key).lower(): self.value(member, f"{path}.{str(key).lower()}")
                for key, member in value.items()
            }
        if isinstance(value, list):
            unwrap = self._guess or path in self._sub_resources
            return [self._member(member, path) if unwrap else self.value(member, path) for member in value]
        return value

    def _member(self, member: object, path: str) -> object:
        if not isinstance(member, dict):
            return member
        flat = {
            str(key).lower(): self.value(value, f"{path}.{str(key).lower()}")
            for key, value in member.items()
            if str(key).lower() != "properties"
        }
        self.properties(flat, member, f"{path}.")
        return flat

    def properties(self, flat: dict[str, object], owner: dict[str, object], prefix: str) -> None:
        """Add what `properties` of `owner` holds, where the key is still free."""
        wrapped = find(owner, "properties")
        for key, value in wrapped.items() if isinstance(wrapped, dict) else ():
            folded = str(key).lower()
            if folded not in flat:
                flat[folded] = self.value(value, prefix + folded)


def _apply(plan: Plan, flat: dict[str, object], resource: dict[str, object]) -> None:
    for scalar in plan.displaced:
        found, value = read_any_case(resource, scalar.source)
        if found:
            write(flat, scalar.target, fold_keys(value))
    for move in plan.members:
        for member in each_member(flat, move.arrays):
            _move_field(move, member)
    for source, target in plan.arrays:
        folded = source.lower()
        if target not in flat and folded in flat:
            flat[target] = flat.pop(folded)


def _move_field(move: MemberMove, member: dict[str, object]) -> None:
    source = tuple(key.lower() for key in move.source)
    found, value = read(member, source)
    if found:
        write(member, move.target, value)
        remove(member, source)
