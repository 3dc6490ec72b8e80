"""Every page of the console: the tables of all modules in one list."""

from holdfast.api.frame import Route
from holdfast.console import live
from holdfast.console.organization import narrowed
from holdfast.console.pages import (
    access,
    audit,
    baseline,
    destinations,
    enrollment,
    explorer,
    first_run,
    groups,
    jobs,
    manifests,
    network_rules,
    notifications,
    organization,
    overview,
    policies,
    search,
    settings,
    sign_in,
    template_editor,
    templates,
    uploads,
)
from holdfast.console.pages.dashboards import edited, shown
from holdfast.console.pages.devices import (
    bulk,
    commands,
    credentials,
    gateway,
    history,
    importing,
    listing,
    properties,
)
from holdfast.console.pages.devices import overview as device_overview
from holdfast.console.pages.network import alerts, configured, inventory, sensors, timeline
from holdfast.console.pages.network import map as network_map

ROUTES: list[Route] = [
    narrowed(route)
    for module in (
        overview,
        first_run,
        live,
        notifications,
        organization,
        sign_in,
        search,
        listing,
        importing,
        bulk,
        device_overview,
        properties,
        commands,
        history,
        credentials,
        gateway,
        groups,
        templates,
        template_editor,
        jobs,
        manifests,
        enrollment,
        shown,
        edited,
        explorer,
        inventory,
        network_map,
        alerts,
        timeline,
        configured,
        sensors,
        destinations,
        network_rules,
        uploads,
        settings,
        policies,
        access,
        audit,
        baseline,
    )
    for route in module.ROUTES
]
