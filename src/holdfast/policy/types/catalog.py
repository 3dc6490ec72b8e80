"""The resource types that policies can judge and the aliases of their fields, read from `types.yaml`."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.aliases.model import Alias, TypeAliases


class PolicyField(NamedTuple):
    """A field of a type."""

    name: str
    path: str
    """Where it stands in the document."""
    kind: str
    meaning: str
    modifiable: bool


class PolicyType(NamedTuple):
    """A resource type."""

    name: str
    kind: str
    """The stored kind behind it; empty when another part of the product supplies its documents."""
    meaning: str
    fields: tuple[PolicyField, ...]


@cache
def policy_types() -> Mapping[str, PolicyType]:
    """Every type by its name in lower case."""
    text = files("holdfast.policy.types").joinpath("types.yaml").read_text(encoding="utf-8")
    entries: list[dict[str, object]] = yaml.load(text, yaml.CSafeLoader)
    types = [_type(entry) for entry in entries]
    return {each.name.lower(): each for each in types}


def _type(entry: Mapping[str, object]) -> PolicyType:
    fields = entry["fields"]
    return PolicyType(
        name=str(entry["type"]),
        kind=str(entry.get("kind", "")),
        meaning=str(entry["meaning"]),
        fields=tuple(_field(name, value) for name, value in fields.items())
        if isinstance(fields, dict)
        else (),
    )


def _field(name: str, entry: Mapping[str, object]) -> PolicyField:
    path = str(entry.get("path", name))
    return PolicyField(
        name=name,
        path=path[1:] if path.startswith("/") else f"properties.{path}",
        kind=str(entry["type"]),
        meaning=str(entry["meaning"]),
        modifiable=entry.get("modifiable") is True,
    )


@cache
def own_catalog() -> Catalog:
    """The aliases of every type. Arrays have aliases too, as the hosted ones do."""
    return Catalog(TypeAliases(each.name, _aliases(each)) for each in policy_types().values())


def _aliases(of: PolicyType) -> dict[str, Alias]:
    aliases: dict[str, Alias] = {}
    for each in of.fields:
        name = f"{of.name}/{each.name}"
        aliases[each.name.lower()] = Alias(name, each.name, each.path, {}, each.modifiable, each.kind)
    for each in of.fields:
        for short, path in _containers(each):
            name = f"{of.name}/{short}"
            kind = "Array" if short.endswith("[*]") else "Object"
            aliases.setdefault(short.lower(), Alias(name, short, path, {}, False, kind))
    return aliases


def _containers(field: PolicyField) -> list[tuple[str, str]]:
    """The arrays in the name of a field, and where they stand."""
    pieces, paths = field.name.split("[*]"), field.path.split("[*]")
    return [
        (f"{'[*]'.join(pieces[:end])}[*]", f"{'[*]'.join(paths[:end])}[*]") for end in range(1, len(pieces))
    ]


def has_type(name: str) -> bool:
    """Whether policies can judge resources of a type, or look for them."""
    return name.lower() in policy_types()
