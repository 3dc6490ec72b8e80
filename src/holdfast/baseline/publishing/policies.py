"""The policies of the Holdfast baseline in the table form of published pages."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from holdfast.baseline.model.service import Policy, PolicyTable
from holdfast.policy.builtin.catalog import Entry, entries


@cache
def policy_tables() -> tuple[PolicyTable, ...]:
    """A table for each control and resource provider, in the order of the catalogue."""
    tables: dict[tuple[str, str], list[Policy]] = {}
    for entry in entries():
        for namespace in _namespaces(entry):
            tables.setdefault((entry.control, namespace), []).append(_row(entry))
    return tuple(
        PolicyTable(control=control, namespace=namespace, policies=tuple(rows))
        for (control, namespace), rows in tables.items()
    )


def _row(entry: Entry) -> Policy:
    properties = entry.document["properties"]
    assert isinstance(properties, Mapping)  # the catalogue made it
    effect = properties["parameters"]["effect"]
    return Policy(
        name=entry.title,
        link=str(entry.document["id"]),
        description=entry.description,
        effects=", ".join(effect["allowedValues"]),
        version=str(properties["version"]),
    )


def _namespaces(entry: Entry) -> tuple[str, ...]:
    """The resource providers whose types the condition names."""
    properties = entry.document["properties"]
    assert isinstance(properties, Mapping)  # the catalogue made it
    types = _types(properties["policyRule"]["if"])
    return tuple(dict.fromkeys(name.partition("/")[0] for name in types))


def _types(condition: object) -> Iterator[str]:
    if isinstance(condition, Mapping):
        if str(condition.get("field", "")).lower() == "type":
            named = condition.get("equals", condition.get("in", ()))
            yield from [named] if isinstance(named, str) else [str(name) for name in named]
        for value in condition.values():
            yield from _types(value)
    elif isinstance(condition, Sequence) and not isinstance(condition, str):
        for item in condition:
            yield from _types(item)
