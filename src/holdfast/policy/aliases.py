"""The aliases of our own resource types, as a catalog in the published form."""

from functools import cache
from importlib.resources import files

from holdfast.policy.language.aliases.catalog import Catalog, load_catalog


@cache
def own_catalog() -> Catalog:
    """Every type under which policies see what Holdfast manages, with the aliases of its fields."""
    return load_catalog(files("holdfast.policy").joinpath("aliases.json").read_bytes())
