"""BACnet/IP messages."""

import struct

ANALOG_INPUT, DEVICE, FILE, PROGRAM = 0, 8, 10, 16
PRESENT_VALUE, FIRMWARE, PROGRAM_CHANGE = 85, 44, 90


def virtual(npdu: bytes, function: int = 0x0A) -> bytes:
    return struct.pack(">BBH", 0x81, function, 4 + len(npdu)) + npdu


def local(apdu: bytes) -> bytes:
    return virtual(b"\x01\x04" + apdu)


def routed(apdu: bytes, network: int) -> bytes:
    """To a device of another BACnet network."""
    return virtual(struct.pack(">BBHBBB", 1, 0x24, network, 1, 5, 255) + apdu)


def identifier(kind: int, instance: int) -> bytes:
    return struct.pack(">I", kind << 22 | instance)


def confirmed(service: int, data: bytes = b"", invoke: int = 1) -> bytes:
    return bytes((0x00, 0x05, invoke, service)) + data


def read(kind: int, instance: int, property_id: int) -> bytes:
    return confirmed(12, b"\x0c" + identifier(kind, instance) + bytes((0x19, property_id)))


def value(kind: int, instance: int, property_id: int, text: str) -> bytes:
    """The answer to `read` with a character string."""
    encoded = b"\0" + text.encode()
    tag = bytes((0x75, len(encoded)))
    data = (
        b"\x0c" + identifier(kind, instance) + bytes((0x19, property_id)) + b"\x3e" + tag + encoded + b"\x3f"
    )
    return bytes((0x30, 1, 12)) + data


def write(kind: int, instance: int, property_id: int) -> bytes:
    data = b"\x0c" + identifier(kind, instance) + bytes((0x19, property_id)) + b"\x3e\x91\x01\x3f"
    return confirmed(15, data)


def simple_ack(service: int) -> bytes:
    return bytes((0x20, 1, service))


def error(service: int, code: int = 32) -> bytes:
    return bytes((0x50, 1, service, 0x91, 2, 0x91, code))


def reject(reason: int = 9) -> bytes:
    return bytes((0x60, 1, reason))
