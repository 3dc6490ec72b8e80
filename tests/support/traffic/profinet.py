"""PROFINET frames behind the EtherType."""

import struct

ETHERTYPE = 0x8892
IP, NAME, FACTORY_RESET, RESPONSE = (1, 2), (2, 2), (5, 5), (5, 4)


def dcp(frame_id: int, service: int, sort: int, *blocks: tuple[tuple[int, int], bytes]) -> bytes:
    body = b""
    for (option, suboption), content in blocks:
        body += struct.pack(">BBH", option, suboption, len(content)) + content + b"\0" * (len(content) % 2)
    return struct.pack(">HBBIHH", frame_id, service, sort, 1, 0, len(body)) + body


def set_name(name: bytes = b"io-1") -> bytes:
    return dcp(0xFEFD, 4, 0, (NAME, b"\0\x01" + name))


def factory_reset() -> bytes:
    return dcp(0xFEFD, 4, 0, (FACTORY_RESET, b"\0\0"))


def set_answer(block: tuple[int, int] = NAME, error: int = 0) -> bytes:
    return dcp(0xFEFD, 4, 1, (RESPONSE, bytes((*block, error))))


def identify() -> bytes:
    return dcp(0xFEFE, 5, 0, ((255, 255), b""))


def identity(name: bytes = b"io-1") -> bytes:
    return dcp(0xFEFF, 5, 1, (NAME, b"\0\0" + name))


def cyclic(frame_id: int = 0xC002) -> bytes:
    return struct.pack(">H", frame_id) + bytes(40) + b"\0\x01\x35\0"


def alarm() -> bytes:
    return struct.pack(">H", 0xFE01) + struct.pack(">HHBBHHH", 1, 1, 0x14, 1, 0, 0, 0)


OBJECT = "DEA00000-6C97-11D1-8271-00010003015A"
DEVICE_INTERFACE = "DEA00001-6C97-11D1-8271-00A02442DF7D"


def uuid(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def rpc(operation: int, body: bytes = b"", *, kind: int = 0) -> bytes:
    """A connectionless DCE/RPC PDU, big endian; kind 0 asks, 2 answers."""
    head = bytes((4, kind, 0x20, 0, 0, 0, 0, 0)) + uuid(OBJECT) + uuid(DEVICE_INTERFACE) + bytes(16)
    head += struct.pack(">IIIHHHHHBB", 0, 1, 0, operation, 0xFFFF, 0xFFFF, len(body), 0, 0, 0)
    return head + body


def rpc_answer(operation: int, status: bytes = b"\0\0\0\0") -> bytes:
    return rpc(operation, status + bytes(16), kind=2)
