"""SMB messages on NetBIOS sessions, and DCE/RPC in TCP."""

import struct
import uuid

LOGON_FAILURE = 0xC000006D


def session(message: bytes) -> bytes:
    return struct.pack(">I", len(message)) + message


def smb2(command: int, body: bytes, *, status: int = 0, answer: bool = False, message: int = 1) -> bytes:
    head = b"\xfeSMB" + struct.pack(
        "<HHIHHIIQIIQ", 64, 0, status, command, 1, int(answer), 0, message, 0, 1, 1
    )
    return session(head + bytes(16) + body)


def ntlm_authenticate(user: str, domain: str = "PLANT") -> bytes:
    """An NTLM message of type 3."""
    texts = [b"", b"", domain.encode("utf-16-le"), user.encode("utf-16-le"), "PC".encode("utf-16-le"), b""]
    offset, fields, payload = 64, b"", b""
    for text in texts:
        fields += struct.pack("<HHI", len(text), len(text), offset + len(payload))
        payload += text
    return b"NTLMSSP\0" + struct.pack("<I", 3) + fields + struct.pack("<I", 0x00000201) + payload


def sign_in(user: str, message: int = 1) -> bytes:
    token = ntlm_authenticate(user)
    body = struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token
    return smb2(1, body, message=message)


def signed_in(status: int = 0, message: int = 1) -> bytes:
    return smb2(1, struct.pack("<HHHH", 9, 0, 72, 0), status=status, answer=True, message=message)


def tree_connect(path: str) -> bytes:
    name = path.encode("utf-16-le")
    return smb2(3, struct.pack("<HHHH", 9, 0, 72, len(name)) + name, message=2)


def tree_connected() -> bytes:
    return smb2(3, struct.pack("<HBBIII", 16, 1, 0, 0, 0, 0x1F01FF), answer=True, message=2)


def create(name: str) -> bytes:
    text = name.encode("utf-16-le")
    body = struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 0x120196, 0, 7, 5, 0x40, 120, len(text), 0, 0)
    return smb2(5, body + text, message=3)


def smb1(
    command: int, words: bytes, octets: bytes, *, answer: bool = False, multiplex: int = 65, status: int = 0
) -> bytes:
    head = b"\xffSMB" + struct.pack("<BIBH", command, status, 0x98 if answer else 0x18, 0xC807)
    head += bytes(12) + struct.pack("<HHHH", 1, 1, 1, multiplex)
    return session(head + bytes((len(words) // 2,)) + words + struct.pack("<H", len(octets)) + octets)


def transaction2(subcommand: int) -> bytes:
    words = struct.pack(
        "<HHHHBBHIHHHHHBBH", 12, 0, 1, 0, 0, 0, 0, 0x00A6D9A4, 0, 12, 66, 0, 78, 1, 0, subcommand
    )
    return smb1(0x32, words, b"\0" + bytes(12))


def transaction2_answer(multiplex: int) -> bytes:
    return smb1(0x32, b"", b"", answer=True, multiplex=multiplex, status=0xC0000002)


def nt_transaction(total: int) -> bytes:
    words = struct.pack("<BHIIIIIIIIBH", 1, 0, 30, total, 30, 0, 30, 75, 976, 104, 0, 0)
    return smb1(0xA0, words, bytes(31))


def secondary() -> bytes:
    """A part of a transaction that another message began."""
    return smb1(0x33, struct.pack("<HHHHHHHHH", 0, 4096, 0, 0, 0, 4, 48, 0, 0), bytes(8))


SVCCTL, SRVSVC = "367abb81-9844-35f1-ad32-98f038001003", "4b324fc8-1670-01d3-1278-5a47bf6ee188"
ATSVC = "1ff70682-0a51-30e8-076d-740be8cee98b"
_NDR = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860").bytes_le + struct.pack("<I", 2)


def rpc(kind: int, body: bytes, call: int = 1) -> bytes:
    return struct.pack("<BBBBIHHI", 5, 0, kind, 3, 0x10, 16 + len(body), 0, call) + body


def bind(interface: str) -> bytes:
    context = struct.pack("<HBB", 0, 1, 0) + uuid.UUID(interface).bytes_le + struct.pack("<I", 2) + _NDR
    return rpc(11, struct.pack("<HHIB3x", 4280, 4280, 0, 1) + context)


BOUND = rpc(12, struct.pack("<HHIH", 4280, 4280, 1, 4) + b"135\0" + struct.pack("<BxxxHH", 1, 0, 0) + _NDR)


def call(operation: int, number: int = 2) -> bytes:
    return rpc(0, struct.pack("<IHH", 8, 0, operation) + bytes(8), number)


def returned(number: int = 2) -> bytes:
    return rpc(2, struct.pack("<IHBB", 8, 0, 0, 0) + bytes(8), number)


def fault(number: int = 2) -> bytes:
    return rpc(3, struct.pack("<IHBBI", 0, 0, 0, 0, 5) + bytes(4), number)
