"""The logs of ICSNPP's HART-IP parser: its columns in their order, and our rows."""

from collections.abc import Iterator

from tests.defender.dissect.expected import Row, Seen
from tests.defender.dissect.icsnpp import ENDS, Log


def _hart(seen: Seen) -> Iterator[Row]:
    if seen.protocol == "hart_ip":
        yield {**seen.fields, "proto": seen.record.direction.flow.transport}


def _hart_direct(seen: Seen) -> Iterator[Row]:
    for row in _hart(seen):
        yield from ({"proto": row["proto"], **each} for each in row.get("commands") or ())


def _hart_sessions(seen: Seen) -> Iterator[Row]:
    for row in _hart(seen):
        yield from ({"proto": row["proto"], **each} for each in row.get("session_records") or ())


def _hart_universal(seen: Seen) -> Iterator[Row]:
    """One row a universal command that carries data, alone or in a Direct PDU."""
    for row in (*_hart(seen), *_hart_direct(seen)):
        told = {name: value for name, value in row.items() if name.startswith(("read_", "write_", "reset_"))}
        if told and "read_audit_log_start_record" not in told:
            yield {name: _six_places(value) for name, value in told.items()} | {"proto": row["proto"]}


def _six_places(value: object) -> object:
    """As Zeek prints a double."""
    if not isinstance(value, float) or value != value:
        return value
    whole, _, fraction = f"{value:.6f}".partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


_IDENTITY = (
    "_254 - minimum_preambles_master_slave hart_protocol_major_revision device_revision_level "
    "software_revision_level hardware_revision_level_and_physical_signaling_codes_hardware_revision_level - "
    "flags_c8_psk_in_multi_drop_only flags_c8_psk_capable_field_device flags_undefined_5 "
    "flags_safehart_capable_field_device flags_ieee_802_15_4_dsss_o_qpsk_modulation "
    "flags_protocol_bridge_device flags_eeprom_control flags_multi_sensor_field_device device_id "
    "number_preambles_slave_master last_device_variable_this configuration_change_counter"
)
EXTENDED_STATUS = (
    "undefined_bits",
    "function_check",
    "out_of_specification",
    "failure",
    "critical_power_failure",
    "device_variable_alert",
    "maintenance_required",
)
_SLOT = (
    "device_variable_code - - device_variable device_variable_status_process_data_status "
    "device_variable_status_limit_status device_variable_status_more_device_variable_status_available "
    "device_variable_status_device_family_specific_status"
)


def _named(prefix: str, names: str) -> str:
    return " ".join(name if name == "-" else f"{prefix}_{name}" for name in names.split())


def _extended(prefix: str) -> str:
    return " ".join(f"{prefix}_extended_field_device_status_{name}" for name in EXTENDED_STATUS)


def _identity(command: str) -> str:
    return f"{_named(command, _IDENTITY)} {_extended(command)} - - -"


_VARIABLES, _STATUS = "read_device_variable_response", "read_additional_device_status_contents"
UNIVERSAL = " ".join((
    _identity("read_unique_identifier_response"),
    _named("read_primary_variable_response", "- primary_variable"),
    _named("read_loop_current_response", "primary_variable_loop_current primary_variable_percent_range"),
    _named(
        "read_dynamic_variable_response",
        "primary_variable_loop_current - primary_variable - secondary_variable - tertiary_variable "
        "- quaternary_variable",
    ),
    _named("write_polling_address", "polling_address_device loop_current_mode"),
    _named("read_loop_configuration_response", "polling_address_device loop_current_mode"),
    "- - - -",
    *(f"read_device_variable_request_slot{slot}_device_variable_code" for slot in range(8)),
    _extended(_VARIABLES),
    *(_named(f"{_VARIABLES}_slot{slot}", _SLOT) for slot in range(8)),
    f"{_VARIABLES}_slot0_time read_unique_identifier_tag_request_tag",
    _identity("read_unique_identifier_tag_response"),
    "read_message_response_message read_tag_response_tag read_tag_response_descriptor -",
    _named(
        "read_primary_variable_transducer_information_response",
        "p_v_transducer_serial_number - p_v_upper_transducer_limit p_v_lower_transducer_limit "
        "p_v_minimum_span",
    ),
    _named(
        "read_device_information_response",
        "p_v_alarm_selection_code p_v_transfer_function_code - p_v_upper_range_value p_v_lower_range_value "
        "p_v_damping_value write_protect_code _250 p_v_analog_channel_flags_undefined_bits "
        "p_v_analog_channel_flags_analog_channel",
    ),
    "read_final_assembly_number_response_final_assembly_number write_message_message_string",
    _named("write_tag_descriptor_date", "tag record_keeping_descriptor -"),
    "write_final_assembly_number_final_assembly_number read_long_tag_response_long_tag",
    "read_unique_identifier_long_tag_request_long_tag",
    _identity("read_unique_identifier_long_tag_response"),
    "write_long_tag_long_tag reset_configuration_changed_flag_configuration_change_counter -",
    _extended(_STATUS),
    "-",
    _named(
        _STATUS,
        "standardized_status0_device_configuration_lock standardized_status0_electronic_defect "
        "standardized_status0_environmental_conditions_out_of_range "
        "standardized_status0_power_supply_conditions_out_of_range "
        "standardized_status0_watchdog_reset_executed standardized_status0_volatile_memory_defect "
        "standardized_status0_non_volatile_memory_defect "
        "standardized_status0_device_variable_simulation_active "
        "standardized_status1_undefined_bits standardized_status1_reserved "
        "standardized_status1_battery_or_power_supply_needs_maintenance "
        "standardized_status1_event_notification_overflow "
        "standardized_status1_discrete_variable_simulation_active "
        "standardized_status1_status_simulation_active "
        "analog_channel_saturated_undefined_bits analog_channel_saturated_quinary_analog "
        "analog_channel_saturated_quaternary_analog analog_channel_saturated_tertiary_analog "
        "analog_channel_saturated_secondary_analog "
        "standardized_status2_undefined_bits standardized_status2_stale_data_notice "
        "standardized_status2_sub_device_with_duplicate_id standardized_status2_sub_device_mismatch "
        "standardized_status2_duplicate_master_detected standardized_status2_sub_device_list_changed "
        "standardized_status3_undefined_bits standardized_status3_radio_failure "
        "standardized_status3_block_transfer_pending standardized_status3_bandwidth_allocation_pending "
        "standardized_status3_reserved standardized_status3_capacity_denied "
        "analog_channel_undefined_bits analog_channel_analog_channel -",
    ),
))  # fmt: skip
"""Columns of ICSNPP's log in its order; names of numbers, and dates in words, are not ours (`-`)."""
DIRECT = (
    "- direct_pdu_command_command_number direct_pdu_command_byte_count "
    "direct_pdu_contents_response_response_code"
)
SESSION = _named(
    "session_log_record",
    "client_i_pv4_address client_i_pv6_address client_port server_port - - "
    "session_status_summary_undefined_bits session_status_summary_insecure_session "
    "session_status_summary_session_timeout session_status_summary_aborted_session "
    "session_status_summary_bad_session_initialization session_status_summary_writes_occured "
    "start_configuration_change_count end_configuration_change_count num_publish_pdu num_request_pdu "
    "num_response_pdu",
)


