"""IEC 60870-5-104 APDUs."""

import struct

STARTDT, STARTDT_CON = b"\x68\x04\x07\0\0\0", b"\x68\x04\x0b\0\0\0"


def asdu(
    kind: int, cause: int, address: int = 100, common: int = 1, element: bytes = b"\0", negative: bool = False
) -> bytes:
    """An I-format APDU with one information object."""
    body = struct.pack("<BBBBH", kind, 1, cause | (0x40 if negative else 0), 0, common)
    body += struct.pack("<I", address)[:3] + element
    return struct.pack("<BBHH", 0x68, 4 + len(body), 0, 0) + body


def single(cause: int = 6, address: int = 100, common: int = 1) -> bytes:
    """A single command, or its mirror with another cause."""
    return asdu(45, cause, address, common, b"\x01")


def measured() -> bytes:
    return asdu(13, 3, 2000, 1, struct.pack("<fB", 1.5, 0))
