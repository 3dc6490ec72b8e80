"""Expected records of other projects, and ours in the same shape."""

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from holdfast.defender.pipeline import Batch, analyze
from holdfast.defender.record import Record, Role

Row = dict[str, Any]


class Seen:
    """One dissected record with its fields decoded, as tests compare it."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.protocol, self.kind, self.role = record.protocol, record.kind, record.role
        self.to_server = record.direction.to_server
        self.client = record.direction.flow.client.source
        self.server = record.direction.flow.server.source
        self.fields = record.fields
        self.request = record.request


class _Collect:
    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def consume(self, batch: Batch) -> None:
        self.seen += [Seen(record) for record in batch.records]

    def finish(self) -> None:
        pass


def dissected(*captures: Path) -> list[Seen]:
    """Every record of the captures except those about flows."""
    return [seen for seen in everything(*captures) if seen.role is not Role.FLOW]


def everything(*captures: Path) -> list[Seen]:
    """Every record of the captures."""
    collect = _Collect()
    analyze(captures, [collect])
    return collect.seen


def zeek_rows(log: Path, columns: str = "") -> Iterator[Row]:
    """Rows of a Zeek log; `columns` names those of logs whose header was stripped."""
    content = gzip.decompress(log.read_bytes()) if log.suffix == ".gz" else log.read_bytes()
    names = columns.split()
    for line in content.decode().splitlines():
        if line.startswith("#fields"):
            names = line.split("\t")[1:]
        elif line and not line.startswith("#"):
            yield dict(zip(names, line.split("\t"), strict=False))


def zeek_text(value: Any) -> str:
    """A value as Zeek's log writer prints it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, list):
        return ",".join(map(zeek_text, value)) if value else "(empty)"
    if isinstance(value, str):
        return value if value else "(empty)"
    return str(value)


def differences(
    expected: Iterable[Row], ours: Iterable[Row], columns: Iterable[str]
) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
    """Rows that only they have, and rows that only we have, compared in `columns`."""
    wanted = tuple(columns)
    theirs = Counter(tuple(row.get(name, "-") for name in wanted) for row in expected)
    mine = Counter(tuple(zeek_text(row.get(name)) for name in wanted) for row in ours)
    return theirs - mine, mine - theirs
