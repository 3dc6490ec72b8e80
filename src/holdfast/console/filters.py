"""Template filters: how values are shown everywhere."""

from collections.abc import Callable
from typing import Any

import msgspec
from markupsafe import Markup

from holdfast.console.dashboards.markdown import markdown
from holdfast.console.moments import seconds_of
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonValue
from holdfast.kernel.organizations import OrganizationPath, name

ABSENT = "–"


def moment(seconds: float | None) -> Markup:
    """A moment in the viewer's zone: a time element that the page's script rewrites; UTC without script."""
    if not seconds:
        return Markup("–")
    text = isoformat(seconds)
    return Markup('<time datetime="{}">{} UTC</time>').format(text, text[:19].replace("T", " "))


def when(text: JsonValue) -> Markup:
    """A moment that arrives as an RFC 3339 text."""
    return moment(seconds_of(text))


def shown(value: JsonValue) -> str:
    """Any JSON value in one line."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)


def count(number: float) -> str:
    """A number with thin groups: 12 345."""
    return f"{number:,.0f}".replace(",", "\u202f")


def place(organization: OrganizationPath) -> str:
    """What people call a node of the tree of organizations: its id, or the application."""
    return name(organization) or "the application"


def pretty(value: JsonValue) -> str:
    """JSON over several lines."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


FILTERS: dict[str, Callable[..., Any]] = {
    "moment": moment,
    "when": when,
    "markdown": markdown,
    "shown": shown,
    "count": count,
    "place": place,
    "pretty": pretty,
}
"""Name in templates → function. `Any`: Jinja passes whatever the template has."""
