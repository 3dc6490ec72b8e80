"""Restrictions on all that can be reached from an element: depth, number, recursion, names."""

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.devices.dtdl.language.classes import LANGUAGES
from holdfast.devices.dtdl.language.rules import VERSIONS, Closure
from holdfast.devices.dtdl.model import Element, Model
from holdfast.devices.dtdl.reading import Reading


@dataclass(slots=True)
class _Reach:
    """What is known of everything below one element. Complete once the walk has left it."""

    depth: int = 0
    count: int = 0
    excluded: bool = False
    recursive: bool = False
    done: bool = False


def check_closures(reading: Reading) -> None:
    """Check every closure of every language version that the model uses."""
    for version in VERSIONS:
        elements = [one for one in reading.model.elements.values() if one.version == version]
        for closure in LANGUAGES[version].closures if elements else ():
            roots = [element for element in elements if element.is_a(closure.root)]
            reached = _walk(roots, closure, reading.model)
            for root in roots:
                _report(root, closure, reached[root.id], reading)


def _children(element: Element, closure: Closure, model: Model) -> Iterator[tuple[Element, bool]]:
    """The elements that one refers to, and whether through a property that counts."""
    for name, targets in element.references.items():
        counts = name in closure.properties
        if not counts and closure.narrow:
            continue
        if name == "contents" and element.references.get("extends") and closure.exclude:
            found = list(model.contents(element).values())
        else:
            found = [value for value in map(model.get, targets) if value is not None]
        for child in found:
            yield child, counts


def _walk(roots: list[Element], closure: Closure, model: Model) -> dict[str, _Reach]:
    """Depth first over everything below the roots, each element once, without recursion of ours.

    Work is linear in the model, whatever its shape: a chain may be as long as the document.
    """
    reached: dict[str, _Reach] = {}
    for root in roots:
        if root.id in reached:
            continue
        reached[root.id] = _Reach()
        path = [(root, _children(root, closure, model))]
        while path:
            element, children = path[-1]
            own = reached[element.id]
            step = next(children, None)
            if step is None:
                own.done = True
                path.pop()
                continue
            child = step[0]
            known = reached.get(child.id)
            if known is None:
                reached[child.id] = _Reach()
                path.append((child, _children(child, closure, model)))
            elif not known.done:
                _mark_cycle(path, child.id, reached)
    _sum_up(reached, closure, model)
    return reached


def _mark_cycle(
    path: list[tuple[Element, Iterator[tuple[Element, bool]]]], start: str, reached: dict[str, _Reach]
) -> None:
    for element, _ in reversed(path):
        reached[element.id].recursive = True
        if element.id == start:
            return


def _sum_up(reached: dict[str, _Reach], closure: Closure, model: Model) -> None:
    """Add up depth and number from the leaves; what lies on a cycle counts as a leaf."""
    for identifier in _leaves_first(reached, closure, model):
        own = reached[identifier]
        for child, counts in _children(model[identifier], closure, model):
            below = reached[child.id]
            own.excluded |= below.excluded or (bool(closure.exclude) and child.is_a(closure.exclude))
            if below.recursive and own.recursive:
                continue
            own.depth = max(own.depth, below.depth + counts)
            own.count += below.count + counts


def _leaves_first(reached: dict[str, _Reach], closure: Closure, model: Model) -> Iterator[str]:
    visited: set[str] = set()
    for start in reached:
        path = [(start, iter(_children(model[start], closure, model)))] if start not in visited else []
        visited.add(start)
        while path:
            identifier, children = path[-1]
            step = next(children, None)
            if step is None:
                path.pop()
                yield identifier
            elif step[0].id not in visited:
                visited.add(step[0].id)
                path.append((step[0].id, iter(_children(step[0], closure, model))))


def _report(root: Element, closure: Closure, reach: _Reach, reading: Reading) -> None:
    name = " or ".join(sorted(closure.properties))
    width = "Narrow" if closure.narrow else "Wide"

    def report(kind: str, *, value: object = "", limit: object = "") -> None:
        reading.problems.add(kind, root.pointer, element=root.id, property=name, value=value, limit=limit)

    if reach.recursive and not closure.allow_self:
        report(f"recursiveStructure{width}")
        return
    if closure.max_depth and reach.depth > (deepest := closure.max_depth.under(root.limits)):
        report(f"excessiveDepth{width}", limit=deepest)
    if closure.max_count and reach.count > (most := closure.max_count.under(root.limits)):
        report("excessiveCount", limit=most)
    if closure.exclude and reach.excluded:
        report("excludedType", value=closure.exclude)
    if closure.imported and root.references.get("extends"):
        _check_imported(root, closure, reading)


def _check_imported(root: Element, closure: Closure, reading: Reading) -> None:
    """Names of inherited contents differ from each other and from the own ones."""
    owners: dict[str, str] = {}
    waiting, seen = [root], {root.id}
    while waiting:
        element = waiting.pop()
        for content in map(reading.model.get, element.references.get(closure.imported, ())):
            if content is None or not content.name:
                continue
            if owners.setdefault(content.name, content.id) != content.id and element is not root:
                reading.problems.add(
                    "nonUniqueImportedPropertyValue",
                    root.pointer,
                    element=root.id,
                    property=closure.imported,
                    value=content.name,
                )
        for parent in map(reading.model.get, element.references.get("extends", ())):
            if parent is not None and parent.id not in seen:
                seen.add(parent.id)
                waiting.append(parent)
