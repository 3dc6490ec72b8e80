"""Data of HART commands that identify a device or show its state, by ICSNPP's names (HCF_SPEC-127)."""

from __future__ import annotations

import struct
from collections.abc import Callable

from holdfast.defender.dissect.decoding import text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.tables import names
from holdfast.defender.record import Fields

DEVICE_STATUS = (
    "primary_variable_out_of_limits",
    "non_primary_variable_out_of_limits",
    "loop_current_saturated",
    "loop_current_fixed",
    "more_status_available",
    "cold_start",
    "configuration_changed",
    "device_malfunction",
)
"""Bits of the device status, least significant first."""

EXTENDED_STATUS = (
    "maintenance_required",
    "device_variable_alert",
    "critical_power_failure",
    "failure",
    "out_of_specification",
    "function_check",
)

_IDENTITY_FLAGS = (
    "multi_sensor_field_device",
    "eeprom_control",
    "protocol_bridge_device",
    "ieee_802_15_4_dsss_o_qpsk_modulation",
    "safehart_capable_field_device",
    "undefined_5",
    "c8_psk_capable_field_device",
    "c8_psk_in_multi_drop_only",
)


def command_name(number: int) -> str:
    """Of a command, as ICSNPP has it."""
    return names("hart_commands").get(number) or f"unknown-0x{number:x}"


def flags(octet: int, meanings: tuple[str, ...], prefix: str, fields: Fields) -> None:
    """Add a field a bit."""
    for position, name in enumerate(meanings):
        fields[f"{prefix}_{name}"] = bool(octet >> position & 1)


def read_command(number: int, response: bool, octets: bytes, fields: Fields) -> None:
    """Add what the data of a command tells, where it is known."""
    read = (_RESPONSES if response else _REQUESTS).get(number)
    if read is not None and octets:
        read(Reader(octets), fields)


def _float(reader: Reader) -> float:
    return float(struct.unpack(">f", reader.take(4))[0])


def packed_ascii(octets: bytes) -> str:
    """Six bits a character (HCF_SPEC-127, section 5.1.1)."""
    value = int.from_bytes(octets, "big")
    count = len(octets) * 8 // 6
    codes = [value >> 6 * (count - 1 - position) & 0x3F for position in range(count)]
    return "".join(chr(code if code & 0x20 else code | 0x40) for code in codes).rstrip()


def _identity(reader: Reader, fields: Fields) -> None:
    """Commands 0, 11 and 21: manufacturer, type, revisions, identifier."""
    prefix = "read_unique_identifier_response"
    reader.skip(1)
    fields[f"{prefix}_expanded_device_type_code"] = reader.u16()
    fields[f"{prefix}_minimum_preambles_master_slave"] = reader.u8()
    fields[f"{prefix}_hart_protocol_major_revision"] = reader.u8()
    fields[f"{prefix}_device_revision_level"] = reader.u8()
    fields[f"{prefix}_software_revision_level"] = reader.u8()
    fields["hardware_revision_level"] = reader.u8() >> 3
    flags(reader.u8(), _IDENTITY_FLAGS, f"{prefix}_flags", fields)
    fields[f"{prefix}_device_id"] = reader.unsigned(3)
    if reader.left < 10:
        return
    fields[f"{prefix}_number_preambles_slave_master"] = reader.u8()
    fields[f"{prefix}_last_device_variable_this"] = reader.u8()
    fields[f"{prefix}_configuration_change_counter"] = reader.u16()
    flags(reader.u8(), EXTENDED_STATUS, f"{prefix}_extended_field_device_status", fields)
    fields["manufacturer_identification_code"] = f"0x{reader.u16():04x}"
    fields["private_label_distributor_code"] = f"0x{reader.u16():04x}"
    fields["device_profile_code"] = reader.u8()


def _primary_variable(reader: Reader, fields: Fields) -> None:
    fields["primary_variable_units_code"] = reader.u8()
    fields["read_primary_variable_response_primary_variable"] = _float(reader)


def _loop_current(reader: Reader, fields: Fields) -> None:
    fields["read_loop_current_response_primary_variable_loop_current"] = _float(reader)
    fields["read_loop_current_response_primary_variable_percent_range"] = _float(reader)


def _dynamic_variables(reader: Reader, fields: Fields) -> None:
    prefix = "read_dynamic_variable_response"
    fields[f"{prefix}_primary_variable_loop_current"] = _float(reader)
    for name in ("primary", "secondary", "tertiary", "quaternary"):
        if reader.left < 5:
            return
        fields[f"{name}_variable_units_code"] = reader.u8()
        fields[f"{prefix}_{name}_variable"] = _float(reader)


def _polling_address(reader: Reader, fields: Fields) -> None:
    fields["write_polling_address_polling_address_device"] = reader.u8()


def _message(reader: Reader, fields: Fields) -> None:
    fields["message"] = packed_ascii(reader.take(24))


def _tag(reader: Reader, fields: Fields) -> None:
    fields["tag"], fields["descriptor"] = packed_ascii(reader.take(6)), packed_ascii(reader.take(12))
    day, month, year = reader.take(3)
    fields["date"] = f"{1900 + year:04d}-{month:02d}-{day:02d}"


def _final_assembly(reader: Reader, fields: Fields) -> None:
    fields["final_assembly_number"] = reader.unsigned(3)


def _long_tag(reader: Reader, fields: Fields) -> None:
    fields["long_tag"] = text(reader.take(32)).strip()


def _additional_status(reader: Reader, fields: Fields) -> None:
    fields["device_specific_status"] = reader.take(min(6, reader.left)).hex()
    if reader.left:
        flags(reader.u8(), EXTENDED_STATUS, "extended_field_device_status", fields)


_Read = Callable[[Reader, Fields], None]
_REQUESTS: dict[int, _Read] = {
    6: _polling_address,
    17: _message,
    18: _tag,
    19: _final_assembly,
    22: _long_tag,
}
_RESPONSES: dict[int, _Read] = {
    0: _identity,
    1: _primary_variable,
    2: _loop_current,
    3: _dynamic_variables,
    6: _polling_address,
    11: _identity,
    12: _message,
    13: _tag,
    16: _final_assembly,
    17: _message,
    18: _tag,
    19: _final_assembly,
    20: _long_tag,
    21: _identity,
    22: _long_tag,
    48: _additional_status,
}
