"""Where things have their page."""

from urllib.parse import quote


def page_of(section: str, id: str) -> str:
    """The page of a thing in a section of the console: `/devices/pump%2F1`."""
    return f"/{section}/{quote(id, safe='')}"
