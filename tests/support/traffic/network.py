"""Messages of the protocols that keep a network going."""

import ipaddress
import struct

from tests.support.traffic.iec61850 import number, tlv

NXDOMAIN = 3


def question(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
    return labels + b"\0" + struct.pack(">HH", kind, 1)


def dns_query(name: str, identifier: int = 1) -> bytes:
    return struct.pack(">HHHHHH", identifier, 0x0100, 1, 0, 0, 0) + question(name)


def dns_answer(name: str, address: str = "", identifier: int = 1, code: int = 0) -> bytes:
    head = struct.pack(">HHHHHH", identifier, 0x8180 | code, 1, 1 if address else 0, 0, 0) + question(name)
    if not address:
        return head
    return head + b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + ipaddress.ip_address(address).packed


def dhcp(kind: int, mac: str, *, yours: str = "0.0.0.0", **options: bytes) -> bytes:
    """A message; options by number as `o12=b"host"`."""
    operation = 2 if kind in {2, 5, 6} else 1
    hardware = bytes.fromhex(mac.replace(":", ""))
    body = struct.pack(">BBBBIHH", operation, 1, 6, 0, 77, 0, 0) + bytes(4)
    body += ipaddress.ip_address(yours).packed + bytes(8) + hardware.ljust(16, b"\0") + bytes(192)
    body += b"\x63\x82\x53\x63" + bytes((53, 1, kind))
    for name, value in options.items():
        body += bytes((int(name[1:]), len(value))) + value
    return body + b"\xff"


def snmp(
    kind: int, community: str, oid: bytes = b"\x2b\x06\x01\x02\x01\x01\x01\x00", value: bytes = b"\x05\0"
) -> bytes:
    """A message of version 2c; kind 0 gets, 3 sets, 2 answers."""
    binding = tlv(0x30, tlv(0x30, tlv(0x06, oid) + value))
    pdu = tlv(0xA0 | kind, number(0x02, 1) + number(0x02, 0) + number(0x02, 0) + binding)
    return tlv(0x30, number(0x02, 1) + tlv(0x04, community.encode()) + pdu)


def lldp(name: str, port: str = "p1", address: str = "10.1.0.2", description: str = "") -> bytes:
    def field(kind: int, content: bytes) -> bytes:
        return struct.pack(">H", kind << 9 | len(content)) + content

    management = bytes((5, 1)) + ipaddress.ip_address(address).packed + b"\x02\0\0\0\x01\0"
    return (
        field(1, b"\x07" + name.encode())
        + field(2, b"\x07" + port.encode())
        + field(3, b"\0\x78")
        + field(5, name.encode())
        + field(6, description.encode())
        + field(7, b"\0\x04\0\x04")
        + field(8, management)
        + field(0, b"")
    )


def mqtt_connect(client: str, password: str = "wrong") -> bytes:
    def text(value: str) -> bytes:
        return struct.pack(">H", len(value)) + value.encode()

    body = text("MQTT") + b"\x04\xc2\0\x3c" + text(client) + text("user") + text(password)
    return bytes((0x10, len(body))) + body


def mqtt_connack(code: int) -> bytes:
    return bytes((0x20, 2, 0, code))
