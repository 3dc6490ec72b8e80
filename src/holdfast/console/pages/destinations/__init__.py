"""The pages of destinations: where alerts and audit records go, and whether they arrive."""

from holdfast.console.pages.destinations.pages import ROUTES

__all__ = ["ROUTES"]
