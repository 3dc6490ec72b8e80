"""DNP3 (IEEE 1815-2012)."""

from collections.abc import Callable, Iterator

from holdfast.defender.engines.model import (
    ACTIONS,
    FAILURES,
    MALFORMED,
    NOTICES,
    REQUESTS,
    RESPONSES,
    Act,
    Blame,
    Deed,
    Rate,
    Rule,
    Scenario,
    Table,
    on,
)
from holdfast.defender.engines.tables.rows import KIND, entry, states
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record, Role

_ANSWERS = RESPONSES | FAILURES | NOTICES
_LINK_ONLY = frozenset({
    "RESET_LINK_STATES", "RESET_USER_PROCESS", "TEST_LINK_STATES", "CONFIRMED_USER_DATA",
    "UNCONFIRMED_USER_DATA", "REQUEST_LINK_STATUS", "ACK", "NACK", "LINK_STATUS", "NOT_SUPPORTED",
    "TRANSPORT_SEGMENT",
})  # fmt: skip
"""Frames without an application fragment."""
_ORDINARY = frozenset({"class_1_events", "class_2_events", "class_3_events", "need_time", "all_stations"})
"""Indications that come and go in normal operation."""
_WRITE_MODES = frozenset({2, 3})
"""`operational_mode` of OPEN_FILE: write, append (object group 70, variation 3)."""


def _indicates(record: Record, *names: str) -> bool:
    return any(name in names for name in record.fields.get("indicators") or ())


def _indication(alert: str, name: str, text: str, *, blame: Blame = Blame.SPEAKER) -> Rule:
    """An alert that one internal indication raises (section 4.2.2.6: IIN1 and IIN2)."""

    def observe(record: Record) -> str | None:
        if not _indicates(record, name):
            return None
        asked = record.fields.get("fc_request")
        return f"{text} (outstation {record.fields.get('src')}{f', asked to {asked}' if asked else ''})"

    return Rule(alert, on(_ANSWERS), observe, f"no {name.replace('_', ' ')} indication", blame=blame)


def _reserved_indications(record: Record) -> str | None:
    return "reserved indications are set" if _indicates(record, "reserved_1", "reserved_2") else None


def _functions(record: Record) -> Iterator[Entry]:
    if record.kind not in _LINK_ONLY:
        yield from entry("src", "dst", KIND)(record)


def _unusual_indications(record: Record) -> Iterator[Entry]:
    source = record.fields.get("src", 0)
    for name in record.fields.get("indicators") or ():
        if name not in _ORDINARY:
            yield (source, name)


def _groups(record: Record) -> set[tuple[int, int]]:
    objects = record.fields.get("objects") or ()
    return {(each.get("group"), each.get("variation")) for each in objects}


def _integrity_poll(record: Record) -> Iterator[Entry]:
    """Class 0 is all static data (section 5.1.4.1)."""
    if (60, 1) in _groups(record):
        yield (record.fields["src"], record.fields["dst"])


def _wrong_role(record: Record) -> str | None:
    """The DIR bit says whether a master speaks (section 9.2.4.1.3.1)."""
    from_master = record.fields.get("dir")
    if record.kind in _LINK_ONLY or from_master is None:
        return None
    if record.role is Role.REQUEST and not from_master:
        return f"{record.kind} from an outstation"
    if record.role is not Role.REQUEST and from_master:
        return f"{record.kind} from a master"
    return None


def _unknown_function(record: Record) -> str | None:
    return f"function {record.fields.get('function_number')}" if record.kind.startswith("unknown") else None


def _confirmation(record: Record) -> str | None:
    if record.kind in _LINK_ONLY or not record.fields.get("con"):
        return None
    return f"{record.kind} with the confirmation bit"


def _authentication_error(record: Record) -> str | None:
    """Object group 120, variation 7 (section 7.5.2.2)."""
    return "an authentication error object" if (120, 7) in _groups(record) else None


def _improper(record: Record) -> str | None:
    return None if record.direction.to_server else str(record.fields.get("reason"))


def _file_mode(*modes: int) -> Callable[[Record], bool]:
    def test(record: Record) -> bool:
        return any(
            point.get("operational_mode") in modes
            for each in record.fields.get("objects") or ()
            for point in each.get("points") or ()
        )

    return test


def _overflow(record: Record) -> bool:
    return _indicates(record, "event_buffer_overflow")


