"""The tables of policy definitions at the end of a control."""

import re
from collections.abc import Iterable, Iterator

from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.markdown.outline import Part
from holdfast.baseline.documents.markdown.tables import Row, first_table
from holdfast.baseline.model.service import Policy, PolicyTable
from holdfast.baseline.model.wording import Labels, fill

_TITLE = re.compile(r"\*\*[^*\n]* - (?P<namespace>[A-Za-z0-9.]+)\*\*:?\s*")
_INCLUDE = "[!INCLUDE"
"""How the sources of pages name a file whose content the built page shows."""
_LINK = re.compile(r"\[(?P<text>.*)\]\((?P<link>\S+)\)")


def read_policies(part: Part, control: str, file: str) -> tuple[PolicyTable, ...]:
    """The tables below the heading of the monitoring. Raises DocumentError with the line."""
    titles = [(index, found) for index, line in enumerate(part.body) if (found := _TITLE.fullmatch(line))]
    if not titles:
        raise DocumentError(
            file, f"line {part.line}", "no table of policy definitions follows; the page seems cut"
        )
    ends = [*(index for index, _ in titles[1:]), len(part.body)]
    return tuple(
        _table(part, index, end, control, found["namespace"], file)
        for (index, found), end in zip(titles, ends, strict=True)
    )


def _table(part: Part, start: int, end: int, control: str, namespace: str, file: str) -> PolicyTable:
    table = first_table(part.numbered[start + 1 : end], 4, file)
    if table is None:
        line = part.numbered[start].number
        elsewhere = any(text.startswith(_INCLUDE) for text in part.body[start:end])
        why = (
            "stands in another file (INCLUDE); put it here" if elsewhere else "is missing; the page seems cut"
        )
        raise DocumentError(file, f"line {line}", f"the table of {namespace} {why}")
    policies = tuple(_policy(row) for row in table.rows)
    return PolicyTable(control=control, namespace=namespace, policies=policies)


def _policy(row: Row) -> Policy:
    name, link = _linked(row.cells[0])
    version, version_link = _linked(row.cells[3])
    return Policy(
        name=name,
        link=link,
        description=row.cells[1],
        effects=row.cells[2],
        version=version,
        version_link=version_link,
    )


def _linked(cell: str) -> tuple[str, str | None]:
    found = _LINK.fullmatch(cell)
    return (found["text"], found["link"]) if found else (cell, None)


def policy_lines(tables: Iterable[PolicyTable], labels: Labels) -> Iterator[str]:
    """The blocks of a page for the tables of one control, providers in alphabetical order."""
    for table in sorted(tables, key=lambda table: table.namespace):
        yield f"**{fill(labels.policies, namespace=table.namespace)}**:"
        rows = [_line(policy) for policy in table.policies]
        yield "\n".join([labels.policy_columns, "|---|---|---|---|", *rows])


def _line(policy: Policy) -> str:
    name = f"[{policy.name}]({policy.link})" if policy.link else policy.name
    version = f"[{policy.version}]({policy.version_link})" if policy.version_link else policy.version
    cells = (name, policy.description, policy.effects, version)
    return "".join(f"|{cell.replace('|', chr(92) + '|')} " for cell in cells) + "|"
