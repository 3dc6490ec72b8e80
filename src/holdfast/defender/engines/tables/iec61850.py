"""IEC 61850: MMS, GOOSE and sampled values."""

from collections.abc import Hashable, Iterator

from holdfast.defender.engines.model import (
    FAILURES,
    NOTICES,
    REQUESTS,
    RESPONSES,
    Act,
    Change,
    Deed,
    Rule,
    Scenario,
    Table,
    on,
)
from holdfast.defender.engines.tables.rows import KIND, entry
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record

_DOMAIN_SERVICES = (
    "initiateDownloadSequence", "terminateDownloadSequence", "initiateUploadSequence", "deleteDomain",
    "requestDomainDownload", "requestDomainUpload", "storeDomainContent", "loadDomainContent", "start",
    "createProgramInvocation", "deleteProgramInvocation", "stop", "resume", "reset", "kill",
    "getProgramInvocationAttributes", "getDomainAttributes",
)  # fmt: skip
"""Services on domains and program invocations (ISO 9506-1, clauses 11 and 12)."""

_HEALTHY = frozenset({"state-changes-allowed", "operational"})
"""Logical and physical status of a device that does its work (ISO 9506-1, 10.3)."""


def _programs(record: Record) -> Iterator[Entry]:
    for name in record.fields.get("objects") or ("",):
        yield (record.kind, str(name))


def _failed(record: Record) -> str:
    fields = record.fields
    reason = fields.get("reject_reason") or f"{fields.get('error_class')} error {fields.get('error_code')}"
    return f"{reason} to {record.kind}"


def _unhealthy(record: Record) -> str | None:
    fields = record.fields
    states = [fields.get("logical_status"), fields.get("physical_status")]
    bad = [str(state) for state in states if state is not None and state not in _HEALTHY]
    return ", ".join(bad) or None


def _configuration(subject: str, *parts: str) -> Change:
    """A publisher's dataset changes: its revision, or how much it holds."""

    def state(record: Record) -> Iterator[tuple[Hashable, str]]:
        fields = record.fields
        yield fields.get(subject), ", ".join(f"{part} {fields.get(part)}" for part in parts)

    return Change(
        "goose-dataset-configuration-was-changed"
        if subject == "gocbRef"
        else "sampled-values-message-dataset-configuration-was-changed",
        on(NOTICES),
        state,
        "{0}: {2}",
        steady=True,
    )


def _needs_commissioning(record: Record) -> str | None:
    fields = record.fields
    return f"{fields.get('gocbRef')} needs commissioning" if fields.get("ndsCom") else None


MMS = Table(
    "mms",
    industrial=True,
    scenarios=(
        Scenario("mms.service", "unauthorized-mms-service", on(REQUESTS), entry(KIND), "{0}"),
        Scenario(
            "mms.program",
            "unauthorized-mms-program-access",
            on(REQUESTS, *_DOMAIN_SERVICES),
            _programs,
            "{0} of {1}",
        ),
    ),
    rules=(
        Rule("mms-service-request-failed", on(FAILURES), _failed, "an answer without error"),
        Rule(
            "bad-mms-device-state",
            on(RESPONSES | NOTICES, "status", "unsolicitedStatus"),
            _unhealthy,
            "operational, state changes allowed",
            steady=False,
        ),
    ),
    deeds=(
        Deed(Act.STOP, on(REQUESTS, "stop", "kill"), "stops a program"),
        Deed(Act.START, on(REQUESTS, "start", "resume"), "starts a program"),
        Deed(Act.RESET, on(REQUESTS, "reset"), "resets a program"),
        Deed(
            Act.PROGRAM,
            on(
                REQUESTS,
                "initiateDownloadSequence",
                "requestDomainDownload",
                "loadDomainContent",
                "deleteDomain",
                "createProgramInvocation",
                "deleteProgramInvocation",
            ),
            "loads or deletes a domain or program",
        ),
        Deed(
            Act.UPLOAD,
            on(REQUESTS, "initiateUploadSequence", "requestDomainUpload", "storeDomainContent"),
            "reads a domain",
        ),
        Deed(
            Act.CONFIGURE,
            on(REQUESTS, "obtainFile", "fileRename", "fileDelete", "rename"),
            "changes its files or names",
        ),
    ),
)

GOOSE = Table(
    "goose",
    industrial=True,
    scenarios=(
        Scenario(
            "goose.publisher",
            "goose-message-type-settings",
            on(NOTICES),
            entry("appid", "gocbRef", "datSet"),
            "control block {1} with dataset {2} and APPID {0}",
        ),
    ),
    rules=(
        Rule(
            "goose-control-block-requires-further-configuration",
            on(NOTICES),
            _needs_commissioning,
            "control blocks that are ready",
        ),
    ),
    changes=(_configuration("gocbRef", "confRev", "numDatSetEntries"),),
)

SV = Table(
    "sv",
    industrial=True,
    scenarios=(
        Scenario(
            "sv.publisher",
            "sampled-values-message-type-settings",
            on(NOTICES),
            entry("appid", "svID", "datSet"),
            "stream {1} with dataset {2} and APPID {0}",
        ),
    ),
    changes=(_configuration("svID", "confRev"),),
)
