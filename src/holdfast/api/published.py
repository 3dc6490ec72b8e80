"""Which of the operations that an OpenAPI file publishes are served here, and by which route."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from holdfast.api.frame import Route
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject

MAXIMUM_BYTES = 64 * 1024 * 1024
METHODS = ("get", "put", "post", "patch", "delete", "head", "options")
_PARAMETER = re.compile(r"\{[^}/]*\}")


class Operation(NamedTuple):
    """One operation of the file."""

    id: str
    method: str
    path: str
    """With the file's base path."""
    route: Route | None
    """What serves it; None when nothing does."""


def operations(spec: Path, routes: Iterable[Route]) -> list[Operation]:
    """Every operation of an OpenAPI 2 or 3 file, in its order. InvalidError when it is none."""
    document = _document(spec)
    served = {(route.method, _shape(route.path)): route for route in routes}
    version = _version(document)
    return [
        Operation(id, method, path, _serving(served.get((method, _shape(path))), version))
        for id, method, path in _published(document)
    ]


def _serving(route: Route | None, version: str) -> Route | None:
    """The route, unless it has versions and the file's is not among them."""
    if route is None or not route.versions or not version or version in route.versions:
        return route
    return None


def _version(document: JsonObject) -> str:
    info = document.get("info")
    version = info.get("version") if isinstance(info, dict) else None
    return version if isinstance(version, str) else ""


def _document(spec: Path) -> JsonObject:
    try:
        if spec.stat().st_size > MAXIMUM_BYTES:
            raise InvalidError(f"{spec} is longer than {MAXIMUM_BYTES:,} bytes.")
        document = msgspec.json.decode(spec.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidError(f"{spec} cannot be read as an OpenAPI file in JSON: {error}.") from error
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise InvalidError(f"{spec} is no OpenAPI file: it has no paths.")
    return document


def _published(document: JsonObject) -> Iterator[tuple[str, str, str]]:
    base = document.get("basePath")
    prefix = base.rstrip("/") if isinstance(base, str) else ""
    paths = document["paths"]
    for path, methods in paths.items() if isinstance(paths, dict) else ():
        for method, operation in methods.items() if isinstance(methods, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                id = operation.get("operationId", f"{method} {path}")
                yield str(id), method.upper(), prefix + path


def _shape(path: str) -> str:
    """The path with every parameter alike."""
    return _PARAMETER.sub("{}", path)
