"""Checking the audit log against its chain: what `holdfast audit verify` and the evidence rest on."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row, select

from holdfast.kernel.clock import Clock, isoformat
from holdfast.keys.ring import FileKeyRing
from holdfast.resources import tables
from holdfast.resources.chain import GENESIS, Head, chained, is_signed
from holdfast.resources.retention import FORGOTTEN
from holdfast.resources.rows import SEARCHED, Values, searched, to_event
from holdfast.resources.sealing import SIGNING_PURPOSE, heads_after
from holdfast.resources.witness import HeadFile
from holdfast.storage.database import Database

PAGE = 2000
"""Records read in one transaction, so that no long snapshot holds up checkpoints."""
UNSEALED_SECONDS = 60.0
"""A record older than this without a head was added behind the sealer's back, or the sealer stands still."""


class Finding(NamedTuple):
    """Something that is wrong with the log."""

    code: str
    """`edited`, `missing`, `added`, `chain`, `signature`, `cut`, `witness`, `unsealed`."""
    sequence: int
    """The record where it shows."""
    text: str


@dataclass(slots=True)
class Verification:
    """The outcome of a check."""

    records: int = 0
    heads: int = 0
    unsealed: int = 0
    """Records since the last head, all recent unless there is a finding."""
    head: str = ""
    """What the chain comes to, for comparing with a copy kept elsewhere."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify(
    database: Database,
    ring: FileKeyRing,
    clock: Clock,
    witness: HeadFile,
    progress: Callable[[int], None] = lambda records: None,
) -> Verification:
    """Check every record, every head and the file outside; `progress` hears how many records are done."""
    witnessed_before = witness.read()
    heads = heads_after(database, 0)
    witnessed_after = witness.read()  # what the sealer of a running instance adds meanwhile is in one of both
    result = Verification(heads=len(heads))
    result.findings += _check_heads(heads, ring)
    _Walk(result, heads, clock.now()).over(database, progress)
    result.findings += _check_witness(heads, witnessed_before, witnessed_after, witness.path)
    result.findings.sort(key=lambda finding: finding.sequence)
    return result


class _Walk:
    """One pass over the records in order."""

    def __init__(self, result: Verification, heads: list[Head], now: float) -> None:
        self._result = result
        self._heads = heads
        self._ends = {head.last: head for head in heads}
        self._now = now
        self._value = GENESIS
        self._last = 0
        self._forgotten: dict[int, str] = {}
        """Where records say that the log was cut: sequence → head."""
        self._begin = 0

    def over(self, database: Database, progress: Callable[[int], None]) -> None:
        for rows in _pages(database):
            for row in rows:
                self._record(row)
            self._result.records += len(rows)
            progress(self._result.records)
        self._check_begin()
        sealed = self._heads[-1].last if self._heads else 0
        self._result.head = self._value
        self._result.unsealed = max(0, self._last - sealed)
        if self._last < sealed:
            self._find(
                "cut", self._last, f"The log ends at record {self._last}, but a head was signed at {sealed}."
            )

    def _starts_at(self, first: int) -> None:
        """A log that was cut at a head begins behind it; whether it was meant to is seen at the end."""
        head = self._ends.get(first - 1)
        if head is not None:
            self._begin, self._last, self._value = head.last, head.last, head.head

    def _note_cut(self, row: Row[Any]) -> None:
        """Remember what a record says of a cut; one that does not read as such is found as edited."""
        with contextlib.suppress(msgspec.DecodeError, TypeError, KeyError, ValueError):
            said = to_event(row.record).data
            self._forgotten[int(str(said["through"]))] = str(said["head"])

    def _check_begin(self) -> None:
        """The cut itself has to be in the log, chained like everything else."""
        if self._begin and self._forgotten.get(self._begin) != self._ends[self._begin].head:
            self._find("missing", self._begin, f"Records 1 to {self._begin} are missing, and none says why.")

    def _record(self, row: Row[Any]) -> None:
        if not self._last:
            self._starts_at(row.sequence)
        if row.name == FORGOTTEN:
            self._note_cut(row)
        if row.sequence != self._last + 1:
            self._find(
                "missing", row.sequence, f"Records {self._last + 1} to {row.sequence - 1} are missing."
            )
        self._last = row.sequence
        if hashlib.sha256(row.record.encode()).hexdigest() != row.digest or not _columns_agree(row):
            self._find(
                "edited", row.sequence, f"Record {row.sequence} does not have the content of its digest."
            )
        self._value = chained(self._value, [row.digest])
        if row.sequence in self._ends:
            self._head(self._ends[row.sequence])
        elif self._is_overdue(row):
            moment = isoformat(row.time)
            self._find("unsealed", row.sequence, f"Record {row.sequence} of {moment} was never chained.")

    def _head(self, head: Head) -> None:
        if self._value != head.head:
            text = f"Records {head.first} to {head.last} are not those that were sealed."
            self._find("chain", head.last, text)
            self._value = head.head  # so that what follows is judged by itself

    def _is_overdue(self, row: Row[Any]) -> bool:
        """Whether no head covers the record although the sealer had time; said once, for the first one."""
        sealed = self._heads[-1].last if self._heads else 0
        return bool(row.sequence == sealed + 1 and self._now - row.time > UNSEALED_SECONDS)

    def _find(self, code: str, sequence: int, text: str) -> None:
        self._result.findings.append(Finding(code, sequence, text))


def _pages(database: Database) -> Iterator[Sequence[Row[Any]]]:
    last = 0
    while True:
        with database.read() as connection:
            statement = select(tables.audit).where(tables.audit.c.sequence > last)
            rows = connection.execute(statement.order_by(tables.audit.c.sequence).limit(PAGE)).all()
        if not rows:
            return
        last = rows[-1].sequence
        yield rows


def _columns_agree(row: Row[Any]) -> bool:
    """Whether the columns that repeat parts of the record, for searches, say the same as the record."""
    try:
        event = to_event(row.record)
    except (msgspec.DecodeError, TypeError, KeyError):
        return False
    columns: Values = {name: getattr(row, name) for name in SEARCHED}
    return columns == searched(event)


def _check_heads(heads: list[Head], ring: FileKeyRing) -> Iterator[Finding]:
    last = 0
    for head in heads:
        public = ring.public_key(SIGNING_PURPOSE, head.key)
        if public is None or not is_signed(head, ring.instance, public):
            text = f"The head at record {head.last} is not signed by this instance."
            yield Finding("signature", head.last, text)
        if head.first != last + 1:
            yield Finding("missing", head.first, f"No head covers records {last + 1} to {head.first - 1}.")
        last = head.last


def _check_witness(heads: list[Head], before: list[Head], after: list[Head], path: Path) -> Iterator[Finding]:
    """Compare with the file outside as it was before and after the heads were read: the database has every
    head that the file had before, and the file has every head but the newest, which may follow."""
    stored = {head.last: head for head in heads}
    for head in before:
        if head.last not in stored:
            text = f"{path} has a head at record {head.last} that the database lost."
            yield Finding("cut", head.last, text)
        elif stored[head.last] != head:
            yield Finding("witness", head.last, f"{path} has another head at record {head.last}.")
    seen = {head.last for head in after}
    for last in sorted(stored)[:-1]:
        if last not in seen:
            yield Finding("witness", last, f"{path} lost its head at record {last}.")
            return
