"""Finding definitions and initiatives by the id that documents name them by: built in, or stored."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.policy.builtin.catalog import built_in
from holdfast.policy.kinds.names import DEFINITION, INITIATIVE, full_id, name_in
from holdfast.resources.model import Reader, Resource
from holdfast.resources.query import Query

_PAGE = 500


class Found(NamedTuple):
    """A definition or initiative."""

    kind: str
    name: str
    document: Mapping[str, object]
    """As published: `id`, `name`, `properties`."""
    version: str
    """Changes with every change of it."""
    is_built_in: bool = False


def wrapped(kind: str, name: str, properties: JsonObject) -> JsonObject:
    """A stored body as the Azure resource that it is the properties of."""
    return {"id": full_id(kind, name), "name": name, "properties": properties}


def find_policy(reader: Reader, identifier: str) -> Found | None:
    """The definition or initiative that an id names; its type is read from the id where it says so."""
    name = name_in(identifier)
    folded = identifier.lower()
    kinds = [DEFINITION, INITIATIVE]
    if "/policysetdefinitions/" in folded:
        kinds = [INITIATIVE]
    elif "/policydefinitions/" in folded:
        kinds = [DEFINITION]
    for kind in kinds:
        found = _find(reader, kind, name)
        if found is not None:
            return found
    return None


def _find(reader: Reader, kind: str, name: str) -> Found | None:
    own = built_in().get((kind, name))
    if own is not None:
        return Found(kind, name, own, "built-in", is_built_in=True)
    stored = reader.get(kind, name)
    return None if stored is None else found_in(stored)


def found_in(stored: Resource) -> Found:
    """A stored definition or initiative."""
    return Found(stored.kind, stored.id, wrapped(stored.kind, stored.id, stored.body), stored.etag)


def every(reader: Reader, kind: str) -> Iterator[Resource]:
    """Every resource of a kind in the whole application."""
    after = ""
    while True:
        page = reader.find(Query(kind, (ROOT,), limit=_PAGE, after=after))
        yield from page.items
        after = page.next
        if not after:
            return
