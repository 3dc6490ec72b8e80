"""Modbus/TCP and Schneider Electric's UMAS within it."""

from collections.abc import Iterator

from holdfast.defender.engines.model import (
    FAILURES,
    MALFORMED,
    REQUESTS,
    Act,
    Blame,
    Deed,
    RangeScenario,
    Rate,
    Rule,
    Scenario,
    Table,
    on,
)
from holdfast.defender.engines.tables.rows import KIND, entry, equals, states
from holdfast.defender.learned.traffic import Entry, Span
from holdfast.defender.record import Record

_CLASSES = {
    "READ_COILS": ("coils read",),
    "READ_DISCRETE_INPUTS": ("inputs read",),
    "READ_HOLDING_REGISTERS": ("registers read",),
    "READ_INPUT_REGISTERS": ("input registers read",),
    "WRITE_SINGLE_COIL": ("coils written",),
    "WRITE_MULTIPLE_COILS": ("coils written",),
    "WRITE_SINGLE_REGISTER": ("registers written",),
    "WRITE_MULTIPLE_REGISTERS": ("registers written",),
    "MASK_WRITE_REGISTER": ("registers written",),
}
"""What a function addresses (Modbus Application Protocol 1.1b3, section 4.3)."""

_RESERVED = frozenset({
    "PROGRAM_484", "POLL_484", "PROGRAM_584_984", "POLL_584_984", "PROGRAM_CONCEPT", "PROGRAM_884_U84",
    "MULTIPLE_FUNCTION_CODES", "OBJECT_MESSAGING", "PROGRAM_584_984_2", "REPORT_LOCAL_ADDRESS",
    "RESET_COMM_LINK_884_U84",
})  # fmt: skip
"""Annex A of the specification: reserved for the products of some companies."""

_USER_DEFINED = frozenset((*range(65, 73), *range(100, 111)))
"""Section 4.1: free for whoever defines them."""

_EXCEPTIONS = {
    "ILLEGAL_FUNCTION": "slave-device-received-illegal-function-code",
    "ILLEGAL_DATA_ADDRESS": "slave-device-received-illegal-data-address-parameter",
    "ILLEGAL_DATA_VALUE": "slave-device-received-illegal-data-value-parameter",
}


def _spans(record: Record) -> Iterator[tuple[Entry, Span]]:
    fields = record.fields
    unit = int(fields["unit"])
    if record.kind == "READ_WRITE_MULTIPLE_REGISTERS":
        if "write_quantity" in fields:
            yield (unit, "registers read"), _span(fields["read_start_address"], fields["read_quantity"])
            yield (unit, "registers written"), _span(fields["write_start_address"], fields["write_quantity"])
    elif "address" in fields:
        quantity = fields.get("quantity", 1)
        yield (unit, *_CLASSES[record.kind]), _span(fields["address"], quantity)


def _span(start: int, quantity: int) -> Span:
    return start, start + max(quantity, 1) - 1


def _exception(record: Record) -> str:
    fields = record.fields
    return f"{fields.get('exception_code', '?')} to {record.kind} of unit {fields.get('unit')}"


def _illegal(name: str, alert: str) -> Rule:
    def observe(record: Record) -> str | None:
        return _exception(record) if record.fields.get("exception_code") == name else None

    return Rule(alert, on(FAILURES), observe, "requests that the device can serve", blame=Blame.LISTENER)


def _failed(record: Record) -> str | None:
    failed = record.fields.get("exception_code") == "SLAVE_DEVICE_FAILURE"
    return _exception(record) if failed else None


def _raised_by_master(record: Record) -> str | None:
    return f"a request with {record.kind}" if record.kind.endswith("_EXCEPTION") else None


def _reserved(record: Record) -> str | None:
    if record.kind in _RESERVED:
        return f"function {record.kind}"
    number = record.kind.removeprefix("unknown-")
    if not number.isdecimal() or number == "0" or int(number) in _USER_DEFINED:
        return None
    return f"function {number}"


