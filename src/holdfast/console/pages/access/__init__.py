"""The pages of access control."""

from holdfast.api.frame import Route
from holdfast.console.pages.access import (
    conditions,
    elevation,
    identities,
    keys,
    local_methods,
    organizations,
    people,
    person,
    providers,
    reviews,
    roles,
    sessions,
    shared_access,
    support,
    tokens,
)

ROUTES: list[Route] = [
    route
    for module in (
        people,
        person,
        roles,
        organizations,
        tokens,
        shared_access,
        elevation,
        reviews,
        conditions,
        providers,
        identities,
        keys,
        local_methods,
        sessions,
        support,
    )
    for route in module.ROUTES
]
