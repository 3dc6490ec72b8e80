"""Finds what schema validation of OSCAL lets through: identifiers used twice and references to nothing."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from holdfast.baseline.documents.oscal.building import OSCAL_VERSION

_UUID_REFERENCES = frozenset(
    {
        "activity-uuid",
        "actor-uuid",
        "component-uuid",
        "deadline-uuid",
        "implementation-uuid",
        "observation-uuid",
        "party-uuid",
        "risk-uuid",
        "subject-uuid",
        "task-uuid",
    }
)
"""Keys whose value must be the `uuid` of something in one of the documents."""


class _Found(NamedTuple):
    path: str
    value: str


class _Index:
    """Everything in a set of documents that is named, and everything that names something else."""

    def __init__(self) -> None:
        self.uuids: list[_Found] = []
        self.uuid_references: list[_Found] = []
        self.controls: list[_Found] = []
        self.control_references: list[_Found] = []
        self.statements: list[_Found] = []
        self.statement_references: list[_Found] = []
        self.versions: list[_Found] = []
        self.links: list[_Found] = []

    def read(self, node: object, path: str, parent: str = "") -> None:
        """Walk `node`; `parent` is the key that it stands under."""
        if isinstance(node, list):
            for index, item in enumerate(node):
                self.read(item, f"{path}/{index}", parent)
        elif isinstance(node, dict):
            if parent in ("controls", "parts") and isinstance(node.get("id"), str):
                kind = self.controls if parent == "controls" else self.statements
                kind.append(_Found(f"{path}/id", node["id"]))
            for key, value in node.items():
                if isinstance(value, str):
                    self._read_text(key, value, f"{path}/{key}")
                elif key == "with-ids":
                    self.control_references += [_Found(f"{path}/{key}", str(item)) for item in value]
                else:
                    self.read(value, f"{path}/{key}", key)

    def _read_text(self, key: str, value: str, path: str) -> None:
        if key == "uuid":
            self.uuids.append(_Found(path, value))
        elif key in _UUID_REFERENCES:
            self.uuid_references.append(_Found(path, value))
        elif key == "control-id":
            self.control_references.append(_Found(path, value))
        elif key in ("statement-id", "target-id"):
            self.statement_references.append(_Found(path, value))
        elif key == "oscal-version":
            self.versions.append(_Found(path, value))
        elif key == "href" and value.startswith("#"):
            self.links.append(_Found(path, value[1:]))


def reference_problems(documents: Mapping[str, bytes]) -> Iterator[str]:
    """One sentence for each problem in documents that belong together; nothing when all is well."""
    index = _Index()
    for name, data in documents.items():
        index.read(json.loads(data), name)
    yield from _twice(index.uuids, "uuid")
    yield from _twice(index.controls, "control id")
    yield from _twice(index.statements, "statement id")
    controls = {found.value for found in index.controls}
    statements = controls | {found.value for found in index.statements}
    uuids = {found.value for found in index.uuids}
    yield from _dangling(index.uuid_references, uuids)
    yield from _dangling(index.links, uuids)
    if controls:
        yield from _dangling(index.control_references, controls)
        yield from _dangling(index.statement_references, statements)
    for found in index.versions:
        if found.value != OSCAL_VERSION:
            yield f"{found.path}: OSCAL version {found.value} instead of {OSCAL_VERSION}"


def _twice(found: list[_Found], what: str) -> Iterator[str]:
    first: dict[str, str] = {}
    for path, value in found:
        if value in first:
            yield f"{path}: the {what} {value} is already used at {first[value]}"
        first.setdefault(value, path)


def _dangling(found: list[_Found], known: set[str]) -> Iterator[str]:
    for path, value in found:
        if value not in known:
            yield f"{path}: {value} does not exist"
