"""What the detectors see of the log: bursts of messages, and devices that connected.

A busy platform stores tens of thousands of messages a second; they are counted by device here, so that the
detectors are asked once for each device instead of once for each message.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

import msgspec

from holdfast.defender.network.presence import Arrival
from holdfast.defender.platform.judging import Burst
from holdfast.defender.platform.types import WINDOW_SECONDS
from holdfast.log.port import Record


def bursts(records: Sequence[Record], kinds: Collection[str]) -> Iterator[Burst]:
    """Records of these kinds by kind, window and device."""
    for kind in kinds:
        of_kind = [record for record in records if record.kind == kind]
        for window, run in groupby(of_kind, _window):
            said = list(run)
            devices, times = [record.device for record in said], [record.time for record in said]
            last = dict(zip(devices, times, strict=True))
            first = dict(zip(reversed(devices), reversed(times), strict=True))
            for device, messages in Counter(devices).items():
                yield Burst(device, kind, int(window), messages, first[device], last[device])


def _window(record: Record) -> float:
    return record.time // WINDOW_SECONDS


class _Connected(msgspec.Struct):
    address: str = ""


def arrivals(records: Sequence[Record]) -> Iterator[tuple[str, Arrival]]:
    """Which devices connected, from where and when."""
    for record in records:
        if record.kind == "connected":
            try:
                address = msgspec.json.decode(record.body, type=_Connected).address
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if address:
                yield record.device, Arrival(address, record.time)
