"""Makes what devices report searchable: follows the log and keeps `reported.*` beside the devices.

Writing the same again changes nothing, so the positions are kept after the effect, and a follower that was
killed reads a little twice.
"""

import asyncio
from pathlib import Path

import msgspec
import structlog

from holdfast.devices.device import DEVICE_KIND
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.keys.files import replace_durably
from holdfast.log.port import PARTITIONS, LogReader, Position, Record
from holdfast.resources.beside import ValuesBeside
from holdfast.storage.database import Database

BATCH = 2_000
"""Records taken in at once."""
KEEP_STEPS = 300
"""After so many without an effect the positions are kept nevertheless; at full load that is a minute."""
WAIT_SECONDS = 0.5
RETRY_SECONDS = 5.0
PREFIX = "reported"


class ReportedIndex:
    """The one follower of an instance; it runs in the role that writes the control database."""

    def __init__(self, database: Database, log: LogReader, positions: Path) -> None:
        self._beside = ValuesBeside(database, DEVICE_KIND, PREFIX)
        self._log = log
        self._file = positions
        self._done = {number: Position(number, 0) for number in range(PARTITIONS)} | self._kept()
        self._unkept = 0
        """Steps since the positions were written."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Follow until told to stop."""
        while not stopping.is_set():
            try:
                if await asyncio.to_thread(self.step):
                    await asyncio.to_thread(self._log.wait, WAIT_SECONDS)
            except HoldfastError as error:
                structlog.get_logger().warning("reported properties cannot be indexed", reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    def step(self) -> bool:
        """Take in one batch; whether that was all. Blocking."""
        chunk = self._log.poll(self._done, BATCH, "reported")
        values, gone = _effects(chunk.records)
        if values or gone:
            self._beside.put(values, gone)
        self._done.update(chunk.positions)
        self._unkept += 1
        if values or gone or self._unkept >= KEEP_STEPS:
            self._keep()
            self._unkept = 0
        return chunk.complete

    def forget(self, device: str) -> None:
        """Take away what a deleted device reported. Blocking."""
        self._beside.forget([device])

    def _kept(self) -> dict[int, Position]:
        try:
            offsets = self._file.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return {}
        return {number: Position(number, int(offset)) for number, offset in enumerate(offsets)}

    def _keep(self) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        offsets = (str(self._done[number].offset) for number in range(PARTITIONS))
        replace_durably(self._file, (" ".join(offsets) + "\n").encode())


def _effects(records: list[Record]) -> tuple[dict[str, JsonObject], dict[str, list[str]]]:
    """What the records' patches come to: new values by device, and paths without one any more."""
    values: dict[str, JsonObject] = {}
    gone: dict[str, list[str]] = {}
    for record in records:
        if record.module:
            continue
        patch: JsonObject = msgspec.json.decode(record.body)  # the platform's own, of a checked patch
        patch.pop("$version", None)
        lost = gone.setdefault(record.device, [])
        _lay(values.setdefault(record.device, {}), patch, PREFIX, lost)
    return values, gone


def _lay(onto: JsonObject, patch: JsonObject, prefix: str, lost: list[str]) -> None:
    """Lay a patch onto the values, and note each path whose former value ends with it."""
    for name, value in patch.items():
        path = f"{prefix}.{name}"
        lost.append(path)
        if isinstance(value, dict):
            inner: JsonValue = onto.get(name)
            below: JsonObject = inner if isinstance(inner, dict) else {}
            onto[name] = below
            _lay(below, value, path, lost)
        elif value is None:
            onto.pop(name, None)
        else:
            onto[name] = value
