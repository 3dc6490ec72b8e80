"""When devices came and went, from the log."""

import heapq
import math
from itertools import islice
from typing import NamedTuple

import msgspec

from holdfast.log.port import Record
from holdfast.log.walking import Walk, WalkedLog

CONNECTED, DISCONNECTED = "connected", "disconnected"
_PARTS = ("address", "transport", "authentication")


class Connection(NamedTuple):
    """A moment at which the device came or went."""

    time: float
    came: bool
    how: str
    """From where, over which transport, how it proved itself."""


def connections(log: WalkedLog, device: str, limit: int) -> list[Connection]:
    """The newest times that a device came and went, newest first, as far back as the log is kept."""
    walks = (
        islice(Walk(log, frozenset({device}), -math.inf, math.inf, kind, newest_first=True), limit)
        for kind in (CONNECTED, DISCONNECTED)
    )
    newest = heapq.merge(*walks, key=lambda record: record.position, reverse=True)
    return [_shown(record) for record in islice(newest, limit)]


def _shown(record: Record) -> Connection:
    said = msgspec.json.decode(record.body)
    how = ", ".join(str(said[name]) for name in _PARTS if said.get(name))
    return Connection(record.time, record.kind == CONNECTED, how)
