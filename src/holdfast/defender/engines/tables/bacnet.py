"""BACnet/IP (ANSI/ASHRAE 135)."""

from collections.abc import Iterator

from holdfast.defender.engines.model import (
    ACTIONS,
    FAILURES,
    MALFORMED,
    REQUESTS,
    Act,
    Blame,
    Deed,
    Rule,
    Scenario,
    Table,
    on,
)
from holdfast.defender.engines.tables.logins import guessing
from holdfast.defender.engines.tables.rows import equals, states
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record

_GLOBAL = 65535
"""Network number of a global broadcast (clause 6.2.2.1)."""
_MAXIMUM_OBJECTS = 64
_NEGATIVE = frozenset({"REJECT_PDU", "ABORT_PDU"})


def _objects(record: Record) -> Iterator[Entry]:
    fields = record.fields
    for each in (fields.get("properties") or ())[:_MAXIMUM_OBJECTS]:
        name = f"{each.get('object_type')} {each.get('instance_number')}"
        yield (record.kind, name, str(each.get("property") or ""))
    if not fields.get("properties") and fields.get("object_type"):
        yield (record.kind, f"{fields['object_type']} {fields.get('instance_number')}", "")


def _route(record: Record) -> Iterator[Entry]:
    fields = record.fields
    source, destination = fields.get("snet"), fields.get("dnet")
    if destination == _GLOBAL:
        destination = None
    if source is not None or destination is not None:
        yield (_network(source), _network(destination))


def _network(number: object) -> str:
    return "its own network" if number is None else f"network {number}"


def _operation_failed(record: Record) -> str | None:
    return None if record.fields.get("pdu_type") in _NEGATIVE else _result(record)


def _refused(record: Record) -> str | None:
    return _result(record) if record.fields.get("pdu_type") in _NEGATIVE else None


def _result(record: Record) -> str:
    return f"{record.fields.get('result_code')} to {record.kind}"


def _program_change(record: Record) -> bool:
    return any(each.get("property") == "program-change" for each in record.fields.get("properties") or ())


BACNET = Table(
    "bacnet",
    industrial=True,
    scenarios=(
        Scenario(
            "bacnet.object",
            "unauthorized-bacnet-object-access",
            on(REQUESTS),
            _objects,
            "{0} of {1} {2}",
        ),
        Scenario(
            "bacnet.route",
            "unauthorized-bacnet-route",
            on(ACTIONS),
            _route,
            "from {0} to {1}",
            for_sender=True,
        ),
    ),
    rules=(
        Rule(
            "bacnet-operation-failed",
            on(FAILURES),
            _operation_failed,
            "an answer without error",
            steady=False,
        ),
        Rule(
            "illegal-bacnet-message",
            on(FAILURES),
            _refused,
            "messages that the receiver can read",
            steady=False,
            blame=Blame.LISTENER,
        ),
        Rule(
            "illegal-bacnet-message",
            on(MALFORMED),
            states("{reason}"),
            "messages of the standard",
        ),
    ),
    rates=(guessing(on(FAILURES), equals("result_code", "password-failure")),),
    deeds=(
        Deed(
            Act.RESET,
            on(REQUESTS, "reinitialize_device"),
            "restarts the device",
            equals("device_state", "coldstart", "warmstart"),
            steady=False,
        ),
        Deed(
            Act.STOP,
            on(REQUESTS, "device_communication_control"),
            "silences the device",
            equals("device_state", "disable", "disable-initiation"),
            steady=False,
        ),
        Deed(Act.PROGRAM, on(REQUESTS, "atomic_write_file"), "writes its files"),
        Deed(
            Act.PROGRAM,
            on(REQUESTS, "write_property", "write_property_multiple"),
            "changes its program",
            _program_change,
        ),
        Deed(Act.UPLOAD, on(REQUESTS, "atomic_read_file"), "reads its files"),
        Deed(
            Act.CONFIGURE,
            on(REQUESTS, "add_list_element", "remove_list_element", "create_object", "delete_object"),
            "changes its objects",
        ),
    ),
)
