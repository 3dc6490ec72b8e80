"""PROFINET DCP: who is there, what is its name and address, and setting them (IEC 61158-6-10, section 4.3).

Key: (service, service type, options and sub-options of the blocks).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, MalformedError
from holdfast.defender.flows.addresses import ip_text
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Fields, Record, Role

NAME: Final = "pn_dcp"
SERVICES: Final = {3: "Get", 4: "Set", 5: "Identify", 6: "Hello"}
_GET, _SET, _IDENTIFY, _HELLO = 3, 4, 5, 6
_REQUEST, _RESPONSE = 0, 1
_CONTROL, _CONTROL_RESPONSE = 5, 4
_HEADER_LENGTH: Final = 10
_MAXIMUM_BLOCKS: Final = 64

BLOCKS: Final = {
    (1, 1): "mac_address",
    (1, 2): "ip_parameter",
    (1, 3): "full_ip_suite",
    (2, 1): "type_of_station",
    (2, 2): "name_of_station",
    (2, 3): "device_id",
    (2, 4): "device_role",
    (2, 5): "device_options",
    (2, 6): "alias_name",
    (2, 7): "device_instance",
    (2, 8): "oem_device_id",
    (2, 9): "standard_gateway",
    (3, 12): "dhcp_host_name",
    (5, 1): "start_transaction",
    (5, 2): "end_transaction",
    (5, 3): "signal",
    (5, 4): "response",
    (5, 5): "factory_reset",
    (5, 6): "reset_to_factory",
    (6, 1): "device_initiative",
    (255, 255): "all",
}
"""Options and sub-options."""

ERRORS: Final = {
    0: "ok",
    1: "option unsupported",
    2: "suboption unsupported or no dataset available",
    3: "suboption not set",
    4: "resource error",
    5: "set not possible by local reasons",
    6: "in operation, set not possible",
}
_ROLES: Final = {0x01: "IO-Device", 0x02: "IO-Controller", 0x04: "IO-Multidevice", 0x08: "PN-Supervisor"}


def record(identifier: int, body: bytes, frame: int, time: int, direction: Direction) -> Record:
    """The record of a DCP frame; `body` begins behind the frame identifier. Raises `MalformedError`."""
    if len(body) < _HEADER_LENGTH:
        raise MalformedError(TRUNCATED, "A DCP header has 10 bytes.", 2)
    service, sort = body[0], body[1]
    blocks = _blocks(body)
    kind = SERVICES.get(service) or f"unknown-{service}"
    role = Role.REQUEST
    if service == _HELLO:
        role = Role.NOTICE
    elif sort != _REQUEST:
        refused = any(octets[2] for option, octets in blocks if _answers_control(option, octets))
        role = Role.FAILURE if sort != _RESPONSE or refused else Role.RESPONSE
    key = (service, sort, tuple(option for option, _ in blocks))
    return Record(frame, time, direction, NAME, kind, role, key, (identifier, body, blocks), _fields)


def _answers_control(option: tuple[int, int], octets: bytes) -> bool:
    return option == (_CONTROL, _CONTROL_RESPONSE) and len(octets) >= 3


def _blocks(body: bytes) -> list[tuple[tuple[int, int], bytes]]:
    """Option, sub-option and content of each block; a Get request only names options."""
    reader = Reader(body, 8)
    reader = Reader(body, 10, min(10 + reader.u16(), len(body)))
    found: list[tuple[tuple[int, int], bytes]] = []
    names_only = body[0] == _GET and body[1] == _REQUEST
    while reader.left >= 2 and len(found) < _MAXIMUM_BLOCKS:
        option = (reader.u8(), reader.u8())
        if names_only:
            found.append((option, b""))
            continue
        length = reader.u16()
        found.append((option, reader.take(length)))
        reader.skip(min(length & 1, reader.left))
    return found


def _ip(octets: bytes, fields: Fields) -> None:
    if len(octets) >= 12:
        fields["ip_address"], fields["subnet_mask"] = ip_text(octets[:4]), ip_text(octets[4:8])
        fields["gateway"] = ip_text(octets[8:12])


def _device_id(octets: bytes, fields: Fields) -> None:
    if len(octets) >= 4:
        fields["vendor_id"] = f"0x{octets[0] << 8 | octets[1]:04x}"
        fields["device_id"] = f"0x{octets[2] << 8 | octets[3]:04x}"


def _role(octets: bytes, fields: Fields) -> None:
    if octets:
        fields["device_role"] = [name for bit, name in _ROLES.items() if octets[0] & bit]


def _named(name: str) -> Callable[[bytes, Fields], None]:
    def read(octets: bytes, fields: Fields) -> None:
        fields[name] = text(octets)

    return read


_READERS: Final[dict[tuple[int, int], Callable[[bytes, Fields], None]]] = {
    (1, 2): _ip,
    (1, 3): _ip,
    (2, 1): _named("type_of_station"),
    (2, 2): _named("name_of_station"),
    (2, 3): _device_id,
    (2, 4): _role,
    (2, 6): _named("alias_name"),
}


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    identifier, body, blocks = record.body
    service, sort = body[0], body[1]
    fields |= {
        "frame_id": f"0x{identifier:04x}",
        "service": record.kind,
        "service_type": "request" if sort == _REQUEST else "response",
        "success": sort in (_REQUEST, _RESPONSE),
        "xid": f"0x{int.from_bytes(body[2:6], 'big'):08x}",
        "blocks": [BLOCKS.get(option, f"{option[0]}/{option[1]}") for option, _ in blocks],
    }
    # All but the filters of Identify requests have two bytes of information or qualifier in front.
    skipped = 0 if service == _IDENTIFY and sort == _REQUEST else 2
    for option, octets in blocks:
        if _answers_control(option, octets):
            fields["answered"] = BLOCKS.get((octets[0], octets[1]), f"{octets[0]}/{octets[1]}")
            fields["error"] = ERRORS.get(octets[2], f"unknown-{octets[2]}")
        elif option in _READERS:
            _READERS[option](octets[skipped:], fields)
