"""Siemens S7comm and S7comm-plus (no public specification; names as Wireshark and ICSNPP give them)."""

from collections.abc import Iterator

from holdfast.defender.dissect.s7.plus_objects import is_block
from holdfast.defender.engines.model import (
    FAILURES,
    NOTICES,
    REQUESTS,
    Act,
    Deed,
    Rate,
    Rule,
    Scenario,
    Table,
    on,
)
from holdfast.defender.engines.tables.logins import attempts, guessing
from holdfast.defender.engines.tables.rows import KIND, entry, equals
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record

_STUXNET_BLOCK = ("Data Block", "00890")
"""What Stuxnet wrote into S7-315 and S7-417 controllers (Symantec, W32.Stuxnet Dossier 1.4)."""
_WARM_RESTART, _COPY, _INSERT, _DELETE, _MODULE = "P_PROGRAM", "_GARB", "_INSE", "_DELE", "_MODU"


def _data_blocks(record: Record) -> Iterator[Entry]:
    for item in record.fields.get("items") or ():
        number = item.get("db_number")
        if number is not None:
            yield (record.kind, int(number))


def _user_function(record: Record) -> Iterator[Entry]:
    name = str(record.fields.get("function_name") or "")
    if name.startswith("Request: "):
        yield (name.removeprefix("Request: "), record.kind)


def _mode_transition(record: Record) -> str | None:
    name = str(record.fields.get("function_name") or "")
    return f"the controller reports {record.kind}" if name.endswith("Mode-Transition") else None


def _stuxnet(record: Record) -> str | None:
    fields = record.fields
    block = (fields.get("block_type"), fields.get("block_number"))
    return "data block 890 is loaded, as Stuxnet does" if block == _STUXNET_BLOCK else None


S7COMM = Table(
    "s7comm",
    industrial=True,
    scenarios=(
        Scenario(
            "s7.block",
            "unauthorized-access-to-siemens-s7-data-block",
            on(REQUESTS, "Read Variable", "Write Variable"),
            _data_blocks,
            "{0} in data block {1}",
        ),
        Scenario(
            "s7.control",
            "unauthorized-siemens-s7-execution-of-control-function",
            on(REQUESTS, "PLC Control", "PLC Stop"),
            entry(KIND, "subfunction_code"),
            "{0} {1}",
        ),
        Scenario(
            "s7.function",
            "unauthorized-siemens-s7-execution-of-user-defined-function",
            on(REQUESTS),
            _user_function,
            "{1} ({0})",
        ),
    ),
    rules=(
        Rule("plc-operating-mode-changed", on(NOTICES), _mode_transition, "the mode as it was"),
        Rule(
            "suspicion-of-malicious-activity-stuxnet",
            on(REQUESTS, "Request Download"),
            _stuxnet,
            "no block of this number",
        ),
    ),
    rates=(
        attempts(on(REQUESTS, "PLC Password")),
        guessing(on(FAILURES, "PLC Password")),
        Rate(
            "abnormal-exception-pattern-in-slave",
            on(FAILURES),
            "{count} refusals within {window}",
            "a refusal now and then",
        ),
    ),
    deeds=(
        Deed(
            Act.STOP,
            on(REQUESTS, "PLC Stop"),
            "stops the controller",
            alert="an-s7-stop-plc-command-was-sent",
        ),
        Deed(
            Act.START,
            on(REQUESTS, "PLC Control"),
            "starts the controller",
            equals("subfunction_code", _WARM_RESTART),
        ),
        Deed(Act.PROGRAM, on(REQUESTS, "Request Download"), "loads blocks"),
        Deed(
            Act.PROGRAM,
            on(REQUESTS, "PLC Control"),
            "activates or deletes blocks",
            equals("subfunction_code", _INSERT, _DELETE),
        ),
        Deed(
            Act.CONFIGURE,
            on(REQUESTS, "PLC Control"),
            "rearranges its memory",
            equals("subfunction_code", _COPY, _MODULE),
        ),
        Deed(
            Act.CONFIGURE,
            on(REQUESTS, "Request Download"),
            "loads its hardware configuration",
            equals("block_type", "System Data Block"),
        ),
        Deed(Act.CONFIGURE, on(REQUESTS, "Set Clock"), "sets its clock"),
        Deed(Act.UPLOAD, on(REQUESTS, "Start Upload"), "reads blocks"),
        Deed(Act.INSPECT, on(REQUESTS, "List Blocks", "Get Block Info"), "lists its blocks"),
    ),
)


def _objects(record: Record) -> Iterator[Entry]:
    for name in record.fields.get("objects", ()):
        if not is_block(name):
            yield (record.kind, name)


def _program(record: Record) -> Iterator[Entry]:
    for name in record.fields.get("objects", ()):
        if is_block(name):
            yield (record.kind, name)


S7COMM_PLUS = Table(
    "s7comm_plus",
    industrial=True,
    scenarios=(
        Scenario(
            "s7plus.operation",
            "unauthorized-siemens-s7-plus-operation",
            on(REQUESTS),
            entry(KIND),
            "{0}",
        ),
        Scenario(
            "s7plus.object",
            "unauthorized-access-to-siemens-s7-plus-object",
            on(REQUESTS),
            _objects,
            "{0} of {1}",
        ),
        Scenario(
            "s7plus.block",
            "unauthorized-siemens-s7-plus-block-access",
            on(REQUESTS),
            _program,
            "{0} of {1}",
        ),
    ),
)
