"""The sheet of ours that keeps the tables of policy definitions, which published workbooks lack."""

from collections.abc import Sequence
from typing import Final

from holdfast.baseline.documents.workbook import layout
from holdfast.baseline.model.service import PolicyTable

_FIELDS: Final = ("name", "link", "description", "effects", "version", "version_link")
"""The fields of `Policy` in the order of the columns, after those of its table."""


def policy_rows(tables: Sequence[PolicyTable]) -> list[tuple[str | None, ...]]:
    """A row a policy, beginning with the control and namespace of its table."""
    return [
        (table.control, table.namespace, *(getattr(policy, name) for name in _FIELDS))
        for table in tables
        for policy in table.policies
    ]


def policy_table(texts: Sequence[str]) -> PolicyTable:
    """The table of the policy in a row, with this policy alone. Raises ValidationError of pydantic."""
    control, namespace, *cells = map(layout.value_of, texts)
    policy = dict(zip(_FIELDS, cells, strict=True))
    return PolicyTable.model_validate({"control": control, "namespace": namespace, "policies": [policy]})


def joined(tables: Sequence[PolicyTable]) -> tuple[PolicyTable, ...]:
    """The tables, those of the same control and namespace as one."""
    found: dict[tuple[str, str], PolicyTable] = {}
    for table in tables:
        key = (table.control, table.namespace)
        before = found[key].policies if key in found else ()
        found[key] = table.model_copy(update={"policies": (*before, *table.policies)})
    return tuple(found.values())
