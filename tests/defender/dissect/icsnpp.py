"""A log of ICSNPP, and how its rows come out of our records."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.defender.dissect.expected import Row, Seen

ENDS = "id.orig_h id.orig_p id.resp_h id.resp_p"
PLACES = "source_h source_p destination_h destination_p"
HEAD = f"ts uid {ENDS} is_orig {PLACES} "
"""Columns of logs whose header was stripped."""

Rows = Callable[[Seen], Iterator[Row]]


class Log(NamedTuple):
    """A log and how its rows come out of our records."""

    capture: str
    log: str
    columns: str
    rows: Rows

    places: str = f"{ENDS} is_orig {PLACES}"
    head: str = HEAD


def of(protocol: str, **more: str) -> Rows:
    """One row a record of the protocol."""

    def rows(seen: Seen) -> Iterator[Row]:
        if seen.protocol == protocol:
            yield {**seen.fields, **more}

    return rows


def within(protocol: str, name: str) -> Rows:
    """One row an element of the list field `name`, with the record's own fields behind."""

    def rows(seen: Seen) -> Iterator[Row]:
        if seen.protocol == protocol:
            for each in seen.fields.get(name) or ():
                yield {**seen.fields, **each}

    return rows
