"""EtherNet/IP and CIP (ODVA's specification, volumes 1 and 2), with Rockwell's objects.

The classes of Rockwell's controllers have no public specification; the ones below are those that its
engineering software uses to load and read programs (MITRE's ACID lists the most important).
"""

from collections.abc import Callable, Iterator

from holdfast.defender.engines.model import FAILURES, REQUESTS, Act, Blame, Deed, Rule, Scenario, Table, on
from holdfast.defender.engines.tables.rows import KIND, entry, states
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record

_PROGRAM_OBJECTS = frozenset({0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x70, 0x7E, 0xAC})
"""Programs, routines, tags, tasks, types and what else a project is made of."""
_UPLOADED = _PROGRAM_OBJECTS - {0xAC}
_CONTROLLER = frozenset({0x8E})
_IDENTITY = frozenset({0x01})
_NONVOLATILE_STORAGE = frozenset({0xA1})
"""Holds the firmware of Rockwell's modules."""
_SETTINGS = frozenset({0x43, 0x47, 0x48, 0x8B, 0xF4, 0xF5, 0xF6})
"""Time synchronization, device level ring, quality of service, wall clock, port, TCP/IP, Ethernet link."""


def _class(record: Record) -> int | None:
    key = record.key
    return key[1] if isinstance(key, tuple) else None


def _of(classes: frozenset[int]) -> Callable[[Record], bool]:
    def test(record: Record) -> bool:
        return _class(record) in classes

    return test


def _classes(record: Record) -> Iterator[Entry]:
    if class_id := record.fields.get("class_id"):
        yield (str(class_id), record.fields.get("class_name") or "unknown")


def _services(record: Record) -> Iterator[Entry]:
    fields = record.fields
    if class_id := fields.get("class_id"):
        yield (str(class_id), f"{record.kind} ({fields.get('cip_service_code')})")


def _symbols(record: Record) -> Iterator[Entry]:
    if symbol := record.fields.get("symbol"):
        yield (str(symbol), record.kind)


def _pccc(record: Record) -> Iterator[Entry]:
    fields = record.fields
    if "pccc_command" in fields:
        yield (str(fields["pccc_command"]), str(fields.get("pccc_function", "")))


def _connection(record: Record) -> Iterator[Entry]:
    """Implicit connections are of transport class 0 or 1; class 3 carries explicit messages."""
    fields = record.fields
    if fields.get("transport_class") in {0, 1}:
        points = "/".join(map(str, fields.get("connection_points") or ()))
        yield (points, int(fields.get("o_to_t_size", 0)), int(fields.get("t_to_o_size", 0)))


def _failed(record: Record) -> str:
    fields = record.fields
    extended = fields.get("cip_extended_status_code")
    more = f", extended {extended}" if extended and extended != "0x0000" else ""
    return f"{fields.get('cip_status')} ({fields.get('cip_status_code')}{more}) to {record.kind}"


ENIP = Table(
    "enip",
    industrial=True,
    scenarios=(
        Scenario(
            "enip.command",
            "new-activity-detected-ethernet-ip-protocol-command",
            on(REQUESTS),
            entry(KIND),
            "command {0}",
        ),
    ),
    rules=(
        Rule(
            "ethernet-ip-encapsulation-protocol-command-failed",
            on(FAILURES),
            states("{enip_status} to {kind}"),
            "success",
        ),
    ),
)

CIP = Table(
    "cip",
    industrial=True,
    scenarios=(
        Scenario("cip.class", "new-activity-detected-cip-class", on(REQUESTS), _classes, "class {0} ({1})"),
        Scenario(
            "cip.service",
            "new-activity-detected-cip-class-service",
            on(REQUESTS),
            _services,
            "class {0}: {1}",
        ),
        Scenario("cip.symbol", "new-activity-detected-cip-symbol", on(REQUESTS), _symbols, "{1} of tag {0}"),
        Scenario(
            "cip.pccc",
            "new-activity-detected-cip-pccc-command",
            on(REQUESTS, "Execute PCCC Service"),
            _pccc,
            "PCCC command {0} function {1}",
            steady=False,
        ),
        Scenario(
            "cip.connection",
            "new-activity-detected-ethernet-ip-i-o-connection",
            on(REQUESTS, "Forward Open", "Large Forward Open"),
            _connection,
            "I/O connection with assemblies {0}, {1} and {2} bytes",
            steady=False,
        ),
    ),
    rules=(
        Rule(
            "ethernet-ip-cip-service-request-failed",
            on(FAILURES),
            _failed,
            "success",
            blame=Blame.SPEAKER,
        ),
    ),
    deeds=(
        Deed(Act.STOP, on(REQUESTS, "Stop"), "stops the controller", _of(_CONTROLLER)),
        Deed(Act.START, on(REQUESTS, "Start"), "starts the controller", _of(_CONTROLLER)),
        Deed(Act.RESET, on(REQUESTS, "Reset"), "resets the device", _of(_IDENTITY | _CONTROLLER)),
        Deed(
            Act.PROGRAM,
            on(REQUESTS, "Create", "Delete"),
            "creates or deletes parts of the program",
            _of(_PROGRAM_OBJECTS),
        ),
        Deed(
            Act.UPLOAD,
            on(REQUESTS, "Execute PCCC Service"),
            "reads the program's parts",
            _of(_UPLOADED),
        ),
        Deed(
            Act.FIRMWARE,
            on(REQUESTS, "Execute PCCC Service", "Write Data", "Create"),
            "updates the firmware",
            _of(_NONVOLATILE_STORAGE),
        ),
        Deed(
            Act.CONFIGURE,
            on(REQUESTS, "Set Attributes All", "Set Attribute List", "Set Attributes Single"),
            "changes network or time settings",
            _of(_SETTINGS),
        ),
    ),
)
