"""Our records beside the logs that ICSNPP's parsers wrote for the same captures, column by column.

`docs/dissectors.md` gives the reason of every difference that is counted here.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.defender.dissect.expected import Row, Seen, differences, dissected, zeek_rows
from tests.defender.dissect.icsnpp import ENDS, HEAD, PLACES, Log, Rows, of, within
from tests.defender.dissect.icsnpp_hart import hart_logs
from tests.support.shared import SHARED_DATA

FOLDER = SHARED_DATA / "captures" / "icsnpp"
ZEEK_MASKED_TIME = "XXXXXXXXXX.XXXXXX"
"""What Zeek's own tests write in place of a time, so that their logs can be compared."""


def _dnp3_answers(seen: Seen) -> Iterator[Row]:
    if "fc_reply" in seen.fields:
        yield seen.fields


def _dnp3_objects(seen: Seen) -> Iterator[Row]:
    for row in within("dnp3", "objects")(seen):
        yield {**row, "object_count": row["object_count"] or None}


def _modbus(seen: Seen) -> Iterator[Row]:
    if seen.protocol == "modbus" and not seen.to_server:
        yield seen.fields


def _modbus_of(kind: str) -> Rows:
    """One row a message of one function, requests and responses alike."""

    def rows(seen: Seen) -> Iterator[Row]:
        if seen.protocol == "modbus" and seen.kind == kind:
            yield seen.fields

    return rows


def _szl(seen: Seen) -> Iterator[Row]:
    if "szl_id" in seen.fields:
        yield seen.fields


def _s7_blocks(seen: Seen) -> Iterator[Row]:
    if "Download" in seen.kind or "Upload" in seen.kind:
        yield {**seen.fields, "rosctr": seen.fields["rosctr_name"]}


def _bacnet_discovery(seen: Seen) -> Iterator[Row]:
    if seen.kind in ("i_am", "i_have", "who_is", "who_has"):
        yield {**seen.fields, "pdu_service": seen.kind.replace("_", "-")}


def _bacnet_control(seen: Seen) -> Iterator[Row]:
    if seen.kind in ("reinitialize_device", "device_communication_control"):
        yield {**seen.fields, "result": {1: "SUCCESS", 2: "ERROR"}.get(int(seen.role))}


def _bacnet_properties(seen: Seen) -> Iterator[Row]:
    for row in within("bacnet", "properties")(seen):
        value = row["value"]
        if isinstance(value, bool):
            value = str(value).lower()
        elif isinstance(value, float):
            value = f"{value:.6f}"
        yield {**row, "value": value}


def _first_logs() -> Iterator[Log]:
    enip = "enip_command_code enip_command length session_handle enip_status sender_context options"
    cip = (
        "cip_sequence_count direction cip_service_code cip_service cip_status_code cip_status "
        "cip_extended_status_code cip_extended_status class_id class_name instance_id attribute_id"
    )
    for name, logs in (
        ("enip_cip_example.pcap", "basic"),
        ("multiple_service_packet_cip.pcapng", "multiple_service_request"),
        ("set_attribute_single_service_cip.pcapng", "set_attr_single_service"),
    ):
        capture, folder = f"enip/traces/{name}", f"enip/baseline/analyzer.{logs}"
        yield Log(capture, f"{folder}/enip.log", enip, of("enip"))
        yield Log(capture, f"{folder}/cip.log", cip, of("cip"))
    capture, folder = "enip/traces/enip_cip_example.pcap", "enip/baseline/analyzer.basic"
    columns = (
        "encapsulation_version socket_address socket_port vendor_id vendor_name device_type_id "
        "device_type_name product_code revision device_status serial_number product_name device_state"
    )
    yield Log(capture, f"{folder}/cip_identity.log", columns, of("cip_identity"))
    columns = "connection_id sequence_number data_length io_data"
    yield Log(capture, f"{folder}/cip_io.log", columns, of("cip_io"))
    capture, folder = "dnp3/traces/dnp3_example.pcap", "dnp3/baseline/analyzer.basic"
    yield Log(capture, f"{folder}/dnp3.log", "fc_request fc_reply iin", _dnp3_answers, ENDS)
    columns = (
        "block_type function_code index_number trip_control_code operation_type clear_bit execute_count "
        "on_time off_time status_code"
    )
    yield Log(capture, f"{folder}/dnp3_control.log", columns, within("dnp3", "controls"))
    columns = "function_code object_type object_count range_low range_high"
    yield Log(capture, f"{folder}/dnp3_objects.log", columns, _dnp3_objects)
    capture, folder = "modbus/traces/modbus_example.pcap", "modbus/baseline/analyzer.basic"
    columns = "tid unit func address quantity request_values response_values matched exception_code mei_type"
    yield Log(capture, f"{folder}/modbus_detailed.log", columns, _modbus, ENDS)
    columns = "tid unit func request_response address and_mask or_mask"
    yield Log(capture, f"{folder}/modbus_mask_write_register.log", columns, _modbus_of("MASK_WRITE_REGISTER"))
    columns = (
        "tid unit func request_response write_start_address write_registers read_start_address read_quantity "
        "read_registers"
    )
    both = _modbus_of("READ_WRITE_MULTIPLE_REGISTERS")
    yield Log(capture, f"{folder}/modbus_read_write_multiple_registers.log", columns, both)


