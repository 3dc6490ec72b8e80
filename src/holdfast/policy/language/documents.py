"""JSON documents with the place of every part, so that each refusal names the JSON pointer (RFC 6901)."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple, NoReturn

from holdfast.kernel.json import pointer_keys, pointer_step
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.limits import DOCUMENT_BYTES, DOCUMENT_DEPTH
from holdfast.policy.language.values import type_name


class DuplicateKeys(dict[str, object]):
    """An object that had one key twice; refused where the language reads it, harmless elsewhere."""

    repeated: str = ""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    duplicate = DuplicateKeys(members)
    counted = Counter(key for key, _ in pairs)
    duplicate.repeated = counted.most_common(1)[0][0]
    return duplicate


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is no JSON number"
    raise ValueError(message)


def read_json(source: str | bytes) -> object:
    """Parse a JSON document from outside.

    Raises DefinitionError when it is too large, too deep, not UTF-8 or not JSON.
    """
    if len(source) > DOCUMENT_BYTES:
        raise DefinitionError(f"The document is larger than {DOCUMENT_BYTES} bytes")
    try:
        text = source.decode("utf-8-sig") if isinstance(source, bytes) else source.removeprefix("\ufeff")
        document: object = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError:
        raise DefinitionError(f"The document nests deeper than {DOCUMENT_DEPTH} levels") from None
    except ValueError as error:
        raise DefinitionError(f"The document is not JSON: {error}") from None
    check_depth(document)
    return document


def check_depth(document: object) -> None:
    """Raise DefinitionError when `document` nests deeper than `limits.DOCUMENT_DEPTH`."""
    level = [document]
    for _ in range(DOCUMENT_DEPTH):
        level = [
            child
            for part in level
            if isinstance(part, list | dict)
            for child in (part.values() if isinstance(part, dict) else part)
        ]
        if not level:
            return
    raise DefinitionError(f"The document nests deeper than {DOCUMENT_DEPTH} levels")


class Node(NamedTuple):
    """A part of a document and its JSON pointer."""

    value: object
    pointer: str = ""

    def fail(self, message: str) -> NoReturn:
        """Raise DefinitionError with `message` at this place."""
        raise DefinitionError(message, self.pointer)

    def child(self, key: object, value: object) -> "Node":
        """The part `value` under `key`."""
        return Node(value, self.pointer + pointer_step(key))

    def members(self) -> dict[str, "Node"]:
        """The members of an object by their name in lower case; names must differ in more than case."""
        if not isinstance(self.value, dict):
            self.fail(f"Expected an object, found {type_name(self.value)}")
        if isinstance(self.value, DuplicateKeys):
            self.fail(f"The key '{self.value.repeated}' occurs twice")
        members: dict[str, Node] = {}
        for name, value in self.value.items():
            folded = str(name).lower()
            if folded in members:
                self.child(name, value).fail(f"The key '{name}' occurs twice, differing only in letter case")
            members[folded] = self.child(name, value)
        return members

    def items(self) -> Iterator["Node"]:
        """The members of an array."""
        if not isinstance(self.value, list):
            self.fail(f"Expected an array, found {type_name(self.value)}")
        return (self.child(index, value) for index, value in enumerate(self.value))

    def text(self) -> str:
        """The string that this is."""
        if not isinstance(self.value, str):
            self.fail(f"Expected a string, found {type_name(self.value)}")
        return self.value

    @property
    def name(self) -> str:
        """The key or index under which this part stands in its parent."""
        return next(reversed(pointer_keys(self.pointer)), "")


def optional_text(members: Mapping[str, Node], key: str) -> str:
    """The string under `key` (lower case), empty when it is not there or not a string."""
    node = members.get(key)
    return node.value if node is not None and isinstance(node.value, str) else ""
