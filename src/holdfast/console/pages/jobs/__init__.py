"""The pages of jobs: what runs and ran, what runs again by a schedule, and a new one."""

from holdfast.console.pages.jobs import editor, pages, scheduled

ROUTES = [*pages.ROUTES, *editor.ROUTES, *scheduled.ROUTES]

__all__ = ["ROUTES"]
