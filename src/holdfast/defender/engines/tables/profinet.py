"""PROFINET (IEC 61158-6-10)."""

from collections.abc import Callable

from holdfast.defender.engines.model import (
    FAILURES,
    NOTICES,
    REQUESTS,
    Act,
    Deed,
    Rule,
    Scenario,
    Table,
    on,
)
from holdfast.defender.engines.tables.rows import KIND, entry, states
from holdfast.defender.record import Record

_RESETS = frozenset({"factory_reset", "reset_to_factory"})
_SETTINGS = frozenset({"ip_parameter", "full_ip_suite", "name_of_station"})


def _sets(blocks: frozenset[str]) -> Callable[[Record], bool]:
    def test(record: Record) -> bool:
        return not blocks.isdisjoint(record.fields.get("blocks") or ())

    return test


PN_DCP = Table(
    "pn_dcp",
    industrial=True,
    scenarios=(
        Scenario(
            "profinet.dcp",
            "unauthorized-profinet-frame-type",
            on(REQUESTS),
            entry(KIND),
            "DCP {0}",
            for_sender=True,
        ),
    ),
    rules=(
        Rule(
            "profinet-dcp-command-failed",
            on(FAILURES),
            states("{error} to {kind} of {answered}"),
            "an answer without error",
        ),
    ),
    deeds=(
        Deed(
            Act.RESET,
            on(REQUESTS, "Set"),
            "resets it to factory settings",
            _sets(_RESETS),
            alert="profinet-device-factory-reset",
        ),
        Deed(Act.CONFIGURE, on(REQUESTS, "Set"), "sets its name or address", _sets(_SETTINGS)),
    ),
)

PN_RT = Table(
    "pn_rt",
    industrial=True,
    scenarios=(
        Scenario(
            "profinet.frame",
            "unauthorized-profinet-frame-type",
            on(NOTICES),
            entry("frame_type"),
            "{0} frames",
        ),
    ),
)

PROFINET_IO_CM = Table(
    "profinet_io_cm",
    industrial=True,
    scenarios=(
        Scenario(
            "rpc.profinet",
            "new-activity-detected-unauthorized-rpc-message-type",
            on(REQUESTS),
            entry(KIND),
            "PROFINET {0}",
        ),
    ),
    rules=(
        Rule(
            "rpc-operation-failed",
            on(FAILURES),
            states("{pnio_status} error {error_code_1} to {kind}"),
            "an answer without error",
        ),
    ),
)
