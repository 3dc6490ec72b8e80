"""Every page of the console: the tables of all modules in one list."""

from holdfast.api.frame import Route
from holdfast.console import live
from holdfast.console.organization import narrowed
from holdfast.console.pages import (
    audit,
    baseline,
    devices,
    enrollment,
    explorer,
    groups,
    jobs,
    network_rules,
    notifications,
    organization,
    overview,
    people,
    policies,
    search,
    sign_in,
    templates,
)

ROUTES: list[Route] = [
    narrowed(route)
    for module in (
        overview,
        live,
        notifications,
        organization,
        sign_in,
        search,
        devices,
        groups,
        templates,
        jobs,
        enrollment,
        explorer,
        network_rules,
        policies,
        people,
        audit,
        baseline,
    )
    for route in module.ROUTES
]