def _s7_logs() -> Iterator[Log]:
    columns = (
        "rosctr_code rosctr_name pdu_reference function_code function_name subfunction_code subfunction_name "
        "error_class error_code"
    )
    blocks = (
        "rosctr pdu_reference function_name function_status session_id blocklength filename block_type "
        "block_number destination_filesystem"
    )
    szl = "pdu_reference method szl_id szl_id_name szl_index return_code return_code_name"
    plus = "version opcode opcode_name function_code function_name"
    for name in ("s7comm_plus", "s7ident", "snap7"):
        capture, folder = f"s7comm/traces/{name}.pcap", f"s7comm/baseline/analyzer.{name}"
        yield Log(capture, f"{folder}/cotp.log", "pdu_code pdu_name", of("cotp"))
        yield Log(capture, f"{folder}/s7comm.log", columns, of("s7comm"))
        yield Log(capture, f"{folder}/s7comm_plus.log", plus, of("s7comm_plus"))
        yield Log(capture, f"{folder}/s7comm_read_szl.log", szl, _szl)
        yield Log(capture, f"{folder}/s7comm_upload_download.log", blocks, _s7_blocks)


def _bacnet_logs() -> Iterator[Log]:
    found = "pdu_service device_id_type device_id_number object_type instance_number vendor range object_name"
    properties = "invoke_id pdu_service object_type instance_number property array_index value"
    control = "invoke_id pdu_service time_duration device_state password result result_code"
    for name, logs in (
        ("bacnet_example", "basic"),
        ("bacnet_error_reject_abort", "error-reject-abort"),
        ("bacnet_segmented_data", "segmented_data"),
        ("bacnet_services", "services"),
    ):
        capture, folder = f"bacnet/traces/{name}.pcap", f"bacnet/baseline/analyzer.{logs}"
        columns = "bvlc_function pdu_type pdu_service invoke_id result_code"
        yield Log(capture, f"{folder}/bacnet.log", columns, of("bacnet"))
        yield Log(capture, f"{folder}/bacnet_discovery.log", found, _bacnet_discovery)
        yield Log(capture, f"{folder}/bacnet_device_control.log", control, _bacnet_control)
        yield Log(capture, f"{folder}/bacnet_property.log", properties, _bacnet_properties)


def _profinet_logs() -> Iterator[Log]:
    columns = (
        "proto rpc_version packet_type reserved_for_impl_1 last_fragment fragment no_fragment_requested "
        "maybe idempotent broadcast reserved_for_impl_2 cancel_was_pending_at_call_end integer_encoding "
        "character_encoding floating_point_encoding serial_high object_uuid interface_uuid activity_uuid "
        "server_boot_time interface_vers_major interface_vers_minor sequence_num operation_num "
        "interface_hint activity_hint len_of_body fragment_num auth_protocol serial_low vers_fack "
        "window_size max_tsdu max_frag_size serial_number sel_ack_len array_of_sel_ack"
    )
    places, rows = f"{ENDS} {PLACES}", of("profinet_io_cm", proto="udp")
    for path in sorted((FOLDER / "profinet-io-cm" / "traces").glob("*")):
        log = f"profinet-io-cm/baseline/tests.{path.stem}/profinet_io_cm.log"
        yield Log(f"profinet-io-cm/traces/{path.name}", log, columns, rows, places, f"{places} {columns}")


