"""Access reviews: who holds what, and somebody's answer to each."""

import datetime
from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from holdfast.access.bodies import read_body
from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.elevation.eligible import read_eligible
from holdfast.access.reviews.reviews import KIND, AccessReview, Item, read_review
from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, Names, control, lines, places, roles, submitted, whole
from holdfast.console.rendering import FORM, page
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource

READ, DECIDE = Permission.USER_READ, Permission.REVIEW_DECIDE
HERE = "/access/reviews"
SHOWN = 100


def _address(id_: str) -> str:
    return f"{HERE}/{quote(id_, safe='')}"


def _pending(stored: Resource) -> Cell:
    return Cell(sum(item.decision == "pending" for item in read_review(stored).items), "number")


def _state(stored: Resource) -> Cell:
    state = read_review(stored).state
    return Cell(state, "state", mood="waiting" if state == "open" else "good")


TABLE = ResourceTable(
    id="access-reviews",
    title="Access reviews",
    kind=KIND,
    permission=READ,
    columns=(
        Column("name", "Name", lambda r: Cell(read_review(r).display_name, link=_address(r.id))),
        Column("state", "State", _state, "state"),
        Column("due", "Due", lambda r: Cell(read_review(r).due, "moment"), "due"),
        Column("pending", "Not answered", _pending),
        Column("items", "Assignments", lambda r: Cell(len(read_review(r).items), "number")),
    ),
    search=(),
    empty="There was none yet. A review asks somebody about each role that is assigned, by a day.",
)


class Shown(NamedTuple):
    """One assignment under review."""

    number: int
    holder: str
    role: str
    item: Item


def _list(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(
        request,
        "access/reviews.html",
        status=status,
        problem=problem,
        table=TABLE.show(request),
        roles=roles(request),
        places=places(request),
        may_begin=bool(request.principal.reach(DECIDE)),
    )


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    stored = visible(request, KIND, request.path["review"], READ)
    review, known = read_review(stored), Names(request)
    begin = _from(request)
    items = [
        Shown(number, _holder(request, known, item), known.role(item.role), item)
        for number, item in enumerate(review.items[begin : begin + SHOWN], begin)
    ]
    return page(
        request,
        "access/review.html",
        status=status,
        problem=problem,
        review=review,
        address=_address(stored.id),
        items=items,
        begin=begin,
        next=begin + SHOWN if begin + SHOWN < len(review.items) else 0,
        reviewers=[known.person(reviewer) for reviewer in review.reviewers],
        pending=sum(item.decision == "pending" for item in review.items),
        may_answer=review.state == "open" and request.principal.id in review.reviewers,
        may_close=review.state == "open" and request.principal.allows(DECIDE, stored.organization),
    )


def _holder(request: ApiRequest, known: Names, item: Item) -> str:
    """Who it is about: of an eligible assignment the person."""
    stored = request.services.store.get(ELIGIBLE, item.holder) if item.holder_kind == ELIGIBLE else None
    return known.person(item.holder if stored is None else read_eligible(stored).user)


def _from(request: ApiRequest) -> int:
    text = request.query.get("from", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _begin(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        services = request.services
        body: JsonObject = {
            "displayName": fields.get("name", "").strip(),
            "reviewers": [*(lines(fields.get("reviewers", "")) or [request.principal.id])],
            "due": _end_of_day(fields.get("due", "")),
            "roles": [fields["role"]] if fields.get("role") else [],
            "organization": fields.get("organization", ""),
            "unanswered": fields.get("unanswered", "remove"),
            "repeatDays": whole(fields, "repeat", 0),
        }
        id_ = new_id(services.clock, services.randomness)
        control(request).reviews.begin(request.principal, id_, read_body(body, AccessReview))
        return _address(id_)

    return submitted(request, _list, work)


def _end_of_day(text: str) -> float:
    """The end of a day, in UTC. InvalidError for a text that is none."""
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise InvalidError("Say by which day, as 2027-01-31.", "due") from None
    midnight = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    return midnight.timestamp() + 86_400


def _answer(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        review, number = request.path["review"], whole(fields, "item", -1)
        if fields.get("decision") not in ("keep", "remove"):
            raise InvalidError("Answer keep or remove.", "decision")
        control(request).reviews.decide(
            request.principal,
            review,
            number,
            keep=fields["decision"] == "keep",
            remark=fields.get("remark", ""),
        )
        return f"{_address(review)}?from={number // SHOWN * SHOWN}#item-{number}"

    return submitted(request, _page, work)


def _close(request: ApiRequest) -> Response:
    def work(_fields: Fields) -> str:
        stored = visible(request, KIND, request.path["review"], READ)
        problems = control(request).reviews.close(request.principal, stored.id)
        if problems:
            raise InvalidError(f"The review is closed, but: {' '.join(problems)}")
        return _address(stored.id)

    return submitted(request, _page, work)


ROUTES = [
    Route("GET", HERE, READ, _list, "Access reviews", is_page=True),
    Route("POST", HERE, DECIDE, _begin, "Begin a review", content_types=FORM, is_page=True),
    Route("GET", f"{HERE}/{{review}}", READ, _page, "Access review", is_page=True),
    Route("POST", f"{HERE}/{{review}}/answer", READ, _answer, "Answer", content_types=FORM, is_page=True),
    Route("POST", f"{HERE}/{{review}}/close", DECIDE, _close, "Close it", content_types=FORM, is_page=True),
]
