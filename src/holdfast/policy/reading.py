"""Files that a person hands to the command line: definitions, resources, parameters, alias catalogs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from holdfast.kernel.errors import InvalidError
from holdfast.policy.language.aliases.catalog import Catalog, load_catalog
from holdfast.policy.language.assignments.parse import parameter_values
from holdfast.policy.language.documents import Node, read_json
from holdfast.policy.language.errors import DefinitionError

_SKIPPED_FOLDERS: Final = frozenset({".git", "node_modules"})
_FILES: Final = 50_000


class UnreadableError(InvalidError):
    """A file cannot be read or does not hold what it should; the message names it."""

    code = "UnreadableFile"


def read_document(path: Path) -> object:
    """The JSON document in a file.

    Raises UnreadableError.
    """
    try:
        return read_json(path.read_bytes())
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror or error}") from None
    except DefinitionError as error:
        raise UnreadableError(f"{path}: {error.reason}") from None


def read_object(path: Path | None) -> Mapping[str, object]:
    """The JSON object in a file, empty when no file is given.

    Raises UnreadableError.
    """
    document = {} if path is None else read_document(path)
    if not isinstance(document, dict):
        raise UnreadableError(f"{path} does not hold a JSON object")
    return document


def read_parameters(path: Path | None) -> Mapping[str, object]:
    """Parameter values: plain, or each as `{"value": …}`, or below `parameters` as in an assignment."""
    document = read_object(path)
    inner = document.get("parameters")
    return parameter_values(Node(inner if isinstance(inner, dict) else document))


def read_resources(path: Path) -> Sequence[object]:
    """One resource, or the resources of an array or of `{"value": […]}`."""
    document = read_document(path)
    if isinstance(document, dict) and isinstance(document.get("value"), list):
        document = document["value"]
    return document if isinstance(document, list) else [document]


def read_catalog(paths: Sequence[Path]) -> Catalog:
    """The aliases of all files together.

    Raises UnreadableError.
    """
    catalogs = []
    for path in paths:
        try:
            catalogs.append(load_catalog(path.read_bytes()))
        except OSError as error:
            raise UnreadableError(f"{path} cannot be read: {error.strerror or error}") from None
        except DefinitionError as error:
            raise UnreadableError(f"{path} is no alias catalog: {error}") from None
    return Catalog().extended(*catalogs)


def json_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The JSON files among `paths` and in the folders among them, in the order of their names.

    Raises UnreadableError when a path does not exist or there are too many.
    """
    found = 0
    for path in paths:
        if not path.exists():
            raise UnreadableError(f"There is no {path}; give files or folders of definitions")
        inside = [path] if path.is_file() else sorted(path.rglob("*.json"))
        for each in inside:
            if _SKIPPED_FOLDERS.isdisjoint(each.parts):
                found += 1
                if found > _FILES:
                    raise UnreadableError(f"There are more than {_FILES} files; give a smaller folder")
                yield each
