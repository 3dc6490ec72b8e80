"""Finding and reading case files: YAML of the 1.2 core schema, one suite a file."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from holdfast.kernel.errors import InvalidError

_FILE_BYTES: Final = 8 * 1024 * 1024
_NODES: Final = 2_000_000
_SUFFIXES: Final = frozenset({".yaml", ".yml"})
_FILES: Final = 10_000


class CaseFileError(InvalidError):
    """A file is no suite of cases; the message says which and why."""

    code = "InvalidCaseFile"


class Suite(NamedTuple):
    """One case file."""

    path: Path
    settings: Mapping[str, object]
    """What stands beside `cases` and holds for all of them."""
    cases: tuple[Mapping[str, object], ...]


class _CoreSchema(yaml.SafeLoader):
    """Scalars as JSON has them: no dates, no `yes`, no numbers in base 60."""


_CoreSchema.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _CoreSchema.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    """A decimal number; a leading zero makes no octal one in YAML 1.2."""
    return int(str(loader.construct_scalar(node)))


_CoreSchema.add_constructor("tag:yaml.org,2002:int", _construct_int)


def find_files(paths: list[Path]) -> Iterator[Path]:
    """The case files among `paths` and in the folders among them, in the order of their names.

    Raises CaseFileError when a path does not exist or there are too many.
    """
    found = 0
    for path in paths:
        if not path.exists():
            raise CaseFileError(f"There is no {path}; give case files or folders of them")
        inside = (
            sorted(each for each in path.rglob("*") if each.suffix in _SUFFIXES) if path.is_dir() else [path]
        )
        found += len(inside)
        if found > _FILES:
            raise CaseFileError(f"There are more than {_FILES} case files; run folders one by one")
        yield from inside


def read_suite(path: Path) -> Suite:
    """Read one case file.

    Raises CaseFileError.
    """
    try:
        if path.stat().st_size > _FILE_BYTES:
            raise CaseFileError(f"{path} is larger than {_FILE_BYTES} bytes")
        # The loader is a SafeLoader: it builds plain values alone.
        document: object = yaml.load(path.read_bytes(), Loader=_CoreSchema)  # noqa: S506 - a SafeLoader
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise CaseFileError(f"{path} cannot be read as YAML: {str(error)[:300]}") from None
    if not isinstance(document, dict) or not isinstance(document.get("cases"), list):
        raise CaseFileError(f"{path} has no list of 'cases'")
    _check_size(document, path)
    cases = tuple(case for case in document["cases"] if isinstance(case, dict))
    if len(cases) != len(document["cases"]):
        raise CaseFileError(f"{path} has a case that is no object")
    return Suite(path, {str(key): value for key, value in document.items() if key != "cases"}, cases)


def _check_size(document: object, path: Path) -> None:
    """Refuse a document that YAML aliases blow up."""
    left = [document]
    seen = 0
    while left:
        part = left.pop()
        seen += 1
        if seen > _NODES:
            raise CaseFileError(f"{path} holds more than {_NODES} values")
        if isinstance(part, dict):
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
