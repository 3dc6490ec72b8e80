"""Search over everything that the principal may see: devices, templates, groups, people, pages."""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from holdfast.api.frame import SIGNED_IN, ApiRequest, Route
from holdfast.console import navigation
from holdfast.console.addresses import page_of
from holdfast.console.rendering import page
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.resources.query import AnyOf, Compare, Operator, Query

HITS = 20


class _Source(NamedTuple):
    title: str
    kind: str
    permission: Permission
    paths: tuple[str, ...]
    link: Callable[[Resource], str]


SOURCES = (
    _Source(
        "Devices",
        "device",
        Permission.DEVICE_READ,
        ("displayName", "key"),
        lambda r: page_of("devices", r.id),
    ),
    _Source(
        "Device groups",
        "deviceGroup",
        Permission.DEVICE_GROUP_READ,
        ("displayName",),
        lambda r: f"/groups/{quote(r.id, safe='')}",
    ),
    _Source(
        "Enrollment groups",
        "enrollmentGroup",
        Permission.ENROLLMENT_READ,
        ("displayName",),
        lambda r: f"/enrollment/{quote(r.id, safe='')}",
    ),
)
"""A kind that can be searched is one entry here."""


class Hit(NamedTuple):
    """One thing found."""

    title: str
    link: str
    what: str


def _search(request: ApiRequest) -> Response:
    text = request.query.get("q", "").strip()
    hits = [*_pages(request, text), *_resources(request, text)] if text else []
    return page(request, "search.html", text=text, hits=hits)


def _pages(request: ApiRequest, text: str) -> list[Hit]:
    found = [e for section in navigation.visible(request.principal) for e in section.entries]
    return [Hit(e.title, e.path, "Page") for e in found if text.lower() in e.title.lower()]


def _resources(request: ApiRequest, text: str) -> list[Hit]:
    hits: list[Hit] = []
    for source in SOURCES:
        where = AnyOf(tuple(Compare(path, Operator.CONTAINS, text) for path in source.paths))
        reach = request.principal.reach(source.permission)
        found = request.services.store.find(Query(source.kind, reach, where, limit=HITS)).items
        hits += [Hit(str(r.body.get("displayName") or r.id), source.link(r), source.title) for r in found]
    return hits


ROUTES = [Route("GET", "/search", SIGNED_IN, _search, "Search: finds only what each may read", is_page=True)]
