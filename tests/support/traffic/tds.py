"""Messages of SQL Server's protocol."""

import struct


def packet(kind: int, message: bytes) -> bytes:
    return struct.pack(">BBHHBB", kind, 1, 8 + len(message), 0, 1, 0) + message


def login(user: str, database: str = "history") -> bytes:
    texts = ["PC", user, "pw", "app", "sql", "", "lib", "", database]
    offset, table, payload = 94, b"", b""
    for text in texts:
        table += struct.pack("<HH", offset + len(payload), len(text))
        payload += text.encode("utf-16-le")
    table += bytes(6) + struct.pack("<HHHHHHI", offset, 0, offset, 0, offset, 0, 0)
    body = struct.pack("<IIIIIBBBBII", 0x74000004, 4096, 7, 1, 0, 0, 0, 0, 0, 0, 0) + table
    return packet(16, struct.pack("<I", 4 + len(body) + len(payload)) + body + payload)


def batch(statement: str) -> bytes:
    headers = struct.pack("<IIHQI", 22, 18, 2, 0, 1)
    return packet(1, headers + statement.encode("utf-16-le"))


def done() -> bytes:
    return packet(4, b"\xfd" + struct.pack("<HHQ", 0, 0, 0))


def error(number: int = 18456) -> bytes:
    text = "Login failed.".encode("utf-16-le")
    body = struct.pack("<IBBH", number, 1, 14, len(text) // 2) + text + b"\0\0" + struct.pack("<I", 1)
    return packet(4, b"\xaa" + struct.pack("<H", len(body)) + body)


def acknowledged() -> bytes:
    name = "SQL".encode("utf-16-le")
    body = b"\x01\x74\0\0\x04" + bytes((len(name) // 2,)) + name + b"\x0f\0\0\0"
    return packet(4, b"\xad" + struct.pack("<H", len(body)) + body)
