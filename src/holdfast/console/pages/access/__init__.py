"""The pages of access control."""

from holdfast.api.frame import Route
from holdfast.console.pages.access import (
    conditions,
    elevation,
    local_methods,
    organizations,
    person,
    providers,
    reviews,
    sessions,
    support,
)

ROUTES: list[Route] = [
    route
    for module in (
        person,
        organizations,
        elevation,
        reviews,
        conditions,
        providers,
        local_methods,
        sessions,
        support,
    )
    for route in module.ROUTES
]
