"""Our records beside the logs that ICSNPP's parsers wrote for the same captures, column by column.

`docs/dissectors.md` gives the reason of every difference that is counted here.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.defender.dissect.expected import Row, Seen, differences, dissected, zeek_rows
from tests.support.shared import SHARED_DATA

FOLDER = SHARED_DATA / "captures" / "icsnpp"
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
