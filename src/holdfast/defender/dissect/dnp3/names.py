"""Names of DNP3's numbers: functions and objects as Zeek and ICSNPP give them, indications as Suricata
does."""

from typing import Final

FUNCTIONS: Final = {
    0x00: "CONFIRM",
    0x01: "READ",
    0x02: "WRITE",
    0x03: "SELECT",
    0x04: "OPERATE",
    0x05: "DIRECT_OPERATE",
    0x06: "DIRECT_OPERATE_NR",
    0x07: "IMMED_FREEZE",
    0x08: "IMMED_FREEZE_NR",
    0x09: "FREEZE_CLEAR",
    0x0A: "FREEZE_CLEAR_NR",
    0x0B: "FREEZE_AT_TIME",
    0x0C: "FREEZE_AT_TIME_NR",
    0x0D: "COLD_RESTART",
    0x0E: "WARM_RESTART",
    0x0F: "INITIALIZE_DATA",
    0x10: "INITIALIZE_APPL",
    0x11: "START_APPL",
    0x12: "STOP_APPL",
    0x13: "SAVE_CONFIG",
    0x14: "ENABLE_UNSOLICITED",
    0x15: "DISABLE_UNSOLICITED",
    0x16: "ASSIGN_CLASS",
    0x17: "DELAY_MEASURE",
    0x18: "RECORD_CURRENT_TIME",
    0x19: "OPEN_FILE",
    0x1A: "CLOSE_FILE",
    0x1B: "DELETE_FILE",
    0x1C: "GET_FILE_INFO",
    0x1D: "AUTHENTICATE_FILE",
    0x1E: "ABORT_FILE",
    0x1F: "ACTIVATE_CONFIG",
    0x20: "AUTHENTICATE_REQ",
    0x21: "AUTHENTICATE_REQ_NR",
    0x81: "RESPONSE",
    0x82: "UNSOLICITED_RESPONSE",
    0x83: "AUTHENTICATE_RESP",
}

LINK_FUNCTIONS: Final = {
    # From the primary station (PRM set), then from the secondary: section 9.2.4.
    0x10: "RESET_LINK_STATES",
    0x11: "RESET_USER_PROCESS",
    0x12: "TEST_LINK_STATES",
    0x13: "CONFIRMED_USER_DATA",
    0x14: "UNCONFIRMED_USER_DATA",
    0x19: "REQUEST_LINK_STATUS",
    0x00: "ACK",
    0x01: "NACK",
    0x0B: "LINK_STATUS",
    0x0F: "NOT_SUPPORTED",
}
"""Link functions by PRM bit and code."""

INDICATIONS: Final = (
    "all_stations",
    "class_1_events",
    "class_2_events",
    "class_3_events",
    "need_time",
    "local_control",
    "device_trouble",
    "device_restart",
    "no_func_code_support",
    "object_unknown",
    "parameter_error",
    "event_buffer_overflow",
    "already_executing",
    "config_corrupt",
    "reserved_2",
    "reserved_1",
)
"""Internal indications: IIN1.0 to IIN1.7, then IIN2.0 to IIN2.7."""

TRIP_CODES: Final = {0: "Nul", 1: "Close", 2: "Trip"}
OPERATIONS: Final = {0: "Nul", 1: "Pulse On", 2: "Pulse Off", 3: "Latch On", 4: "Latch Off"}

CONTROL_STATUS: Final = {
    0x00: "Success",
    0x01: "Timeout",
    0x02: "No Select",
    0x03: "Format Error",
    0x04: "Not Supported",
    0x05: "Latch Off",
    0x06: "Already Active",
    0x07: "Hardware Error",
    0x08: "Too Many Objs",
    0x09: "Not Authorized",
    0x0A: "Automation Inhibit",
    0x0B: "Processing Limited",
    0x0C: "Out of Range",
    0x7E: "Non Participating",
    0x7F: "Undefined",
}

DEVICE_ATTRIBUTES: Final = {
    242: "firmware_version",
    243: "hardware_version",
    245: "location",
    246: "device_id",
    247: "device_name",
    248: "serial_number",
    250: "product_name",
    252: "vendor",
}
"""Variations of group 0 that identify a device (section A.1)."""
