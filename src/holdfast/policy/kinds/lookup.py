"""Finding definitions and initiatives by the id that documents name them by: built in, or stored."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from holdfast.kernel.json import JsonObject
from holdfast.policy.builtin.catalog import built_in
from holdfast.policy.kinds.names import DEFINITION, INITIATIVE, full_id, name_in
from holdfast.policy.kinds.versions import other_versions, stored_version
from holdfast.policy.language.assignments.versions import newest
from holdfast.resources.model import Reader, Resource


class Found(NamedTuple):
    """A definition or initiative."""

    kind: str
    name: str
    document: Mapping[str, object]
    """As published: `id`, `name`, `properties`."""
    version: str
    """Changes with every change of it."""
    is_built_in: bool = False
    key: str = ""
    """Tells apart the versions of one definition."""
    misfit: str = ""
    """The version range that none of the versions lies in; empty when one does."""


def wrapped(kind: str, name: str, properties: JsonObject) -> JsonObject:
    """A stored body as the Azure resource that it is the properties of."""
    return {"id": full_id(kind, name), "name": name, "properties": properties}


def find_policy(reader: Reader, identifier: str, wanted: str = "") -> Found | None:
    """The definition or initiative that an id names; its type is read from the id where it says so.

    Of several versions the newest in the range `wanted`; the present one where none is, with its `misfit`.
    """
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
            return found if not wanted or found.is_built_in else _in_range(reader, found, wanted)
    return None


def _in_range(reader: Reader, present: Found, wanted: str) -> Found:
    stored = reader.get(present.kind, present.name)
    version = "" if stored is None else stored_version(stored.body)
    others = {str(each.body["version"]): each for each in other_versions(reader, present.kind, present.name)}
    best = newest([version, *others], wanted)
    if best is None:
        return present._replace(misfit=wanted if version else "")
    return present if best == version else _version(present, others[best])


def _version(present: Found, kept: Resource) -> Found:
    properties = kept.body["properties"]
    assert isinstance(properties, dict)
    document = wrapped(present.kind, present.name, properties)
    return present._replace(document=document, version=kept.etag, key=kept.id)


def _find(reader: Reader, kind: str, name: str) -> Found | None:
    own = built_in().get((kind, name))
    if own is not None:
        return Found(kind, name, own, _digest(kind, name), is_built_in=True)
    stored = reader.get(kind, name)
    return None if stored is None else found_in(stored)


@cache
def _digest(kind: str, name: str) -> str:
    return hashlib.sha256(json.dumps(built_in()[kind, name]).encode()).hexdigest()[:16]


def found_in(stored: Resource) -> Found:
    """A stored definition or initiative."""
    return Found(stored.kind, stored.id, wrapped(stored.kind, stored.id, stored.body), stored.etag)
