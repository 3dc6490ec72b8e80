"""Names of BACnet's numbers, as ICSNPP gives them; the long tables are in `tables`."""

from collections.abc import Sequence
from typing import Final

from holdfast.defender.dissect.tables import names

LINK_FUNCTIONS: Final = {
    0: "BVLC_Result",
    1: "Write_Broadcast_Table",
    2: "Read_Broadcast_Table",
    3: "Read_Broadcast_Table_ACK",
    4: "Forwarded_NPDU",
    5: "Register_Foreign_Device",
    6: "Read_Foreign_Device_Table",
    7: "Read_Foreign_Device_Table_ACK",
    8: "Delete_Foreign_Device_Table_Entry",
    9: "Distribute_Broadcast_to_Network",
    10: "Original_Unicast_NPDU",
    11: "Original_Broadcast_NPDU",
    12: "Secured_BVLL",
}

LINK_RESULTS: Final = {
    0x00: "Successful_completion",
    0x10: "Write-Broadcast-Distribution-Table_NAK",
    0x20: "Read-Broadcast-Distribution-Table_NAK",
    0x30: "Register-Foreign-Device_NAK",
    0x40: "Read-Foreign-Device-Table_NAK",
    0x50: "Delete-Foreign-Device-Table-Entry_NAK",
    0x60: "Distribute-Broadcast-To-Network_NAK",
}

NETWORK_MESSAGES: Final = {
    0x00: "who_is_router_to_network",
    0x01: "i_am_router_to_network",
    0x02: "i_could_be_router_to_network",
    0x03: "reject_message_to_network",
    0x04: "router_busy_to_network",
    0x05: "router_available_to_network",
    0x06: "initialize_routing_table",
    0x07: "initialize_routing_table_ack",
    0x08: "establish_connection_to_network",
    0x09: "disconnect_connection_to_network",
    0x12: "what_is_network_number",
    0x13: "network_number_is",
}

PDU_TYPES: Final = (
    "CONFIRMED_REQUEST",
    "UNCONFIRMED_REQUEST",
    "SIMPLE_ACK",
    "COMPLEX_ACK",
    "SEGMENT_ACK",
    "ERROR_PDU",
    "REJECT_PDU",
    "ABORT_PDU",
)

CONFIRMED_SERVICES: Final = dict(
    enumerate(
        [
            "acknowledge_alarm",
            "confirmed_cov_notification",
            "confirmed_event_notification",
            "get_alarm_summary",
            "get_enrollment_summary",
            "subscribe_cov",
            "atomic_read_file",
            "atomic_write_file",
            "add_list_element",
            "remove_list_element",
            "create_object",
            "delete_object",
            "read_property",
            "read_property_conditional",
            "read_property_multiple",
            "write_property",
            "write_property_multiple",
            "device_communication_control",
            "confirmed_private_transfer",
            "confirmed_text_message",
            "reinitialize_device",
            "vt_open",
            "vt_close",
            "vt_data",
            "authenticate",
            "request_key",
            "read_range",
            "life_safety_operation",
            "subscribe_cov_property",
            "get_event_information",
            "subscribe_cov_property_multiple",
            "confirmed_cov_notification_multiple",
            "confirmed_audit_notification",
            "audit_log_query",
        ]
    )
)

UNCONFIRMED_SERVICES: Final = dict(
    enumerate(
        [
            "i_am",
            "i_have",
            "unconfirmed_cov_notification",
            "unconfirmed_event_notification",
            "unconfirmed_private_transfer",
            "unconfirmed_text_message",
            "time_synchronization",
            "who_has",
            "who_is",
            "utc_time_synchronization",
            "write_group",
            "unconfirmed_cov_notification_multiple",
            "unconfirmed_audit_notification",
            "who_am_i",
            "you_are",
        ]
    )
)

ABORT_REASONS: Final = dict(
    enumerate(
        [
            "other",
            "buffer-overflow",
            "invalid-apdu-in-this-state",
            "preempted-by-higher-priority-task",
            "segmentation-not-supported",
            "security-error",
            "insufficient-security",
            "window-size-out-of-range",
            "application-exceeded-reply-time",
            "out-of-resources",
            "tsm-timeout",
            "apdu-too-long",
        ]
    )
)

REJECT_REASONS: Final = dict(
    enumerate(
        [
            "other",
            "buffer-overflow",
            "inconsistent-parameters",
            "invalid-parameter-data-type",
            "invalid-tag",
            "missing-required-parameter",
            "parameter-out-of-range",
            "too-many-arguments",
            "undefined-enumeration",
            "unrecognized-service",
        ]
    )
)

REINITIALIZED_STATES: Final = {
    0: "coldstart",
    1: "warmstart",
    2: "startbackup",
    3: "endbackup",
    4: "startrestore",
    5: "endrestore",
    6: "abortrestore",
    7: "activate-changes",
}
COMMUNICATION_STATES: Final = {0: "enable", 1: "disable", 2: "disable-initiation"}

EVENT_STATES: Final = ["normal", "fault", "offnormal", "high-limit", "low-limit", "life-safety-alarm"]
RELIABILITIES: Final = [
    "no-fault-detected",
    "no-sensor",
    "over-range",
    "under-range",
    "open-loop",
    "shorted-loop",
    "no-output",
    "unreliable-other",
    "process-error",
    "multi-state-fault",
    "configuration-error",
    "reserved-11",
    "communication-failure",
    "member-fault",
    "monitored-object-fault",
    "tripped",
    "lamp-failure",
    "activation-failure",
    "renew-dhcp-failure",
    "renew-fd-registration-failure",
    "restart-auto-negotiation-failure",
    "restart-failure",
    "proprietary-command-failure",
    "faults-listed",
    "referenced-object-fault",
]


def object_type_name(number: int) -> str:
    """Of an object type; those from 128 on are vendors' own."""
    return names("bacnet_objects").get(number) or f"Vendor Specific ({number})"


def property_name(number: int) -> str:
    """Of a property; those from 512 on are vendors' own."""
    return names("bacnet_properties").get(number) or f"Vendor Specific ({number})"


def enumerated(property_identifier: int, value: int) -> str | int:
    """The value of an enumerated property by name where ICSNPP has one, otherwise the number."""
    if property_identifier in _UNITS:
        return names("bacnet_units").get(value, value)
    if property_identifier == _OBJECT_TYPE:
        return object_type_name(value)
    table = _ENUMERATIONS.get(property_identifier, ())
    return table[value] if value < len(table) else value


_OBJECT_TYPE: Final = 79
_UNITS: Final = frozenset({20, 27, 50, 82, 94, 117})
_ENUMERATIONS: Final[dict[int, Sequence[str]]] = {
    36: EVENT_STATES,
    103: RELIABILITIES,
    107: ("segmented-both", "segmented-transmit", "segmented-receive", "no-segmentation"),
    112: (
        "operational",
        "operational-read-only",
        "download-required",
        "download-in-progress",
        "non-operational",
        "backup-in-progress",
    ),
}
