"""Search over everything that somebody may see: one table of sources, each with its own permission."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from starlette.responses import Response

from holdfast.alerts.store.reading import AlertFilter
from holdfast.api.defender.common import alert_reader, network
from holdfast.api.frame import SIGNED_IN, ApiRequest, Route
from holdfast.baseline.data.catalog import LATER, benchmark, features
from holdfast.console import navigation
from holdfast.console.addresses import page_of
from holdfast.console.pages.settings import address_of
from holdfast.console.rendering import page
from holdfast.console.settings import SETTINGS, RunningSettings
from holdfast.defender.network.filters import AssetFilter
from holdfast.devices.dashboards import of_person
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.resources.query import All, AnyOf, Compare, Operator, Query

HITS = 20
"""Of each source; who searches for more narrows the search."""
_ALERTS_LOOKED_AT = 2_000


class Hit(NamedTuple):
    """One thing found."""

    title: str
    link: str
    what: str


Find = Callable[[ApiRequest, str], Iterator[Hit]]


class Source(NamedTuple):
    """Something to search, for those who hold the permission."""

    permission: Permission | None
    find: Find


def _resources(what: str, kind: str, section: str, permission: Permission, *paths: str) -> Source:
    """A source over resources: `paths` are indexed texts."""

    def find(request: ApiRequest, text: str) -> Iterator[Hit]:
        where = AnyOf(tuple(Compare(path, Operator.CONTAINS, text) for path in paths))
        found = request.services.store.find(
            Query(kind, request.principal.reach(permission), where, limit=HITS)
        )
        return (Hit(_name(r), page_of(section, r.id), what) for r in found.items)

    return Source(permission, find)


def _name(resource: Resource) -> str:
    return str(resource.body.get("displayName") or resource.id)


def _pages(request: ApiRequest, text: str) -> Iterator[Hit]:
    found = [e for section in navigation.visible(request.principal) for e in section.entries]
    return (Hit(entry.title, entry.path, "Page") for entry in found if _is_meant(entry, text))


def _settings(request: ApiRequest, text: str) -> Iterator[Hit]:
    """Single settings: those that a page changes, and those that the instance was started with."""
    for entry in SETTINGS:
        if request.principal.reach(entry.permission) and _is_meant(entry, text):
            yield Hit(entry.title, entry.path, "Setting")
    if request.principal.reach(Permission.SETTINGS_READ):
        for setting in request.services.extension(RunningSettings).all:
            if text.lower().replace(" ", "_") in setting.name or text.lower() in setting.meaning.lower():
                yield Hit(setting.name, address_of(setting), f"Setting of the instance: {setting.value}")


def _is_meant(entry: navigation.Entry, text: str) -> bool:
    named = f"{entry.title} {entry.words}".lower()
    return all(word in named for word in text.lower().split())


def _dashboards(request: ApiRequest, text: str) -> Iterator[Hit]:
    where = All((of_person(request.principal.id), Compare("displayName", Operator.CONTAINS, text)))
    reach = request.principal.reach(Permission.DASHBOARD_READ)
    found = request.services.store.find(Query("dashboard", reach, where, limit=HITS)).items
    return (Hit(_name(r), page_of("dashboards", r.id), "Dashboard") for r in found)


def _assets(request: ApiRequest, text: str) -> Iterator[Hit]:
    reach = request.principal.reach(Permission.ASSET_READ)
    found = network(request).assets(reach, AssetFilter(search=text), HITS).items
    return (
        Hit(str(a["name"] or a["address"]), page_of("network/assets", str(a["id"])), f"Asset, {a['address']}")
        for a in found
    )


def _alerts(request: ApiRequest, text: str) -> Iterator[Hit]:
    wanted = AlertFilter(request.principal.reach(Permission.ALERT_READ))
    found = (each.alert for each in alert_reader(request).find(wanted, _ALERTS_LOOKED_AT))
    hits = [
        Hit(
            a.type.title,
            page_of("network/alerts", a.id),
            f"Alert, {a.severity.value}, {a.source or a.destination}",
        )
        for a in found
        if any(text.lower() in part.lower() for part in (a.type.title, a.source, a.destination, a.id))
    ]
    return iter(hits[:HITS])


def _controls(_request: ApiRequest, text: str) -> Iterator[Hit]:
    asked = text.lower()
    for feature in features():
        if asked in feature.name.lower() or asked in feature.key.lower():
            yield Hit(
                feature.name, page_of("baseline/features", feature.key), f"Feature of {feature.control}"
            )
    for control in benchmark(LATER).controls:
        title = f"{control.id}: {control.title}"
        if asked in title.lower():
            yield Hit(title, page_of("baseline/controls", control.id), "Control")


SOURCES = (
    Source(None, _pages),
    Source(None, _settings),
    _resources("Device", "device", "devices", Permission.DEVICE_READ, "displayName", "key"),
    _resources("Device group", "deviceGroup", "groups", Permission.DEVICE_GROUP_READ, "displayName"),
    _resources("Device template", "deviceTemplate", "templates", Permission.TEMPLATE_READ, "displayName"),
    _resources("Job", "job", "jobs", Permission.JOB_READ, "displayName"),
    _resources(
        "Enrollment group", "enrollmentGroup", "enrollment", Permission.ENROLLMENT_READ, "displayName"
    ),
    Source(Permission.DASHBOARD_READ, _dashboards),
    Source(Permission.ASSET_READ, _assets),
    Source(Permission.ALERT_READ, _alerts),
    Source(Permission.ASSESSMENT_READ, _controls),
)
"""What can be searched: one entry and, where it is no kind of resource, one function."""


def search(request: ApiRequest, text: str) -> list[Hit]:
    """Everything that has the text in its name and that the principal may see."""
    return [
        hit
        for source in SOURCES
        if source.permission is None or request.principal.reach(source.permission)
        for hit in source.find(request, text)
    ]


def _search(request: ApiRequest) -> Response:
    text = request.query.get("q", "").strip()
    return page(request, "search.html", text=text, hits=search(request, text) if text else [])


ROUTES = [Route("GET", "/search", SIGNED_IN, _search, "Search: finds only what each may read", is_page=True)]
