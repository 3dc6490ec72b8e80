"""The subset of JSON-LD that DTDL uses, as nodes: keywords apart from properties, values as flat lists."""

import json
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from holdfast.devices.dtdl.problems import Problems
from holdfast.kernel.json import JsonObject, JsonValue, pointer_step

MAXIMUM_BYTES = 8 * 1024 * 1024
"""One DTDL v3 Interface may have 1 MiB; a document may hold several."""

MAXIMUM_DEPTH = 128
"""Levels of JSON; the deepest model that the limits on schemas and inheritance allow has fewer."""


class Values(NamedTuple):
    """The values of one property."""

    items: tuple["Item", ...]
    plural: bool
    """Whether they stood in an array."""


Item: TypeAlias = "Node | str | bool | int | float | Unusable | None"


class Unusable(NamedTuple):
    """An array inside an array, which has no meaning in DTDL."""

    shown: str = "an array in an array"


@dataclass(frozen=True, slots=True)
class Node:
    """One JSON object."""

    pointer: str
    source: JsonObject
    context: tuple[JsonValue, ...] | None
    id: JsonValue
    """None where there is no `@id`."""
    types: tuple[JsonValue, ...] | None
    value: Values | None
    language: JsonValue
    graph: bool
    keywords: tuple[str, ...]
    """Keywords without a meaning in DTDL."""
    properties: dict[str, Values]

    @property
    def is_reference(self) -> bool:
        """Whether the object has `@id` and nothing else."""
        return self.id is not None and len(self.source) == 1


def load(text: bytes, problems: Problems) -> JsonValue:
    """Read JSON text; stops with `invalidJson` or `tooLarge`."""
    if len(text) > MAXIMUM_BYTES:
        problems.stop("tooLarge", "", detail=f"{len(text)} bytes", limit=MAXIMUM_BYTES)
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError) as error:
        problems.stop("invalidJson", "", detail=str(error))
    return value


def roots(document: JsonValue, pointer: str, problems: Problems) -> list[Node]:
    """The top-level objects of a document."""
    if isinstance(document, dict):
        return [_node(document, pointer, 0, problems)]
    if not isinstance(document, list):
        problems.stop("notJsonObject", pointer, detail=kind_of(document))
    nodes = []
    for index, item in enumerate(document):
        place = f"{pointer}/{index}"
        if isinstance(item, dict):
            nodes.append(_node(item, place, 0, problems))
        else:
            problems.stop("notJsonObject", place, detail=kind_of(item))
    return nodes


def kind_of(value: object) -> str:
    """What a value is, for people."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "an object"
        case list() | tuple():
            return "an array"
        case str():
            return "text"
        case _:
            return "a number"


def _node(source: JsonObject, pointer: str, depth: int, problems: Problems) -> Node:
    if depth > MAXIMUM_DEPTH:
        problems.stop("tooLarge", pointer, detail="too many levels", limit=MAXIMUM_DEPTH)
    properties: dict[str, Values] = {}
    keywords: list[str] = []
    for name, value in source.items():
        if not name.startswith("@"):
            properties[name] = _values(value, pointer + pointer_step(name), depth, problems)
        elif name not in _MEANT:
            keywords.append(name)
    value = source.get("@value")
    return Node(
        pointer=pointer,
        source=source,
        context=_as_tuple(source["@context"]) if "@context" in source else None,
        id=_text_or(source, "@id"),
        types=_types(source["@type"]) if "@type" in source else None,
        value=_values(value, f"{pointer}/@value", depth, problems) if "@value" in source else None,
        language=_text_or(source, "@language"),
        graph=_graph(source, pointer, problems),
        keywords=tuple(keywords),
        properties=properties,
    )


_MEANT = frozenset({"@context", "@id", "@type", "@value", "@language", "@graph"})


def _values(value: JsonValue, pointer: str, depth: int, problems: Problems) -> Values:
    if isinstance(value, list):
        items = tuple(_item(item, f"{pointer}/{index}", depth, problems) for index, item in enumerate(value))
        return Values(items, plural=True)
    return Values((_item(value, pointer, depth, problems),), plural=False)


def _item(value: JsonValue, pointer: str, depth: int, problems: Problems) -> Item:
    if isinstance(value, dict):
        return _node(value, pointer, depth + 1, problems)
    if isinstance(value, list):
        return Unusable()
    return value


def _as_tuple(value: JsonValue) -> tuple[JsonValue, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _types(value: JsonValue) -> tuple[JsonValue, ...]:
    """The types; empty where `@type` is neither text nor an array."""
    if isinstance(value, str | list):
        return _as_tuple(value)
    return ()


def _text_or(source: JsonObject, keyword: str) -> JsonValue:
    """The keyword's text, an empty text where it is something else, None where it is absent."""
    if keyword not in source:
        return None
    value = source[keyword]
    return value if isinstance(value, str) else ""


def _graph(source: JsonObject, pointer: str, problems: Problems) -> bool:
    if "@graph" not in source:
        return False
    for item in _as_tuple(source["@graph"]):
        if not isinstance(item, dict):
            problems.stop("graphNotObject", f"{pointer}/@graph", detail=kind_of(item))
    return True