MODBUS = Table(
    "modbus",
    industrial=True,
    scenarios=(
        Scenario(
            "modbus.function",
            "unpermitted-usage-of-modbus-function-code",
            on(REQUESTS),
            entry("unit", KIND),
            "{1} on unit {0}",
        ),
        Scenario(
            "modbus.exception",
            "function-code-raised-unauthorized-exception",
            on(FAILURES),
            entry("unit", KIND, "exception_code"),
            "{2} to {1} of unit {0}",
        ),
    ),
    ranges=(
        RangeScenario(
            "modbus.range",
            "modbus-address-range-violation",
            on(REQUESTS, *_CLASSES, "READ_WRITE_MULTIPLE_REGISTERS"),
            _spans,
            "unit {0}: {1}",
        ),
    ),
    rules=(
        Rule("modbus-exception", on(FAILURES), _exception, "a response without exception"),
        *(_illegal(name, alert) for name, alert in _EXCEPTIONS.items()),
        Rule(
            "slave-device-unrecoverable-failure", on(FAILURES), _failed, "a device that can do what it offers"
        ),
        Rule(
            "illegal-modbus-operation-exception-raised-by-master",
            on(REQUESTS),
            _raised_by_master,
            "exceptions come from the device that is asked",
        ),
        Rule(
            "illegal-modbus-operation-function-code-zero",
            on(REQUESTS, "unknown-0"),
            states("function 0 to unit {unit}"),
            "functions 1 to 127",
        ),
        Rule("usage-of-a-reserved-function-code", on(REQUESTS), _reserved, "functions of the specification"),
        Rule(
            "illegal-protocol-version",
            on(MALFORMED, "protocol"),
            states("{reason}"),
            "protocol identifier 0",
        ),
    ),
    rates=(
        Rate(
            "abnormal-exception-pattern-in-slave",
            on(FAILURES),
            "{count} exceptions within {window}",
            "an exception now and then",
        ),
    ),
    deeds=(
        Deed(
            Act.RESET,
            on(REQUESTS, "DIAGNOSTICS"),
            "restarts its communication",
            equals("request_subfunction_code", "Restart Communications Option"),
            steady=False,
        ),
        Deed(
            Act.STOP,
            on(REQUESTS, "DIAGNOSTICS"),
            "silences it (force listen only)",
            equals("request_subfunction_code", "Force Listen Only Mode"),
            steady=False,
        ),
        Deed(Act.FIRMWARE, on(REQUESTS, "FIRMWARE_REPLACEMENT"), "replaces its firmware"),
        Deed(
            Act.INSPECT,
            on(REQUESTS, "ENCAP_INTERFACE_TRANSPORT", "REPORT_SLAVE_ID"),
            "reads its identification",
        ),
        Deed(Act.CONFIGURE, on(REQUESTS, "WRITE_FILE_RECORD"), "writes its file records"),
        Deed(
            Act.PROGRAM,
            on(
                REQUESTS,
                "PROGRAM_484",
                "PROGRAM_584_984",
                "PROGRAM_884_U84",
                "PROGRAM_CONCEPT",
                "PROGRAM_584_984_2",
            ),
            "programs it",
        ),
    ),
)

UMAS = Table(
    "umas",
    industrial=True,
    scenarios=(
        Scenario(
            "umas.function",
            "unpermitted-modbus-schneider-electric-extension",
            on(REQUESTS),
            entry("unit", KIND),
            "{1} on unit {0}",
        ),
    ),
    deeds=(
        Deed(Act.STOP, on(REQUESTS, "STOP_PLC"), "stops it"),
        Deed(Act.START, on(REQUESTS, "START_PLC"), "starts it"),
        Deed(
            Act.PROGRAM,
            on(REQUESTS, "INITIALIZE_DOWNLOAD", "DOWNLOAD_BLOCK", "END_STRATEGY_DOWNLOAD"),
            "loads a program",
        ),
        Deed(
            Act.UPLOAD,
            on(REQUESTS, "INITIALIZE_UPLOAD", "UPLOAD_BLOCK", "END_STRATEGY_UPLOAD", "BACKUP"),
            "reads its program",
        ),
        Deed(
            Act.CONFIGURE,
            on(REQUESTS, "WRITE_MEMORY_BLOCK", "WRITE_IO_OBJECT", "WRITE_PHYSICAL_ADDRESS"),
            "writes its memory",
        ),
        Deed(
            Act.INSPECT,
            on(REQUESTS, "READ_PROJECT_INFO", "READ_PLC_INFO", "READ_CARD_INFO", "READ_ETH_MASTER_DATA"),
            "reads its configuration",
        ),
    ),
)
