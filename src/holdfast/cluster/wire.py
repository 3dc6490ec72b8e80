"""Frames between a process and the hub: four bytes of length, then a MessagePack array."""

import asyncio
import struct
from typing import Any

import msgspec

from holdfast.kernel import errors
from holdfast.kernel.errors import HoldfastError, UnavailableError
from holdfast.kernel.json import JsonObject

MAXIMUM_FRAME = 8 * 1024 * 1024
"""Above the largest body that crosses it (a device method's 128 KB, a registration's 96 KB) with room for
batches; a bound against a runaway peer."""

_LENGTH = struct.Struct(">I")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode

# The first element of a frame. Requests and replies carry a number that the asker chose.
HELLO = 0  # [HELLO, node, role]
REQUEST = 1  # [REQUEST, number, target, method, body, deadline]
REPLY = 2  # [REPLY, number, body]
FAILURE = 3  # [FAILURE, number, class, message, attributes]
PUBLISH = 4  # [PUBLISH, topic, message]
SUBSCRIBE = 5  # [SUBSCRIBE, topic]
BEAT = 6  # [BEAT]

Frame = list[Any]  # heterogeneous by design: the table above says what stands where


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """The next frame. IncompleteReadError at the end, UnavailableError when it is too long."""
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > MAXIMUM_FRAME:
        raise UnavailableError(
            f"A peer announced a frame of {length} bytes; at most {MAXIMUM_FRAME} are taken."
        )
    frame: Frame = _decode(await reader.readexactly(length))
    return frame


def frame_bytes(*parts: object) -> bytes:
    """The bytes of one frame."""
    body = _encode(parts)
    return _LENGTH.pack(len(body)) + body


def failure(number: int, error: Exception) -> bytes:
    """An error as a FAILURE frame; what is not ours travels as an UnavailableError without its text."""
    if not isinstance(error, HoldfastError):
        return frame_bytes(FAILURE, number, "UnavailableError", "The other process failed; see its log.", {})
    attributes = {k: v for k, v in vars(error).items() if isinstance(v, str | int | float)}
    return frame_bytes(FAILURE, number, type(error).__name__, str(error), attributes)


_CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, HoldfastError)
}


def register_error(cls: type[HoldfastError]) -> None:
    """Let a package's own error class travel as itself."""
    _CLASSES[cls.__name__] = cls


def rebuild(class_name: str, message: str, attributes: JsonObject) -> HoldfastError:
    """The error of a FAILURE frame."""
    cls = _CLASSES.get(class_name, UnavailableError)
    error = cls.__new__(cls)
    Exception.__init__(error, message)
    vars(error).update(attributes)
    return error
