"""The security baseline: how it stands, what was seen, what to do, side by side, and what is handed over."""

from holdfast.console.pages.baseline import comparison, controls, details, documents, recommendations

ROUTES = [
    *controls.ROUTES,
    *details.ROUTES,
    *recommendations.ROUTES,
    *comparison.ROUTES,
    *documents.ROUTES,
]
