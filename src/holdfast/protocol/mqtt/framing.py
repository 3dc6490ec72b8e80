"""Cuts a stream of bytes into MQTT packets, in one pass over each read and in linear time."""

from typing import TypeAlias

from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.wire import VARINT_BYTES

Span: TypeAlias = tuple[int, int, int]
"""A packet's first byte, and where the rest of it starts and stops in the buffer that came with it.

A plain tuple: one is made for every message, and nothing is copied before a field is read.
"""


Frames: TypeAlias = tuple[bytes, list[Span], MqttError | None]
"""A buffer, the whole packets in it in the order in which they came, and why nothing can be cut behind the
last of them: then the stream is lost."""


class Framer:
    """Keeps an unfinished packet between reads.

    `maximum` is the largest remaining length that is accepted; the check falls with the packet's first
    bytes, so that what is kept never grows beyond it. With `single`, everything behind the first packet is
    kept as it came, because what it means is not decided yet.
    """

    __slots__ = ("_missing_until", "_pending", "maximum", "single")

    def __init__(self, maximum: int, single: bool = False) -> None:
        self.maximum = maximum
        self.single = single
        self._pending: bytes | bytearray = b""
        self._missing_until = 0
        """Nothing can be complete while fewer bytes than this are pending."""

    @property
    def pending(self) -> int:
        """How many bytes are kept."""
        return len(self._pending)

    def hold(self, data: bytes) -> None:
        """Keep `data` without looking at it."""
        self._keep(data)
        self._missing_until = 0

    def feed(self, data: bytes) -> Frames:
        """The packets that `data` completes, up to one that is too large or whose length is none."""
        if self._pending:
            self._keep(data)
            if len(self._pending) < self._missing_until:
                return b"", [], None
            data = bytes(self._pending)
            self._pending = b""
        if span := _one_packet(data, self.maximum):
            return data, [span], None
        spans: list[Span] = []
        try:
            rest, self._missing_until = self._cut(data, spans)
        except MqttError as failure:
            return data, spans, failure
        if rest < len(data):
            self._pending = data[rest:]
        return data, spans, None

    def _keep(self, data: bytes) -> None:
        if isinstance(self._pending, bytes):  # only while a packet is incomplete: idle peers cost nothing
            self._pending = bytearray(self._pending)
        self._pending += data

    def _cut(self, data: bytes, spans: list[Span]) -> tuple[int, int]:
        """Add the whole packets to `spans`; where the rest begins and how long it must grow to be one."""
        at, end = 0, len(data)
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length > 0x7F:
                if start < end and 0 < data[start] < 0x80:  # two bytes, as nearly every message has
                    length += (data[start] - 1) << 7
                    start += 1
                else:
                    length, start = _long_length(data, at + 1, end)
                    if not start:
                        return at, end - at + 1
            if length > self.maximum:
                raise MqttError("the packet is larger than allowed here", Reason.PACKET_TOO_LARGE)
            stop = start + length
            if stop > end:
                return at, stop - at
            spans.append((data[at], start, stop))
            at = stop
            if self.single:
                break
        return at, 2


def _one_packet(data: bytes, maximum: int) -> Span | None:
    """What a read brings from a device that waits for its answers: one whole packet and nothing else."""
    size = len(data)
    if size < 3:
        return None
    start, length = 2, data[1]
    if length > 0x7F:
        if not 0 < data[2] < 0x80:
            return None
        start, length = 3, length + (data[2] - 1 << 7)
    return (data[0], start, size) if start + length == size and length <= maximum else None


def _long_length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The variable byte integer at `at` and the offset behind it; (0, 0) while its end has not come."""
    value, shift = 0, 0
    for position in range(at, min(at + VARINT_BYTES, end)):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0:
                raise MqttError("a packet's length is longer than it needs to be")
            return value, position + 1
        shift += 7
    if end - at >= VARINT_BYTES:
        raise MqttError("a packet's length is longer than four bytes")
    return 0, 0
