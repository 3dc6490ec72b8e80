"""Data of HART's universal commands, by ICSNPP's names (HCF_SPEC-127).

A layout is what stands in the data one behind the other: a name, and how to read it. Fields are named after
their command, so that they can be told apart in one record. Units, manufacturers, device types and
classifications are numbers of the common tables (HCF_SPEC-183).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from holdfast.defender.dissect.decoding import text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.tables import names
from holdfast.defender.record import Fields

DEVICE_STATUS: Final = (
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

EXTENDED_STATUS: Final = (
    "maintenance_required",
    "device_variable_alert",
    "critical_power_failure",
    "failure",
    "out_of_specification",
    "function_check",
)


def command_name(number: int) -> str:
    """Of a command, as ICSNPP has it."""
    return names("hart_commands").get(number) or f"unknown-0x{number:x}"


def flags(octet: int, meanings: tuple[str, ...], prefix: str, fields: Fields) -> None:
    """Add a field a bit, and one for the bits without a meaning."""
    for position, name in enumerate(meanings):
        fields[f"{prefix}_{name}"] = bool(octet >> position & 1)
    if len(meanings) < 8:
        fields[f"{prefix}_undefined_bits"] = octet >> len(meanings)


def packed_ascii(octets: bytes) -> str:
    """Six bits a character (HCF_SPEC-127, section 5.1.1)."""
    value = int.from_bytes(octets, "big")
    count = len(octets) * 8 // 6
    codes = [value >> 6 * (count - 1 - position) & 0x3F for position in range(count)]
    return "".join(chr(code if code & 0x20 else code | 0x40) for code in codes).rstrip()


_Read = Callable[[Reader], Any]  # Any: whatever a field may be
_Flags = tuple[str, ...]
_Layout = tuple[tuple[str, _Read | _Flags], ...]


def _u24(reader: Reader) -> int:
    return reader.unsigned(3)


def _float(reader: Reader) -> float:
    return float(struct.unpack(">f", reader.take(4))[0])


def _packed(count: int) -> _Read:
    return lambda reader: packed_ascii(reader.take(count))


def _latin(reader: Reader) -> str:
    return text(reader.take(32)).strip()


def _octets(count: int) -> _Read:
    return lambda reader: reader.take(min(count, reader.left)).hex()


def _date(reader: Reader) -> str:
    day, month, year = reader.take(3)
    return f"{1900 + year:04d}-{month:02d}-{day:02d}"


def _one_of(meanings: dict[int, str]) -> _Read:
    def read(reader: Reader) -> str:
        number = reader.u8()
        return meanings.get(number) or f"unknown-0x{number:x}"

    return read


_SPECIAL_CODES: Final = {250: "Not Used", 251: "None", 252: "Unknown", 253: "Special"}
_LOOP_MODE: Final = _one_of({0: "Disabled", 1: "Enabled"})
_ALARM: Final = _one_of({0: "High", 1: "Low", 239: "Hold Last Output Value"} | _SPECIAL_CODES)
_TRANSFER: Final = _one_of({0: "Linear", 1: "Square Root", 4: "Special Curve", 5: "Square"} | _SPECIAL_CODES)
_PROTECTION: Final = _one_of({0: "No", 1: "Yes"} | _SPECIAL_CODES)
_QUALITIES: Final = ("Bad", "Poor Accuracy", "Manual / Fixed", "Good")
_LIMITS: Final = ("Not Limited", "Low Limited", "High Limited", "Constant")

_IDENTITY: Final[_Layout] = (
    ("_254", Reader.u8),
    ("expanded_device_type_code", Reader.u16),
    ("minimum_preambles_master_slave", Reader.u8),
    ("hart_protocol_major_revision", Reader.u8),
    ("device_revision_level", Reader.u8),
    ("software_revision_level", Reader.u8),
    (
        "hardware_revision_level_and_physical_signaling_codes_hardware_revision_level",
        lambda reader: reader.u8() >> 3,
    ),
    (
        "flags",
        (
            "multi_sensor_field_device",
            "eeprom_control",
            "protocol_bridge_device",
            "ieee_802_15_4_dsss_o_qpsk_modulation",
            "safehart_capable_field_device",
            "undefined_5",
            "c8_psk_capable_field_device",
            "c8_psk_in_multi_drop_only",
        ),
    ),
    ("device_id", _u24),
    ("number_preambles_slave_master", Reader.u8),
    ("last_device_variable_this", Reader.u8),
    ("configuration_change_counter", Reader.u16),
    ("extended_field_device_status", EXTENDED_STATUS),
    ("manufacturer_code", Reader.u16),
    ("private_label_distributor", Reader.u16),
    ("device_profile_code", Reader.u8),
)
_LOOP_CONFIGURATION: Final[_Layout] = (
    ("polling_address_device", Reader.u8),
    ("loop_current_mode", _LOOP_MODE),
)
_DYNAMIC_VARIABLES: Final[_Layout] = (
    ("primary_variable_loop_current", _float),
    ("primary_variable_units_code", Reader.u8),
    ("primary_variable", _float),
    ("secondary_variable_units_code", Reader.u8),
    ("secondary_variable", _float),
    ("tertiary_variable_units_code", Reader.u8),
    ("tertiary_variable", _float),
    ("quaternary_variable_units_code", Reader.u8),
    ("quaternary_variable", _float),
)
_CLASSIFICATIONS: Final[_Layout] = tuple(
    (f"{name}_variable_classification_code", Reader.u8)
    for name in ("primary", "secondary", "tertiary", "quaternary")
)
_TRANSDUCER: Final[_Layout] = (
    ("p_v_transducer_serial_number", _u24),
    ("p_v_transducer_limits_units_code", Reader.u8),
    ("p_v_upper_transducer_limit", _float),
    ("p_v_lower_transducer_limit", _float),
    ("p_v_minimum_span", _float),
)
_DEVICE_INFORMATION: Final[_Layout] = (
    ("p_v_alarm_selection_code", _ALARM),
    ("p_v_transfer_function_code", _TRANSFER),
    ("p_v_range_units_code", Reader.u8),
    ("p_v_upper_range_value", _float),
    ("p_v_lower_range_value", _float),
    ("p_v_damping_value", _float),
    ("write_protect_code", _PROTECTION),
    ("_250", Reader.u8),
    ("p_v_analog_channel_flags", ("analog_channel",)),
)
_ADDITIONAL_STATUS: Final[_Layout] = (
    ("device_specific_status_0", _octets(6)),
    ("extended_field_device_status", EXTENDED_STATUS),
    ("device_operating_mode_code", Reader.u8),
    (
        "standardized_status0",
        (
            "device_variable_simulation_active",
            "non_volatile_memory_defect",
            "volatile_memory_defect",
            "watchdog_reset_executed",
            "power_supply_conditions_out_of_range",
            "environmental_conditions_out_of_range",
            "electronic_defect",
            "device_configuration_lock",
        ),
    ),
    (
        "standardized_status1",
        (
            "status_simulation_active",
            "discrete_variable_simulation_active",
            "event_notification_overflow",
            "battery_or_power_supply_needs_maintenance",
            "reserved",
        ),
    ),
    (
        "analog_channel_saturated",
        ("secondary_analog", "tertiary_analog", "quaternary_analog", "quinary_analog"),
    ),
    (
        "standardized_status2",
        (
            "sub_device_list_changed",
            "duplicate_master_detected",
            "sub_device_mismatch",
            "sub_device_with_duplicate_id",
            "stale_data_notice",
        ),
    ),
    (
        "standardized_status3",
        (
            "capacity_denied",
            "reserved",
            "bandwidth_allocation_pending",
            "block_transfer_pending",
            "radio_failure",
        ),
    ),
    ("analog_channel", ("analog_channel",)),
    ("device_specific_status_1", _octets(11)),
)


def _tag(descriptor: str) -> _Layout:
    return (("tag", _packed(6)), (descriptor, _packed(12)), ("date", _date))


_WRITTEN: Final[dict[int, tuple[str, _Layout]]] = {
    6: ("write_polling_address", _LOOP_CONFIGURATION),
    17: ("write_message", (("message_string", _packed(24)),)),
    18: ("write_tag_descriptor_date", _tag("record_keeping_descriptor")),
    19: ("write_final_assembly_number", (("final_assembly_number", _u24),)),
    22: ("write_long_tag", (("long_tag", _latin),)),
    38: ("reset_configuration_changed_flag", (("configuration_change_counter", Reader.u16),)),
    48: ("read_additional_device_status_contents", _ADDITIONAL_STATUS),
}
"""Commands whose responses repeat the data of the request."""

_REQUESTS: Final[dict[int, tuple[str, _Layout]]] = _WRITTEN | {
    9: (
        "read_device_variable_request",
        tuple((f"slot{slot}_device_variable_code", Reader.u8) for slot in range(8)),
    ),
    11: ("read_unique_identifier_tag_request", (("tag", _packed(6)),)),
    21: ("read_unique_identifier_long_tag_request", (("long_tag", _latin),)),
}

_RESPONSES: Final[dict[int, tuple[str, _Layout]]] = _WRITTEN | {
    0: ("read_unique_identifier_response", _IDENTITY),
    1: (
        "read_primary_variable_response",
        (("primary_variable_units_code", Reader.u8), ("primary_variable", _float)),
    ),
    2: (
        "read_loop_current_response",
        (("primary_variable_loop_current", _float), ("primary_variable_percent_range", _float)),
    ),
    3: ("read_dynamic_variable_response", _DYNAMIC_VARIABLES),
    7: ("read_loop_configuration_response", _LOOP_CONFIGURATION),
    8: ("read_dynamic_variable_classifications_response", _CLASSIFICATIONS),
    11: ("read_unique_identifier_tag_response", _IDENTITY),
    12: ("read_message_response", (("message", _packed(24)),)),
    13: ("read_tag_response", _tag("descriptor")),
    14: ("read_primary_variable_transducer_information_response", _TRANSDUCER),
    15: ("read_device_information_response", _DEVICE_INFORMATION),
    16: ("read_final_assembly_number_response", (("final_assembly_number", _u24),)),
    20: ("read_long_tag_response", (("long_tag", _latin),)),
    21: ("read_unique_identifier_long_tag_response", _IDENTITY),
}

_READ_DEVICE_VARIABLES: Final = 9
_SLOT: Final = 8
"""Bytes of a device variable in a response."""


def read_command(number: int, response: bool, octets: bytes, fields: Fields) -> None:
    """Add what the data of a command tells, where it is known; it may end behind any of its parts."""
    reader = Reader(octets)
    if response and number == _READ_DEVICE_VARIABLES and octets:
        _device_variables("read_device_variable_response", reader, fields)
        return
    prefix, layout = (_RESPONSES if response else _REQUESTS).get(number, ("", ()))
    for name, read in layout:
        if not reader.left:
            return
        if isinstance(read, tuple):
            flags(reader.u8(), read, f"{prefix}_{name}", fields)
        else:
            fields[f"{prefix}_{name}"] = read(reader)


def _device_variables(prefix: str, reader: Reader, fields: Fields) -> None:
    """Section 6.10: the extended status, up to eight variables, and the time of the first one in 1/32 ms."""
    flags(reader.u8(), EXTENDED_STATUS, f"{prefix}_extended_field_device_status", fields)
    for number in range(reader.left // _SLOT):
        slot = f"{prefix}_slot{number}"
        fields[f"{slot}_device_variable_code"] = reader.u8()
        fields[f"{slot}_device_variable_class_code"] = reader.u8()
        fields[f"{slot}_device_variable_units_code"] = reader.u8()
        fields[f"{slot}_device_variable"] = _float(reader)
        status, slot = reader.u8(), f"{slot}_device_variable_status"
        fields[f"{slot}_process_data_status"] = _QUALITIES[status >> 6]
        fields[f"{slot}_limit_status"] = _LIMITS[status >> 4 & 3]
        fields[f"{slot}_more_device_variable_status_available"] = bool(status & 8)
        fields[f"{slot}_device_family_specific_status"] = status & 7
    if reader.left >= 4:
        fields[f"{prefix}_slot0_time"] = reader.u32()
