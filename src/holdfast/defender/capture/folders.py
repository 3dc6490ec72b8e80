"""Many capture files as one stream in the order of time."""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from pathlib import Path

from holdfast.defender.capture.errors import CaptureError
from holdfast.defender.capture.files import CaptureFile
from holdfast.defender.capture.packets import Block

SUFFIXES = (".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz", ".cap.gz", ".dmp", ".trc")
"""Names that are read from folders; a file that is named itself may be called anything. Rotated captures
(`plant.pcap0`, `plant.pcap.3`) count too."""

_packet_time = itemgetter(0)


def find_captures(paths: Iterable[Path]) -> list[Path]:
    """The files behind `paths`: each file itself, and of each folder the captures below it, each once.

    Raises `CaptureError` for a path that does not exist, and when there is no file at all.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update((below, None) for below in sorted(path.rglob("*")) if _is_capture(below))
        elif path.exists():
            found[path] = None
        else:
            raise CaptureError(f"{path} does not exist.")
    if not found:
        raise CaptureError("There is no capture; name files, or folders that hold .pcap or .pcapng files.")
    return list(found)


def _is_capture(path: Path) -> bool:
    name = path.name.lower().rstrip("0123456789").rstrip("._-")
    return name.endswith(SUFFIXES) and path.is_file()


class CaptureSet:
    """Captures read side by side, so that packets come in the order of time even where files overlap.

    Within one file the file's order is kept. Only files that overlap in time are open at once.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        """Look at the first packet of each file. Raises `CaptureError` when none of them is a capture."""
        self.problems: list[str] = []
        """Sentences about files that are no captures, or are damaged."""
        self._files: list[tuple[int, Path]] = []
        self.total = 0
        """Bytes of all files."""
        self.taken = 0
        """Bytes read so far."""
        for path in paths:
            self._add(path)
        if not self._files:
            raise CaptureError(self.problems[0] if len(self.problems) == 1 else "None of them is a capture.")
        self._files.sort(key=itemgetter(0))

    def _add(self, path: Path) -> None:
        try:
            capture = CaptureFile(path)
        except CaptureError as error:
            self.problems.append(str(error))
            return
        first = next(capture.blocks(), None)
        capture.close()
        self._files.append((first.packets[0][0] if first else 0, path))
        self.total += path.stat().st_size

    def blocks(self) -> Iterator[Block]:
        """All packets in the order of time."""
        waiting = self._files[::-1]
        heads: list[tuple[int, int, _Reading]] = []
        while waiting or heads:
            while waiting and (not heads or waiting[-1][0] <= heads[0][0]):
                self._open(waiting.pop()[1], len(waiting), heads)
            if not heads:
                continue
            _, order, reading = heapq.heappop(heads)
            limit = min([head[0] for head in heads[:1]] + [file[0] for file in waiting[-1:]], default=None)
            yield reading.until(limit)
            self._push(reading, order, heads)

    def _open(self, path: Path, order: int, heads: list[tuple[int, int, "_Reading"]]) -> None:
        try:
            capture = CaptureFile(path)
        except CaptureError as error:  # it was there when the run began
            self.problems.append(str(error))
            return
        self._push(_Reading(capture, self._advance), -order, heads)

    def _push(self, reading: "_Reading", order: int, heads: list[tuple[int, int, "_Reading"]]) -> None:
        if reading.advance():
            heapq.heappush(heads, (reading.time, order, reading))
        elif reading.capture.problem:
            self.problems.append(reading.capture.problem)

    def _advance(self, taken: int) -> None:
        self.taken += taken


class _Reading:
    """One file that is being read: its current block, and how far it was handed out."""

    def __init__(self, capture: CaptureFile, advanced: Callable[[int], None]) -> None:
        self.capture = capture
        self._advanced = advanced
        self._blocks = capture.blocks()
        self._block: Block | None = None
        self._next = 0
        self._taken = 0

    @property
    def time(self) -> int:
        """Of the next packet."""
        assert self._block is not None
        return self._block.packets[self._next][0]

    def advance(self) -> bool:
        """Have a next packet at hand; False at the end of the file."""
        if self._block is None or self._next >= len(self._block.packets):
            self._block, self._next = next(self._blocks, None), 0
            self._advanced(self.capture.taken - self._taken)
            self._taken = self.capture.taken
        return self._block is not None

    def until(self, limit: int | None) -> Block:
        """The next packets that are not later than `limit`; at least one."""
        block = self._block
        assert block is not None
        first, packets = self._next, block.packets
        last = len(packets)
        if limit is not None and max(packets[-1][0], packets[first][0]) > limit:
            last = max(first + 1, bisect_right(packets, limit, first, key=_packet_time))
        self._next = last
        if first == 0 and last == len(packets):
            return block
        return Block(block.data, packets[first:last], block.link_type)
