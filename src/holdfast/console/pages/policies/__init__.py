"""The pages of policies."""

from holdfast.api.frame import Route
from holdfast.console.pages.policies import (
    assignments,
    definitions,
    editor,
    exemptions,
    overview,
    remediations,
    resource,
)

ROUTES: list[Route] = [
    route
    for module in (overview, definitions, editor, assignments, exemptions, remediations, resource)
    for route in module.ROUTES
]
