"""IEC 60870-5-104."""

from collections.abc import Iterator

from holdfast.defender.engines.model import (
    ACTIONS,
    FAILURES,
    NOTICES,
    REQUESTS,
    RESPONSES,
    SPOKEN,
    Act,
    Blame,
    Deed,
    Rate,
    Rule,
    Scenario,
    Table,
    on,
)
from holdfast.defender.engines.tables.rows import states
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record

_REFUSALS = {
    44: ("slave-device-received-illegal-asdu-type", "an unknown type"),
    45: ("slave-device-received-illegal-command-cause-of-transmission", "an unknown cause of transmission"),
    46: ("slave-device-received-illegal-common-address", "an unknown common address"),
    47: ("slave-device-received-illegal-information-object-address", "an unknown information object"),
}
"""Causes of transmission (IEC 60870-5-101, section 7.2.3) that name what is unknown."""


def _types(record: Record) -> Iterator[Entry]:
    fields = record.fields
    if fields.get("type") == "I":
        yield (record.kind, str(fields["cause_name"]), int(fields["ca"]))


def _refusal(cause: int) -> Rule:
    alert, text = _REFUSALS[cause]

    def observe(record: Record) -> str | None:
        fields = record.fields
        if fields.get("cause") != cause:
            return None
        objects = fields.get("objects") or [{}]
        return f"{text}: {record.kind}, common address {fields.get('ca')}, object {objects[0].get('ioa')}"

    return Rule(
        alert, on(FAILURES | RESPONSES | NOTICES), observe, "requests that it knows", blame=Blame.LISTENER
    )


def _reserved(record: Record) -> str | None:
    if record.kind.startswith("unknown-"):
        return f"type {record.kind.removeprefix('unknown-')}"
    return f"control function {record.kind}" if record.kind.startswith("U-") else None


IEC104 = Table(
    "iec104",
    industrial=True,
    scenarios=(
        Scenario(
            "iec104.type",
            "unpermitted-usage-of-asdu-types",
            on(ACTIONS),
            _types,
            "{0} with cause {1} for station {2}",
        ),
    ),
    rules=(
        *(_refusal(cause) for cause in _REFUSALS),
        Rule("usage-of-a-reserved-function-code", on(SPOKEN), _reserved, "types of the standard"),
        Rule(
            "outstation-restarted",
            on(NOTICES, "M_EI_NA_1"),
            states("end of initialization of station {ca}"),
            "stations that keep running",
        ),
    ),
    rates=(
        Rate(
            "abnormal-exception-pattern-in-slave",
            on(FAILURES),
            "{count} refusals within {window}",
            "a refusal now and then",
        ),
    ),
    deeds=(
        Deed(Act.RESET, on(REQUESTS, "C_RP_NA_1"), "resets the station's process"),
        Deed(
            Act.CONFIGURE,
            on(REQUESTS, "P_ME_NA_1", "P_ME_NB_1", "P_ME_NC_1", "P_AC_NA_1"),
            "loads parameters",
        ),
        Deed(Act.CONFIGURE, on(REQUESTS, "F_SG_NA_1", "F_LS_NA_1"), "writes its files"),
    ),
)
