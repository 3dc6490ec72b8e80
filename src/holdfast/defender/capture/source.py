"""Bytes of a capture file in order, plain or gzip, without holding the file in memory."""

import zlib
from pathlib import Path
from typing import BinaryIO

from holdfast.defender.capture.errors import CaptureError

CHUNK = 512 * 1024
"""Bytes read at once: some 3,000 packets of OT traffic, and small beside a processor's cache."""
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class ByteSource:
    """Reads a file forward in chunks and undoes gzip (RFC 1952, several members too) on the way.

    A damaged gzip stream ends early: `damage` then says where, and everything before it was handed out.
    """

    def __init__(self, path: Path) -> None:
        """Open `path`; raises `CaptureError` when it cannot be opened."""
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise CaptureError(f"{path} cannot be opened: {error.strerror}.") from error
        self.taken = 0
        """Bytes of the file that were read; for progress."""
        self.damage = ""
        magic = self._file.read(2)
        self._file.seek(0)
        self._inflate = zlib.decompressobj(_GZIP_WINDOW) if magic == _GZIP_MAGIC else None
        self._waiting = b""
        self._within_member = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self) -> bytes:
        """The next chunk; empty at the end, or where the file cannot be read or inflated any more."""
        if self._inflate is None:
            return self._raw()
        while True:
            if not self._waiting:
                self._waiting = self._raw()
                if not self._waiting:
                    self._note_missing_end()
                    return b""
            chunk = self._inflated()
            if chunk or self.damage:
                return chunk

    def _raw(self) -> bytes:
        try:
            chunk = self._file.read(CHUNK)
        except OSError as error:
            self.damage = f"the disk reports {error.strerror} at offset {self.taken}"
            return b""
        self.taken += len(chunk)
        return chunk

    def _inflated(self) -> bytes:
        inflate = self._inflate
        assert inflate is not None
        self._within_member = True
        try:
            chunk = inflate.decompress(self._waiting, CHUNK)
        except zlib.error as error:
            position = self.taken - len(self._waiting)
            self.damage = f"the gzip data is broken after offset {position} ({error})"
            return b""
        self._waiting = inflate.unconsumed_tail
        if inflate.eof:
            self._next_member(inflate.unused_data)
        return chunk

    def _next_member(self, rest: bytes) -> None:
        if len(rest) < len(_GZIP_MAGIC):
            rest += self._raw()
        self._waiting = rest if rest[:2] == _GZIP_MAGIC else b""  # anything else is padding
        self._inflate = zlib.decompressobj(_GZIP_WINDOW)
        self._within_member = False

    def _note_missing_end(self) -> None:
        if self._within_member and not self.damage:
            self.damage = f"the gzip data ends early at offset {self.taken}"
