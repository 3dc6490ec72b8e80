"""MMS, GOOSE and sampled values in BER."""

import struct

from tests.support.traffic.s7 import dt


def tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def number(tag: int, value: int) -> bytes:
    return tlv(tag, value.to_bytes(max(1, (value.bit_length() + 8) // 8), "big"))


def mms(pdu: bytes) -> bytes:
    """An MMS PDU in presentation, session, transport."""
    presented = tlv(0x61, tlv(0x30, number(0x02, 3) + tlv(0xA0, pdu)))
    return dt(b"\x01\0\x01\0" + presented)


def asked(service: bytes, invoke: int = 1) -> bytes:
    return mms(tlv(0xA0, number(0x02, invoke) + service))


def answered(service: bytes, invoke: int = 1) -> bytes:
    return mms(tlv(0xA1, number(0x02, invoke) + service))


def error(invoke: int = 1) -> bytes:
    """A confirmed error: access, object-non-existent."""
    return mms(tlv(0xA2, number(0x80, invoke) + tlv(0xA2, tlv(0xA0, number(0x87, 2)))))


STATUS, IDENTIFY = tlv(0x80, b"\0"), tlv(0x82, b"")


def status(logical: int, physical: int) -> bytes:
    return tlv(0xA0, number(0x80, logical) + number(0x81, physical))


def service(tag: int, content: bytes) -> bytes:
    """A service by its context tag; numbers from 31 on take a second octet."""
    if tag < 31:
        return tlv(0xA0 | tag, content)
    length = bytes((len(content),))
    return bytes((0xBF, tag)) + length + content


def named(tag: int, name: str) -> bytes:
    """A service that begins with the name of a domain or program invocation."""
    return service(tag, tlv(0x80, name.encode()))


def bare(tag: int, name: str) -> bytes:
    """A service whose only argument is a name."""
    if tag < 31:
        return tlv(0x80 | tag, name.encode())
    return bytes((0x9F, tag, len(name))) + name.encode()


def goose(
    reference: str = "IED1LD0/LLN0$GO$gcb1", dataset: str = "IED1LD0/LLN0$ds1", revision: int = 1, *,
    state: int = 1, sequence: int = 1, commissioning: bool = False, appid: int = 1,
) -> bytes:  # fmt: skip
    """A GOOSE PDU behind its header."""
    values = tlv(0x83, b"\x01") + tlv(0x83, b"\0")
    body = tlv(0x80, reference.encode()) + number(0x81, 4000) + tlv(0x82, dataset.encode())
    body += tlv(0x83, b"id") + tlv(0x84, bytes(8)) + number(0x85, state) + number(0x86, sequence)
    body += tlv(0x87, b"\0") + number(0x88, revision) + tlv(0x89, bytes((commissioning,)))
    body += number(0x8A, 2) + tlv(0xAB, values)
    pdu = tlv(0x61, body)
    return struct.pack(">HHHH", appid, 8 + len(pdu), 0, 0) + pdu


def sampled(identifier: str = "MU01", revision: int = 1, count: int = 1, appid: int = 0x4000) -> bytes:
    """A sampled-values PDU with one ASDU."""
    unit = tlv(0x80, identifier.encode()) + tlv(0x82, struct.pack(">H", count))
    unit += tlv(0x83, struct.pack(">I", revision)) + tlv(0x85, b"\x01") + tlv(0x87, bytes(64))
    pdu = tlv(0x60, number(0x80, 1) + tlv(0xA2, tlv(0x30, unit)))
    return struct.pack(">HHHH", appid, 8 + len(pdu), 0, 0) + pdu
