"""YAML as data only: no anchors, aliases, tags or duplicate keys, and limits on depth and size.

Anchors can make a small file huge ("billion laughs") and duplicate keys hide what a reader sees; both are
refused with the line.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import yaml
from yaml.constructor import SafeConstructor

from holdfast.baseline.documents.document import DocumentError


class _Mark(Protocol):
    """Where something begins; the C and the Python parser have a class of their own each."""

    @property
    def line(self) -> int: ...


MAXIMUM_DEPTH = 24
MAXIMUM_NODES = 500_000


def load_yaml(data: bytes, file: str) -> object:
    """The single document in `data` as plain lists, dictionaries with text keys, and scalars.

    Raises DocumentError with the line for anything else.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(file, "", f"is not UTF-8 text (byte {error.start})") from error
    try:
        for problem, mark in _forbidden(text):
            raise DocumentError(file, _line(mark), problem)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        return None if node is None else _Values(file).of(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "is not valid YAML"
        raise DocumentError(file, _line(mark), f"{problem}; correct the YAML") from error
    except (ValueError, OverflowError) as error:  # a scalar such as 2026-13-45 that the resolver accepts
        raise DocumentError(file, "", f"holds a value that cannot be read ({error})") from error


def line_of(data: bytes, path: Sequence[str | int]) -> str:
    """The line on which the value at `path` begins, or the innermost one around it that is there.

    `data` is a document that `load_yaml` accepted; the path has keys of mappings and indexes of sequences.
    """
    node = yaml.compose(data, Loader=yaml.CSafeLoader)
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next((value for key, value in node.value if key.value == part), None)
        else:
            found = (
                node.value[part] if isinstance(node, yaml.SequenceNode) and isinstance(part, int) else None
            )
        if found is None:
            break
        node = found
    return _line(None if node is None else node.start_mark)


def _forbidden(text: str) -> Iterator[tuple[str, _Mark | None]]:
    """Whatever makes the file more than data. Works on events, so nothing is expanded or nested yet."""
    depth = 0
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
    for number, event in enumerate(events):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            yield "anchors and aliases are not accepted; write the value out", event.start_mark
        if tag := getattr(event, "tag", None):
            yield f"the tag {tag} is not accepted; remove it", event.start_mark
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAXIMUM_DEPTH:
            yield f"is nested deeper than {MAXIMUM_DEPTH} levels", event.start_mark
        if number > MAXIMUM_NODES:
            yield f"has more than {MAXIMUM_NODES} values", event.start_mark


class _Values:
    """Turns the nodes of one document into plain values."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.scalars = SafeConstructor()

    def of(self, node: yaml.Node) -> object:
        """Lists, dictionaries with text keys, and scalars as YAML 1.1 resolves them."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.of(item) for item in node.value]
        value: object = self.scalars.construct_object(node)
        return value

    def _mapping(self, node: yaml.MappingNode) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = _line(key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode):
                raise DocumentError(self.file, line, "a key must be a single text")
            key = str(key_node.value)
            if key in result:
                raise DocumentError(self.file, line, f"the key {key!r} occurs twice; remove one")
            result[key] = self.of(value_node)
        return result


def _line(mark: _Mark | None) -> str:
    return "" if mark is None else f"line {mark.line + 1}"
