"""Finds service baselines: what the product carries, roll-ups of it, and what a user has imported."""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from holdfast.baseline.data.catalog import load, service_file, service_keys
from holdfast.baseline.documents.conversion import Format, read_document, write_document
from holdfast.baseline.documents.document import Document
from holdfast.baseline.documents.files import write_file
from holdfast.baseline.documents.service_yaml import read_service_yaml
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.baseline.rollup import roll_up
from holdfast.kernel.errors import NotFoundError


class _Rollup(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name: str
    parts: tuple[str, ...]


@cache
def _rollups() -> dict[str, _Rollup]:
    found = TypeAdapter(tuple[_Rollup, ...]).validate_python(load("rollups.yaml"))
    return {rollup.key: rollup for rollup in found}


def known_services(store: Path | None = None) -> tuple[str, ...]:
    """Keys of everything that `find_service` finds, sorted."""
    imported = {path.stem for path in store.glob("*.yaml")} if store else set()
    return tuple(sorted({*service_keys(), *_rollups(), *imported}))


def find_service(key: str, store: Path | None = None) -> ServiceBaseline:
    """The service baseline called `key`; what the user has imported to `store` comes first.

    Raises NotFoundError with the keys that there are.
    """
    imported = store / f"{key}.yaml" if store and Path(key).name == key else None
    if imported and imported.is_file():
        return read_document(imported).baseline
    if key in _rollups() or key in service_keys():
        return carried_service(key)
    known = ", ".join(known_services(store))
    raise NotFoundError(f"There is no service baseline {key}. Known are: {known}. Import others first.")


@cache
def carried_service(key: str) -> ServiceBaseline:
    """A service baseline that the product carries, or a roll-up of such."""
    if rollup := _rollups().get(key):
        return roll_up(rollup.key, rollup.name, [carried_service(part) for part in rollup.parts])
    return read_service_yaml(service_file(key), f"{key}.yaml").baseline


def is_ours(key: str) -> bool:
    """Whether the service is part of the product, so that its claims are assessed."""
    ours = {part for rollup in _rollups().values() for part in rollup.parts}
    return key in ours or key in _rollups()


def import_service(source: Path, store: Path) -> Document:
    """Bring a published document with its texts into the user's own store, in place of an earlier import.

    Raises DocumentError.
    """
    document = read_document(source)
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = write_document(document.baseline, Format.YAML).data
    write_file(store / f"{document.baseline.key}.yaml", data)
    return document