def hart_logs() -> Iterator[Log]:
    status = [
        "device_malfunction",
        "configuration_changed",
        "cold_start",
        "more_status_available",
        "loop_current_fixed",
        "loop_current_saturated",
        "non_primary_variable_out_of_limits",
        "primary_variable_out_of_limits",
    ]
    server = [
        "undefined_bits",
        "insecure_syslog_connection",
        "syslog_server_located_but_connection_failed",
        "unable_to_locate_syslog_server",
    ]
    token, delimiter = "token_passing_pdu", "token_passing_pdu_delimiter"
    written_columns = (
        "proto message_packet_bytes header_version header_message_type_reserved "
        "header_message_type_message_type header_message_id header_status_code header_sequence_number "
        "header_length session_initiate_master_type session_initiate_inactivity_close_timer "
        f"{delimiter}_address_type {delimiter}_expansion_bytes {delimiter}_physical_layer_type "
        f"{delimiter}_frame_type {token}_address_v4 {token}_address_v6 {token}_command_number "
        f"{token}_byte_count {token}_check_byte {token}_contents_data_data "
        f"{token}_contents_response_response_code "
        + " ".join(f"{token}_contents_response_device_status_{name}" for name in status)
        + " "
        + " ".join(f"direct_pdu_device_status_{name}" for name in status)
        + " "
        + " ".join(f"direct_pdu_extended_status_{name}" for name in EXTENDED_STATUS)
        + " read_audit_log_start_record read_audit_log_number_of_records read_audit_log_power_up_time "
        "read_audit_log_last_security_change "
        + " ".join(f"read_audit_log_server_status_{name}" for name in server)
        + " read_audit_log_session_record_size"
    )
    compared = (
        name
        for name in written_columns.split()
        if not name.endswith(("address_v6", "data_data", "power_up_time", "security_change"))
    )
    columns, head = " ".join(compared), f"ts uid {ENDS} {written_columns}"
    for name, logs in (
        ("hart-ip.pcap", "hart_ip"),
        ("hart-ip_all_messageIDs.pcapng", "all_message_ids"),
        ("hart-ip_all_types_and_commands_sent.pcapng", "all_types_and_commands_sent"),
        ("hart-ip_publish_and_keepAlive.pcapng", "publish_and_keepAlive_messages"),
    ):
        capture, folder = f"hart-ip/traces/{name}", f"hart-ip/baseline/tests.{logs}"
        yield Log(capture, f"{folder}/hart_ip_general.log", columns, _hart, ENDS, head)
        for log, rows, written in (
            ("universal_commands", _hart_universal, UNIVERSAL),
            ("direct_pdu_command", _hart_direct, DIRECT),
            ("session_record", _hart_sessions, SESSION),
        ):
            shown = " ".join(name for name in written.split() if not name.startswith("-"))
            all_columns = f"ts uid {ENDS} proto {written}"
            yield Log(capture, f"{folder}/hart_ip_{log}.log", f"proto {shown}", rows, ENDS, all_columns)
