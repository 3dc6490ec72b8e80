"""S7comm messages on ISO transport."""

import struct

CONNECT = bytes.fromhex("0300001611e00000000100c0010ac1020100c2020102")
CONFIRM = bytes.fromhex("0300001611d00001000600c0010ac1020100c2020102")


def dt(payload: bytes) -> bytes:
    """A data TPDU in a TPKT."""
    return struct.pack(">BBH", 3, 0, len(payload) + 7) + b"\x02\xf0\x80" + payload


def job(parameters: bytes, data: bytes = b"", reference: int = 1) -> bytes:
    return dt(struct.pack(">BBHHHH", 0x32, 1, 0, reference, len(parameters), len(data)) + parameters + data)


def ack(parameters: bytes, data: bytes = b"", reference: int = 1, error: int = 0) -> bytes:
    head = struct.pack(">BBHHHHH", 0x32, 3, 0, reference, len(parameters), len(data), error)
    return dt(head + parameters + data)


SETUP = job(bytes.fromhex("f0000001000101e0"))
SETUP_ACK = ack(bytes.fromhex("f0000001000100f0"))


def read_block(number: int, function: int = 4) -> bytes:
    item = struct.pack(">BBBBHHB", 0x12, 0x0A, 0x10, 0x02, 10, number, 0x84) + b"\0\0\0"
    data = bytes.fromhex("00040010") + b"\0\x01" if function == 5 else b""
    return job(bytes((function, 1)) + item, data)


def read_ack(function: int = 4) -> bytes:
    data = b"\xff\x04\x00\x50" + b"\0" * 10 if function == 4 else b"\xff"
    return ack(bytes((function, 1)), data)


def stop() -> bytes:
    return job(b"\x29\0\0\0\0\0\x09P_PROGRAM")


def control(service: bytes = b"P_PROGRAM", argument: bytes = b"") -> bytes:
    head = b"\x28\0\0\0\0\0\0\xfd" + struct.pack(">H", len(argument)) + argument
    return job(head + bytes((len(service),)) + service)


def block_name(kind: bytes, number: int, way: bytes = b"P") -> bytes:
    return b"_" + kind + b"%05d" % number + way


def download(kind: bytes = b"0A", number: int = 1) -> bytes:
    name = block_name(kind, number)
    return job(b"\x1a\0\x01\0\0\0\0\0" + bytes((len(name),)) + name + b"\x0d1000216000088")


def upload(kind: bytes = b"0A", number: int = 1) -> bytes:
    name = block_name(kind, number, b"A")
    return job(b"\x1d\0\0\0\0\0\0\0" + bytes((len(name),)) + name)


def user_data(
    group: int, function: int, data: bytes = b"\x0a\0\0\0", *, kind: int = 4, error: int = 0
) -> bytes:
    """`kind` 4 asks, 8 answers, 0 pushes."""
    method = 0x11 if kind == 4 else 0x12
    tail = b"" if kind == 4 else struct.pack(">BBH", 0, 0, error)
    parameters = b"\0\x01\x12" + bytes((4 + len(tail), method, kind << 4 | group, function, 0)) + tail
    return dt(struct.pack(">BBHHHH", 0x32, 7, 0, 5, len(parameters), len(data)) + parameters + data)


def plus_items(*blocks: int) -> bytes:
    """The addresses of the first variable of data blocks, behind the link of an S7comm-plus request."""
    items = b"".join(b"\0\x88\xd0\xb8\x80" + bytes((block,)) + b"\x02\x93\x76\x0a" for block in blocks)
    return bytes((len(blocks), 5 * len(blocks))) + items


def plus(function: int, object_id: int = 0, opcode: int = 0x31, tail: bytes = b"") -> bytes:
    """An S7comm-plus PDU of version 2."""
    body = struct.pack(">BHHHH", opcode, 0, function, 0, 1)
    if opcode == 0x31:
        body += struct.pack(">IBI", 0x70000000, 0x34, object_id)
    body += tail
    return dt(struct.pack(">BBH", 0x72, 2, len(body)) + body + b"\x72\x02\0\0")
