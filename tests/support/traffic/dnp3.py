"""DNP3 frames (IEEE 1815) with right checksums."""

import struct

OUTSTATION, MASTER = 10, 1

RESTART = 0x8000
"""Internal indications as they travel: IIN1 in the upper octet, IIN2 in the lower."""
TROUBLE, NO_FUNCTION, UNKNOWN_OBJECT, PARAMETER = 0x4000, 0x0001, 0x0002, 0x0004
OVERFLOW, CORRUPT, RESERVED = 0x0008, 0x0020, 0x0080


def crc(data: bytes) -> bytes:
    value = 0
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0xA6BC if value & 1 else 0)
    return struct.pack("<H", ~value & 0xFFFF)


def frame(fragment: bytes, *, from_master: bool, direction: bool | None = None) -> bytes:
    """An application fragment in one link frame; `direction` is the DIR bit where it lies."""
    to, sender = (OUTSTATION, MASTER) if from_master else (MASTER, OUTSTATION)
    control = 0x44 | (0x80 if (from_master if direction is None else direction) else 0)
    payload = b"\xc0" + fragment
    head = struct.pack("<BBBBHH", 0x05, 0x64, 5 + len(payload), control, to, sender)
    blocks = [payload[start : start + 16] for start in range(0, len(payload), 16)]
    return head + crc(head) + b"".join(block + crc(block) for block in blocks)


def request(function: int, objects: bytes = b"", *, confirm: bool = False, direction: bool = True) -> bytes:
    control = 0xC0 | (0x20 if confirm else 0)
    return frame(bytes((control, function)) + objects, from_master=True, direction=direction)


def response(indications: int = 0, objects: bytes = b"", function: int = 0x81) -> bytes:
    control = 0xF0 if function == 0x82 else 0xC0
    return frame(bytes((control, function)) + struct.pack(">H", indications) + objects, from_master=False)


CLASS_1 = b"\x3c\x02\x06"
INTEGRITY = b"\x3c\x02\x06\x3c\x03\x06\x3c\x04\x06\x3c\x01\x06"
"""Object headers: event data of class 1; all classes."""


def open_file(name: bytes, mode: int) -> bytes:
    """Object group 70, variation 3: name, time, permissions, key, size, mode, block size, request."""
    body = (
        struct.pack("<HH", 26, len(name))
        + bytes(6)
        + struct.pack("<HIIHHH", 0x1FF, 0, 0, mode, 1024, 1)
        + name
    )
    return b"\x46\x03\x5b\x01" + struct.pack("<H", len(body)) + body


def authentication_error() -> bytes:
    """Object group 120, variation 7: sequence, user, association, code, time, text."""
    body = struct.pack("<IHHB", 1, 1, 1, 1) + bytes(6) + b"bad"
    return b"\x78\x07\x5b\x01" + struct.pack("<H", len(body)) + body
