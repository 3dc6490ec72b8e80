"""What is handed over: the documents, the auditor's archive, and single items of the evidence."""

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.baseline.data.catalog import LATER, benchmark
from holdfast.baseline.evidence.bundle import public_key_pem
from holdfast.baseline.evidence.chain import START, Item, Link
from holdfast.baseline.evidence.envelope import EvidenceError
from holdfast.baseline.publishing.publish import PublicationFormat
from holdfast.console.pages.baseline.common import baseline_of
from holdfast.console.rendering import page
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.permissions import Permission


def _page(request: ApiRequest) -> Response:
    baseline = baseline_of(request)
    return page(
        request,
        "baseline/documents.html",
        formats=list(PublicationFormat),
        controls=benchmark(LATER).controls,
        head=baseline.evidence.head(),
        key=public_key_pem(baseline.evidence.public_key).decode(),
        decisions=baseline.book.at(),
    )


def _item(request: ApiRequest) -> Response:
    """An item of the evidence with what its verification said, by its number or by what it observed."""
    evidence, number = baseline_of(request).evidence, _number(request)
    problem, item, before = "", None, START
    try:
        item = evidence.item(number)
        previous = evidence.item(number - 1)
        before = previous.link if previous else START
    except EvidenceError as error:
        problem = f"Item {number} {error}."
    if item is None and not problem:
        raise NotFoundError(f"The evidence has no item {number}; its newest is {evidence.head().sequence}.")
    if item is not None:
        problem = _break(item, before)
    return page(
        request, "baseline/item.html", item=item, number=number, problem=problem, head=evidence.head()
    )


def _break(item: Item, before: Link) -> str:
    """What is wrong between an item and the one before it; nothing when it follows."""
    if item.previous == before.digest:
        return ""
    return f"Item {item.link.sequence} does not name the item before it; one of them was replaced."


def _number(request: ApiRequest) -> int:
    query, evidence = request.query, baseline_of(request).evidence
    try:
        if "probe" in query:
            when = float(query.get("collected", ""))
            found = evidence.sequence_of(query["probe"], query.get("subject", ""), when)
        else:
            found = int(query["item"]) if "item" in query else evidence.head().sequence
    except ValueError:
        raise InvalidError("item is a number, and collected a moment in Unix seconds.", "item") from None
    if found is None:
        raise NotFoundError("The evidence has no such observation.")
    return found


_READ = Permission.EVIDENCE_READ
ROUTES = [
    Route("GET", "/baseline/documents", _READ, _page, "Documents and evidence", is_page=True),
    Route("GET", "/baseline/evidence", _READ, _item, "An item of the evidence", is_page=True),
]