LOGS = (*_first_logs(), *_s7_logs(), *_bacnet_logs(), *_profinet_logs(), *hart_logs())

DIFFERENCES: dict[str, tuple[int, int]] = {
    "dnp3/baseline/analyzer.basic/dnp3.log": (2, 2),
    "dnp3/baseline/analyzer.basic/dnp3_objects.log": (0, 538),
    "modbus/baseline/analyzer.basic/modbus_detailed.log": (5, 3),
    "s7comm/baseline/analyzer.s7ident/s7comm.log": (0, 4),
    "s7comm/baseline/analyzer.snap7/s7comm.log": (0, 3),
    "s7comm/baseline/analyzer.snap7/s7comm_read_szl.log": (0, 1),
    "s7comm/baseline/analyzer.snap7/s7comm_upload_download.log": (0, 1),
    "bacnet/baseline/analyzer.error-reject-abort/bacnet_discovery.log": (1, 1),
    "bacnet/baseline/analyzer.error-reject-abort/bacnet_property.log": (1, 3),
    "bacnet/baseline/analyzer.segmented_data/bacnet.log": (0, 2),
    "bacnet/baseline/analyzer.segmented_data/bacnet_discovery.log": (2, 2),
    "bacnet/baseline/analyzer.services/bacnet.log": (0, 1),
    "bacnet/baseline/analyzer.services/bacnet_property.log": (30, 29),
    "profinet-io-cm/baseline/tests.profinet_io_cm/profinet_io_cm.log": (21, 21),
    "profinet-io-cm/baseline/tests.profinet_io_cm_control/profinet_io_cm.log": (2, 2),
    "profinet-io-cm/baseline/tests.profinet_io_cm_read/profinet_io_cm.log": (1, 1),
    "profinet-io-cm/baseline/tests.profinet_io_cm_write/profinet_io_cm.log": (4, 4),
}
"""By log: rows that only ICSNPP has, and rows that only we have."""


@cache
def _seen(capture: Path) -> list[Seen]:
    return dissected(capture)


def _placed(seen: Seen, row: Row) -> Row:
    direction = seen.record.direction
    client, server = seen.client, seen.server
    return {
        **row,
        "is_orig": direction.to_server,
        "source_h": direction.source.ip,
        "source_p": direction.source.port,
        "destination_h": direction.destination.ip,
        "destination_p": direction.destination.port,
        "id.orig_h": client.ip,
        "id.orig_p": client.port,
        "id.resp_h": server.ip,
        "id.resp_p": server.port,
    }


def _unpadded(value: str) -> str:
    """Text of fixed length without what fills it up."""
    return value.replace("\\x00", "").rstrip(" ")


def compare(log: Log, path: Path) -> tuple[int, int]:
    """How many rows only the log has, and how many only we have."""
    ours = [_placed(seen, row) for seen in _seen(FOLDER / log.capture) for row in log.rows(seen)]
    head = log.head + log.columns if log.head == HEAD else log.head
    theirs = [
        {name: _unpadded(value).replace(ZEEK_MASKED_TIME, "0.000000") for name, value in row.items()}
        for row in zeek_rows(path, head)
    ]
    only_theirs, only_ours = differences(theirs, ours, f"{log.places} {log.columns}".split())
    return only_theirs.total(), only_ours.total()


def written(log: Log) -> Path | None:
    """The log's file, compressed or not; None where the shared data is absent."""
    paths = (FOLDER / log.log, FOLDER / f"{log.log}.gz")
    return next((path for path in paths if path.exists()), None)


def test_our_records_are_icsnpps_rows() -> None:
    found = {log.log: compare(log, path) for log in LOGS if (path := written(log)) is not None}
    assert found == {name: DIFFERENCES.get(name, (0, 0)) for name in found}
