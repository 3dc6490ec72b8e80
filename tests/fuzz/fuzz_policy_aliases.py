"""Aliases: any document normalizes and comes back, and any catalog loads or is refused by one error."""

from holdfast.policy.language.aliases.catalog import Catalog, load_catalog
from holdfast.policy.language.aliases.denormalize import denormalize
from holdfast.policy.language.aliases.normalize import normalize, resource_type_of
from holdfast.policy.language.aliases.paths import PathSyntaxError, split_path
from holdfast.policy.language.documents import read_json
from holdfast.policy.language.errors import PolicyLanguageError


def target(data: bytes) -> None:
    """The bytes are tried as a catalog, as a resource, and as a path."""
    try:
        catalog = load_catalog(data)
    except PolicyLanguageError:
        catalog = Catalog()
    try:
        document = read_json(data)
    except PolicyLanguageError:
        document = {"type": "X/y", "properties": {data.decode("latin-1"): [1, {"properties": {"a": {}}}]}}
    for aliases in (None, catalog.of(resource_type_of(document)), *catalog.types()):
        for version in (None, "2020-01-01"):
            flat = normalize(document, aliases, version, guess=aliases is None)
            denormalize(flat, aliases, version)
            denormalize(document, aliases, version)
    try:
        assert all(split_path(data.decode("utf-8", "replace")))
    except PathSyntaxError:
        return
