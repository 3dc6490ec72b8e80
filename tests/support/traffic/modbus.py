"""Modbus/TCP messages."""

import struct


def frame(pdu: bytes, unit: int = 1, transaction: int = 1, protocol: int = 0) -> bytes:
    """A PDU behind its MBAP header."""
    return struct.pack(">HHHB", transaction, protocol, len(pdu) + 1, unit) + pdu


def read(start: int = 0, quantity: int = 10, function: int = 3) -> bytes:
    return struct.pack(">BHH", function, start, quantity)


def registers(quantity: int = 10, function: int = 3) -> bytes:
    return struct.pack(">BB", function, quantity * 2) + b"\0" * (quantity * 2)


def write(address: int = 0, value: int = 1) -> bytes:
    return struct.pack(">BHH", 6, address, value)


def exception(function: int, code: int) -> bytes:
    return bytes((function | 0x80, code))


def identification(**objects: str) -> bytes:
    """A Read Device Identification answer; objects by number as `o0="Vendor"`."""
    body = b"".join(
        bytes((int(number[1:]), len(value))) + value.encode() for number, value in objects.items()
    )
    return bytes((0x2B, 14, 1, 1, 0, 0, len(objects))) + body


def umas(function: int, data: bytes = b"", session: int = 0) -> bytes:
    return bytes((0x5A, session, function)) + data
