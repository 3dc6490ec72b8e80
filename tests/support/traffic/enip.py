"""EtherNet/IP and CIP messages."""

import struct

REGISTER, SEND_RR, LIST_IDENTITY = 0x65, 0x6F, 0x63


def encapsulated(command: int, data: bytes = b"", status: int = 0, session: int = 1) -> bytes:
    return struct.pack("<HHII8sI", command, len(data), session, status, b"context\0", 0) + data


def unconnected(cip: bytes) -> bytes:
    """Send RR Data with an unconnected message."""
    items = struct.pack("<HHHHH", 2, 0, 0, 0xB2, len(cip))
    return encapsulated(SEND_RR, struct.pack("<IH", 0, 5) + items + cip)


def path(class_id: int, instance: int = 1) -> bytes:
    return bytes((0x20, class_id, 0x24, instance))


def symbol(name: str) -> bytes:
    text = name.encode()
    return bytes((0x91, len(text))) + text + b"\0" * (len(text) % 2)


def ask(service: int, way: bytes, data: bytes = b"") -> bytes:
    return unconnected(bytes((service, len(way) // 2)) + way + data)


def reply(service: int, data: bytes = b"", status: int = 0) -> bytes:
    return unconnected(bytes((service | 0x80, 0, status, 0)) + data)


def identity(revision: tuple[int, int] = (20, 11), status: int = 0x3060, kind: int = 14) -> bytes:
    name = b"1756-L61"
    return struct.pack("<HHHBBHIB", 1, kind, 54, *revision, status, 0x1234, len(name)) + name


def listed(revision: tuple[int, int] = (20, 11), status: int = 0x3060) -> bytes:
    """An answer to List Identity."""
    item = struct.pack("<HhHI8s", 1, 2, 44818, 0, b"")[:18] + identity(revision, status) + b"\x03"
    return encapsulated(LIST_IDENTITY, struct.pack("<HHH", 1, 0x0C, len(item)) + item, session=0)


def forward_open(points: tuple[int, int], transport: int = 1) -> bytes:
    """A connection to two assemblies."""
    way = bytes((0x20, 0x04, 0x24, 1, 0x2C, points[0], 0x2C, points[1]))
    body = struct.pack("<BBIIHHIB3x", 5, 10, 0, 1, 1, 0x4D, 99, 0)
    body += struct.pack("<IHIHB", 10000, 0x4802, 10000, 0x4804, transport) + bytes((len(way) // 2,)) + way
    return ask(0x54, path(6), body)


def opened() -> bytes:
    return reply(0x54, struct.pack("<IIHHIIIBB", 1, 2, 1, 0x4D, 99, 10000, 10000, 0, 0))
