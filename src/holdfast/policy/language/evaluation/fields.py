"""Compiling field names: which value of the normalized resource a name reads, alone or inside a `count`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

from holdfast.policy.language.aliases.paths import (
    WILDCARD,
    PathSyntaxError,
    Segments,
    split_path,
    split_wildcards,
)
from holdfast.policy.language.evaluation.scope import Scope
from holdfast.policy.language.values import UNDEFINED

Read = Callable[[Scope], object]

_PROPERTIES: Final = frozenset(
    {"type", "id", "kind", "name", "location", "fullname", "tags", "identity.type", "apiversion"}
)


class FieldNames(Protocol):
    """Where the path of an alias comes from: a catalog."""

    def key(self, name: str) -> str:
        """The path in a normalized resource, in lower case, that a name stands for."""
        ...


class PlainNames:
    """No aliases: a name is the path itself."""

    def key(self, name: str) -> str:
        """See `FieldNames.key`."""
        return name.lower()


class Binding(NamedTuple):
    """A `count` that the rule is inside of."""

    name: str
    """Of a value count, in lower case; else empty."""
    array: str
    """The path of a field count's array, in lower case; else empty."""
    slot: int
    """Where `Scope.members` holds its member."""

    def rest_of(self, path: str) -> str | None:
        """What `path` says below the member; empty for the member itself, None when it lies elsewhere."""
        if not self.array or not path.startswith(self.array):
            return None
        rest = path[len(self.array) :].removeprefix(WILDCARD)
        return rest.removeprefix(".") if rest[:1] in ("", ".") else None


@dataclass(frozen=True, slots=True)
class Setting:
    """Where in a rule the compiler is."""

    names: FieldNames
    bindings: tuple[Binding, ...] = ()
    in_details: bool = False
    """Among the details of an effect, where deployments are named."""

    def inside(self, name: str = "", array: str = "") -> "Setting":
        """The setting inside one more `count`."""
        binding = Binding(name.lower(), array, len(self.bindings))
        return replace(self, bindings=(*self.bindings, binding))

    @property
    def slot(self) -> int:
        """The slot of the innermost count."""
        return len(self.bindings) - 1

    def path_of(self, name: str) -> str:
        """The path in a normalized resource, in lower case, that a field's name stands for."""
        folded = name.strip().lower()
        if folded in _PROPERTIES or folded.startswith("identity.") or tag_of(folded) is not None:
            return folded
        return self.names.key(name)


def tag_of(name: str) -> str | None:
    """The tag that `tags.x`, `tags['x']` or `tags[x]` names, as written; None for anything else."""
    start = name[:5].lower()
    if start == "tags.":
        return name[5:]
    if start == "tags[" and name.endswith("]") and name[4:] != WILDCARD:
        inner = name[5:-1]
        return inner[1:-1] if len(inner) > 1 and inner[0] == inner[-1] == "'" else inner
    return None


class Access(NamedTuple):
    """How to reach a field: from where, and over which arrays."""

    path: str
    base: Read
    parts: tuple[Segments, ...]
    """What lies before, between and after each `[*]`; one part when there is none."""
    bound: bool
    """Whether it starts at the member of a count."""

    @property
    def is_plural(self) -> bool:
        """Whether it reaches several values."""
        return len(self.parts) > 1

    def reader(self) -> Read:
        """Reads the one value, UNDEFINED when it is not there."""
        base, segments = self.base, self.parts[0]
        if not segments:
            return base
        if len(segments) == 1:
            return _single(base, segments[0])
        return lambda scope: walk(base(scope), segments)

    def values(self, scope: Scope) -> Iterator[object]:
        """Every value over all arrays; UNDEFINED for a member without the field."""
        return _values(self.base(scope), self.parts, scope)


def access(name: str, setting: Setting, base: Read | None = None) -> Access:
    """Compile the name of a field.

    Raises PathSyntaxError when the name is no path. `base` is where it starts outside of counts.
    """
    tag = tag_of(name)
    start = base or _subject
    if tag is not None:
        return Access(name.lower(), start, (("tags", tag.lower()),), bound=False)
    path = setting.path_of(name)
    if not path.strip("."):
        raise PathSyntaxError("A field needs a name")
    for binding in reversed(setting.bindings):
        rest = binding.rest_of(path)
        if rest is not None:
            return Access(path, _member(binding.slot), _parts(rest), bound=True)
    return Access(path, start, _parts(path), bound=False)


def _parts(path: str) -> tuple[Segments, ...]:
    return tuple(split_path(part) if part else () for part in split_wildcards(path))


def _subject(scope: Scope) -> object:
    return scope.subject


def primary(scope: Scope) -> object:
    """The resource that is judged, also inside an existence condition."""
    return scope.resource


def _member(slot: int) -> Read:
    return lambda scope: scope.members[slot]


def _single(base: Read, key: str) -> Read:
    def read(scope: Scope) -> object:
        container = base(scope)
        if isinstance(container, dict):
            return container.get(key, UNDEFINED)
        return walk(container, (key,))

    return read


def walk(container: object, segments: Segments) -> object:
    """The value at a path below `container`; digits index arrays."""
    for segment in segments:
        if isinstance(container, dict):
            container = container.get(segment, UNDEFINED)
        elif isinstance(container, list) and segment.isdecimal() and int(segment[:9]) < len(container):
            container = container[int(segment[:9])]
        else:
            return UNDEFINED
    return container


def _values(container: object, parts: tuple[Segments, ...], scope: Scope) -> Iterator[object]:
    value = walk(container, parts[0])
    if len(parts) == 1:
        yield value
    elif isinstance(value, list):
        for member in value:
            scope.budget.spend()
            yield from _values(member, parts[1:], scope)


def every(
    container: object, parts: tuple[Segments, ...], test: Callable[[object], bool], scope: Scope
) -> bool:
    """Whether `test` holds for each value over all arrays.

    An array without members passes; one that is not there does not (the published cases say so, see
    docs/policy-conformance.md).
    """
    value = walk(container, parts[0])
    if len(parts) == 1:
        return test(value)
    if not isinstance(value, list):
        return False
    for member in value:
        scope.budget.spend()
        if not every(member, parts[1:], test, scope):
            return False
    return True
