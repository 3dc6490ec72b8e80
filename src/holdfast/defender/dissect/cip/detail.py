"""What inventory and detection need of particular CIP services: identities, connections, tag values, PCCC."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.cip.names import CONNECTION_MANAGER
from holdfast.defender.dissect.cip.path import Path, parse_path
from holdfast.defender.dissect.decoding import text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.tables import names
from holdfast.defender.record import Fields

IDENTITY: Final = 0x01
_PCCC_CLASS: Final = 0x67
_PROGRAM_NAME_CLASS: Final = 0x64
_GET_ALL, _PCCC, _READ, _WRITE = 0x01, 0x4B, 0x4C, 0x4D
_READ_FRAGMENT, _WRITE_FRAGMENT = 0x52, 0x53
_FORWARD_OPEN, _LARGE_FORWARD_OPEN, _FORWARD_CLOSE = 0x54, 0x5B, 0x4E


def request(service: int, path: Path, octets: bytes, fields: Fields) -> None:
    """Add what the data of a request tells."""
    reader = Reader(octets)
    if path.class_id == CONNECTION_MANAGER:
        if service in (_FORWARD_OPEN, _LARGE_FORWARD_OPEN):
            _forward_open(reader, service == _LARGE_FORWARD_OPEN, fields)
        elif service == _FORWARD_CLOSE:
            reader.skip(2)
            fields["connection_serial_number"], fields["originator_vendor_id"] = (
                reader.u16_little(),
                reader.u16_little(),
            )
            fields["originator_serial_number"] = f"0x{reader.u32_little():08x}"
    elif service == _PCCC and path.class_id == _PCCC_CLASS:
        _pccc(reader, fields, asked=True)
    elif service in (_READ, _READ_FRAGMENT) and reader.left >= 2:
        fields["element_count"] = reader.u16_little()
    elif service in (_WRITE, _WRITE_FRAGMENT) and reader.left >= 4:
        fields["data_type"], fields["element_count"] = f"0x{reader.u16_little():04x}", reader.u16_little()
        fields["data"] = reader.rest().hex()
    elif octets:
        fields["data"] = octets.hex()


def response(service: int, path: Path, octets: bytes, fields: Fields) -> None:
    """Add what the data of a successful response tells."""
    reader = Reader(octets)
    if service == _GET_ALL and path.class_id == IDENTITY:
        fields["identity"] = identity_attributes(reader)
    elif path.class_id == CONNECTION_MANAGER and service in (_FORWARD_OPEN, _LARGE_FORWARD_OPEN):
        fields["o_to_t_connection_id"] = f"0x{reader.u32_little():08x}"
        fields["t_to_o_connection_id"] = f"0x{reader.u32_little():08x}"
        fields["connection_serial_number"] = reader.u16_little()
    elif service == _PCCC and path.class_id == _PCCC_CLASS:
        _pccc(reader, fields, asked=False)
    elif service == _GET_ALL and path.class_id == _PROGRAM_NAME_CLASS:
        fields["program_name"] = text(reader.take(reader.u16_little()))
    elif octets:
        fields["data"] = octets.hex()


def identity_attributes(reader: Reader) -> Fields:
    """Attributes 1 to 7 of the Identity object (volume 1, section 5-2), by ICSNPP's names."""
    vendor, device_type, product = reader.u16_little(), reader.u16_little(), reader.u16_little()
    revision = f"{reader.u8()}.{reader.u8()}"
    status, serial = reader.u16_little(), reader.u32_little()
    return {
        "vendor_id": vendor,
        "vendor_name": names("cip_vendors").get(vendor, f"Unknown Vendor-0x{vendor:02x}"),
        "device_type_id": device_type,
        "device_type_name": names("cip_device_types").get(device_type, f"Unknown Device-0x{device_type:02x}"),
        "product_code": product,
        "revision": revision,
        "device_status": f"0x{status:04x}",
        "serial_number": f"0x{serial:08x}",
        "product_name": text(reader.take(reader.u8())),
    }


def _forward_open(reader: Reader, large: bool, fields: Fields) -> None:
    """Volume 1, section 3-5.5.2: both directions' identifiers, intervals and sizes, and the application's
    path."""
    reader.skip(2)
    fields["o_to_t_connection_id"] = f"0x{reader.u32_little():08x}"
    fields["t_to_o_connection_id"] = f"0x{reader.u32_little():08x}"
    fields["connection_serial_number"], fields["originator_vendor_id"] = (
        reader.u16_little(),
        reader.u16_little(),
    )
    fields["originator_serial_number"] = f"0x{reader.u32_little():08x}"
    reader.skip(4)
    width = 4 if large else 2
    for direction in ("o_to_t", "t_to_o"):
        fields[f"{direction}_interval_us"] = reader.u32_little()
        fields[f"{direction}_size"] = reader.unsigned_little(width) & (0xFFFF if large else 0x01FF)
    fields["transport_class"] = reader.u8() & 0x0F
    path = parse_path(reader.take(reader.u8() * 2))
    fields["connection_class_id"], fields["connection_instance_id"] = path.class_id, path.instance_id
    fields["connection_points"] = list(path.connection_points)
    fields["route"] = [f"{port}/{link}" for port, link in path.ports]


def _pccc(reader: Reader, fields: Fields, *, asked: bool) -> None:
    """DF1 commands in CIP (Rockwell 1770-RM516): requestor, command, status, transaction, function."""
    length = reader.u8()
    reader.skip(max(length - 1, 0))
    fields["pccc_command"], fields["pccc_status"] = f"0x{reader.u8() & 0x0F:02x}", f"0x{reader.u8():02x}"
    fields["pccc_transaction"] = reader.u16_little()
    if asked and reader.left:
        fields["pccc_function"] = f"0x{reader.u8():02x}"
