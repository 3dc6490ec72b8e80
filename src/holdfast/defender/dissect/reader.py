"""A cursor over a PDU for the parts that are decoded on demand: every reading is bounded by the PDU's end."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from holdfast.defender.dissect.session import TRUNCATED, MalformedError

_U16: Final[Callable[[bytes, int], tuple[int]]] = struct.Struct(">H").unpack_from
_U32: Final[Callable[[bytes, int], tuple[int]]] = struct.Struct(">I").unpack_from
_U16_LITTLE: Final[Callable[[bytes, int], tuple[int]]] = struct.Struct("<H").unpack_from
_U32_LITTLE: Final[Callable[[bytes, int], tuple[int]]] = struct.Struct("<I").unpack_from


class Reader:
    """Reads numbers and bytes forward. Raises `MalformedError` (truncated) instead of reading past the
    end."""

    __slots__ = ("data", "end", "position")

    def __init__(self, data: bytes, position: int = 0, end: int | None = None) -> None:
        self.data = data
        self.position = position
        self.end = len(data) if end is None else end

    @property
    def left(self) -> int:
        """Bytes that are still unread."""
        return self.end - self.position

    def _advance(self, count: int) -> int:
        position = self.position
        if count < 0 or position + count > self.end:
            raise MalformedError(
                TRUNCATED, f"{count} bytes are needed, {self.end - position} are there.", position
            )
        self.position = position + count
        return position

    def u8(self) -> int:
        """One byte."""
        return self.data[self._advance(1)]

    def u16(self) -> int:
        """Two bytes, most significant first."""
        return _U16(self.data, self._advance(2))[0]

    def u32(self) -> int:
        """Four bytes, most significant first."""
        return _U32(self.data, self._advance(4))[0]

    def u16_little(self) -> int:
        """Two bytes, least significant first."""
        return _U16_LITTLE(self.data, self._advance(2))[0]

    def u32_little(self) -> int:
        """Four bytes, least significant first."""
        return _U32_LITTLE(self.data, self._advance(4))[0]

    def unsigned(self, count: int) -> int:
        """`count` bytes, most significant first."""
        return int.from_bytes(self.take(count), "big")

    def unsigned_little(self, count: int) -> int:
        """`count` bytes, least significant first."""
        return int.from_bytes(self.take(count), "little")

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        position = self._advance(count)
        return self.data[position : position + count]

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(self.end - self.position)

    def skip(self, count: int) -> None:
        """Pass over `count` bytes."""
        self._advance(count)

    def within(self, count: int) -> Reader:
        """A reader of the next `count` bytes alone, which this one passes over."""
        position = self._advance(count)
        return Reader(self.data, position, position + count)