DNP3 = Table(
    "dnp3",
    industrial=True,
    scenarios=(
        Scenario(
            "dnp3.function",
            "unpermitted-usage-of-dnp3-function-code",
            on(ACTIONS),
            _functions,
            "{2} from station {0} to {1}",
        ),
        Scenario(
            "dnp3.indication",
            "unpermitted-usage-of-internal-indication-iin",
            on(_ANSWERS),
            _unusual_indications,
            "indication {1} of outstation {0}",
        ),
        Scenario(
            "dnp3.integrity",
            "suspicion-of-illegal-integrity-scan",
            on(REQUESTS, "READ"),
            _integrity_poll,
            "all static data of outstation {1} read by {0}",
        ),
    ),
    rules=(
        _indication(
            "function-code-not-supported-by-outstation",
            "no_func_code_support",
            "a function that it does not know",
            blame=Blame.LISTENER,
        ),
        _indication(
            "unknown-object-sent-to-outstation",
            "object_unknown",
            "an object that it does not know",
            blame=Blame.LISTENER,
        ),
        _indication(
            "incorrect-parameter-sent-to-outstation",
            "parameter_error",
            "a parameter that is wrong",
            blame=Blame.LISTENER,
        ),
        _indication("outstation-restarted", "device_restart", "it was restarted"),
        _indication("suspicion-of-hardware-problems-in-outstation", "device_trouble", "it is in trouble"),
        _indication("event-buffer-overflow-in-outstation", "event_buffer_overflow", "it lost events"),
        _indication(
            "outstation-s-corrupted-configuration-detected", "config_corrupt", "its configuration is damaged"
        ),
        Rule(
            "usage-of-reserved-status-flags-iin",
            on(_ANSWERS),
            _reserved_indications,
            "reserved indications are zero",
        ),
        Rule(
            "illegal-dnp3-operation", on(ACTIONS | RESPONSES | FAILURES), _wrong_role, "requests from masters"
        ),
        Rule("usage-of-a-reserved-function-code", on(REQUESTS), _unknown_function, "functions 0 to 33"),
        Rule(
            "initiation-of-an-obsolete-function-code-initialize-data",
            on(REQUESTS, "INITIALIZE_DATA"),
            states("{kind} to outstation {dst}"),
            "functions that the standard still has",
        ),
        Rule(
            "initiation-of-an-obsolete-function-code-save-config",
            on(REQUESTS, "SAVE_CONFIG"),
            states("{kind} to outstation {dst}"),
            "functions that the standard still has",
        ),
        Rule(
            "master-requested-an-application-layer-confirmation",
            on(REQUESTS),
            _confirmation,
            "requests without the confirmation bit",
        ),
        Rule(
            "master-slave-authentication-error",
            on(ACTIONS | RESPONSES | FAILURES, "AUTHENTICATE_RESP", "AUTHENTICATE_REQ_NR"),
            _authentication_error,
            "stations that can authenticate each other",
            steady=False,
        ),
        Rule(
            "outstation-s-configuration-changed",
            on(REQUESTS, "ACTIVATE_CONFIG", "ASSIGN_CLASS"),
            states("{kind} to outstation {dst}"),
            "the configuration as it was",
        ),
        Rule(
            "usage-of-improper-formatting-by-outstation",
            on(MALFORMED),
            _improper,
            "answers in the form of the standard",
            steady=False,
        ),
    ),
    rates=(
        Rate(
            "continuous-event-buffer-overflow-at-outstation",
            on(_ANSWERS),
            "{count} overflows within {window}",
            "events are read before the buffer is full",
            when=_overflow,
        ),
        Rate(
            "abnormal-exception-pattern-in-slave",
            on(FAILURES),
            "{count} refusals within {window}",
            "a refusal now and then",
        ),
    ),
    deeds=(
        Deed(Act.RESET, on(REQUESTS, "COLD_RESTART", "WARM_RESTART"), "restarts the outstation"),
        Deed(Act.STOP, on(REQUESTS, "STOP_APPL"), "stops its application"),
        Deed(Act.START, on(REQUESTS, "START_APPL", "INITIALIZE_APPL"), "starts its application"),
        Deed(
            Act.CONFIGURE,
            on(REQUESTS, "ACTIVATE_CONFIG", "SAVE_CONFIG", "ASSIGN_CLASS", "INITIALIZE_DATA"),
            "changes its configuration",
        ),
        Deed(
            Act.CONFIGURE,
            on(REQUESTS, "OPEN_FILE"),
            "writes its files",
            _file_mode(*_WRITE_MODES),
            steady=False,
        ),
        Deed(Act.INSPECT, on(REQUESTS, "OPEN_FILE"), "reads its files", _file_mode(1), steady=False),
        Deed(Act.CONFIGURE, on(REQUESTS, "DELETE_FILE"), "deletes its files"),
    ),
)
