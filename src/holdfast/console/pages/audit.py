"""The audit log: who did what to what, from where, and what was refused."""

from starlette.responses import Response

from holdfast.api.audit import FILTERS, find, wanted
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.rendering import FORM, csv_safe, page, read_form, redirect
from holdfast.console.tables import csv_file
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.permissions import Permission
from holdfast.resources.integrity import AuditIntegrity
from holdfast.resources.model import Event

PAGE = 100
CSV_ROWS = 10_000
ASKED = (*FILTERS, "since", "until")


def _events(request: ApiRequest, limit: int) -> list[Event]:
    before = request.query.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 17):
        raise InvalidError("before must be a sequence number.", "before")
    return find(request, wanted(request), int(before) if before else None, limit)


def _page(request: ApiRequest) -> Response:
    if request.query.get("format") == "csv":
        return _csv(request)
    events = _events(request, PAGE)
    return page(
        request,
        "audit.html",
        events=events,
        asked={name: request.query.get(name, "") for name in ASKED},
        next=events[-1].sequence if len(events) == PAGE else 0,
        head=_integrity(request).head(),
        checked=_integrity(request).last,
    )


def _integrity(request: ApiRequest) -> AuditIntegrity:
    return request.services.extension(AuditIntegrity)


def _verify(request: ApiRequest) -> Response:
    read_form(request)
    _integrity(request).check()
    return redirect("/audit")


def _csv(request: ApiRequest) -> Response:
    titles = [
        "sequence",
        "time",
        "actor",
        "event",
        "resource",
        "organization",
        "address",
        "outcome",
        "detail",
    ]
    rows = [
        [
            csv_safe(value)
            for value in (
                event.sequence,
                isoformat(event.time),
                event.actor_name,
                event.name,
                event.resource,
                event.organization,
                event.address,
                event.outcome,
                event.detail,
            )
        ]
        for event in _events(request, CSV_ROWS)
    ]
    return csv_file("audit", titles, rows)


READ = Permission.AUDIT_READ
ROUTES = [
    Route("GET", "/audit", READ, _page, "Audit log", is_page=True),
    Route("POST", "/audit/verify", READ, _verify, "Check the chain", content_types=FORM, is_page=True),
]
