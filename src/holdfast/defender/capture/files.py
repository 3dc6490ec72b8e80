"""Capture files of every format as one stream of blocks."""

from collections.abc import Iterator
from pathlib import Path

from holdfast.defender.capture import pcap, pcapng
from holdfast.defender.capture.errors import CaptureError
from holdfast.defender.capture.packets import Block
from holdfast.defender.capture.source import ByteSource


class CaptureFile:
    """One pcap or pcapng file, possibly gzip-compressed, read forward.

    A damaged file is read up to the damage; `problem` is then a sentence with the offset. Offsets count bytes
    of the capture itself, after inflating.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and recognize its format; raises `CaptureError` when it is none."""
        self.path = path
        self.problem = ""
        self._source = ByteSource(path)
        self._rest = self._source.read()
        while len(self._rest) < pcap.FILE_HEADER_LENGTH and (more := self._source.read()):
            self._rest += more
        self._base = 0
        try:
            self._indexer, self._position = _recognize(self._rest, path, self._source.damage)
        except CaptureError:
            self._source.close()
            raise

    @property
    def taken(self) -> int:
        """Bytes of the file that were read so far; for progress."""
        return self._source.taken

    def close(self) -> None:
        """Close the file; reading to the end closes it too."""
        self._source.close()

    def blocks(self) -> Iterator[Block]:
        """The packets in the file's order, in blocks of about half a megabyte."""
        data, position = self._rest, self._position
        self._rest = b""
        while True:
            blocks, position = self._indexer.index(data, position)
            yield from blocks
            if self._indexer.damage:
                self._note(self._indexer.damage, position)
                break
            chunk = self._source.read()
            if not chunk:
                self._note_end(len(data) - position, position)
                break
            self._base += position
            data, position = data[position:] + chunk, 0
        self.close()

    def _note_end(self, unread: int, position: int) -> None:
        if self._source.damage:
            self.problem = f"{self.path}: {self._source.damage}; read up to there."
        elif unread:
            self._note(f"the file ends within a packet ({unread} bytes of it are there)", position)

    def _note(self, what: str, position: int) -> None:
        self.problem = f"{self.path}: {what} at offset {self._base + position}; read up to there."


def _recognize(head: bytes, path: Path, damage: str) -> tuple[pcap.PcapIndexer | pcapng.PcapngIndexer, int]:
    if head[:4] in pcap.MAGICS and len(head) >= pcap.FILE_HEADER_LENGTH:
        return pcap.PcapIndexer(head), pcap.FILE_HEADER_LENGTH
    if head[:4] == pcapng.MAGIC:
        return pcapng.PcapngIndexer(), 0
    if damage:
        raise CaptureError(f"{path} cannot be read: {damage}.")
    if not head:
        raise CaptureError(f"{path} is empty.")
    raise CaptureError(f"{path} is neither pcap nor pcapng: it begins with {head[:4].hex(' ')}.")
