"""A folder of definitions and initiatives that a person imported, each file as it was published.

library/definitions/<name>.json    library/initiatives/<name>.json
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.assignments.parse import is_initiative, parse_initiative
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.lint import Severity, lint
from holdfast.policy.reading import UnreadableError, json_files, read_document

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()-]{0,199}")
Progress = Callable[[Path], None]


class Kind(StrEnum):
    """What a file holds."""

    DEFINITION = "definition"
    INITIATIVE = "initiative"
    OTHER = "other"
    """JSON that is no policy: parameter files, assignments, metadata."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One file and what became of it."""

    path: Path
    kind: Kind
    name: str = ""
    refused: str = ""
    """Why it was not taken over; empty when it was."""
    warnings: tuple[str, ...] = ()


def import_folder(
    source: Path, library: Path, catalog: Catalog | None = None, progress: Progress = lambda path: None
) -> Iterator[Imported]:
    """Take over every definition and initiative below `source` that passes its checks.

    A file of the same name in the library is replaced. Raises UnreadableError when the folder is not there or
    the library cannot be written.
    """
    for path in json_files([source]):
        progress(path)
        result = _examine(path, catalog or Catalog())
        if not result.refused and result.kind is not Kind.OTHER:
            _store(library / f"{result.kind}s" / f"{result.name}.json", read_document(path))
        yield result


def kind_of(document: object) -> Kind:
    """Whether a document is a definition, an initiative or something else."""
    if is_initiative(document):
        return Kind.INITIATIVE
    if not isinstance(document, dict):
        return Kind.OTHER
    inner = next((value for key, value in document.items() if key.lower() == "properties"), None)
    members = inner if isinstance(inner, dict) else document
    has_rule = any(str(key).lower() == "policyrule" for key in members)
    return Kind.DEFINITION if has_rule else Kind.OTHER


def _examine(path: Path, catalog: Catalog) -> Imported:
    try:
        document = read_document(path)
    except UnreadableError as error:
        return Imported(path, Kind.OTHER, refused=str(error))
    kind = kind_of(document)
    if kind is Kind.OTHER:
        return Imported(path, kind)
    name = _name(document, path)
    if kind is Kind.INITIATIVE:
        try:
            parse_initiative(document)
        except DefinitionError as error:
            return Imported(path, kind, name, str(error))
        return Imported(path, kind, name)
    findings = lint(document, catalog)
    errors = [
        f"{finding.message} (at {finding.pointer})"
        for finding in findings
        if finding.severity is Severity.ERROR
    ]
    warnings = [finding.message for finding in findings if finding.severity is Severity.WARNING]
    return Imported(path, kind, name, "; ".join(errors), tuple(warnings))


def _name(document: object, path: Path) -> str:
    """The resource's name (a GUID for what Microsoft publishes), else the file's."""
    name = document.get("name") if isinstance(document, dict) else None
    wanted = name if isinstance(name, str) and _NAME.fullmatch(name) else path.stem
    return (
        wanted
        if _NAME.fullmatch(wanted)
        else re.sub(r"[^A-Za-z0-9._-]", "-", wanted)[:200].lstrip("-.") or "policy"
    )


def _store(path: Path, document: object) -> None:
    """Write a file so that a crash leaves the old one or the new one, never a part."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".json")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        raise UnreadableError(f"{path} cannot be written: {error.strerror or error}") from None
